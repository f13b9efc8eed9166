from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from clips import clip
from fakes import fake_context
from PIL import Image

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.operators.frame import FrameResult, RunwayFrameOperator


@pytest.fixture(autouse=True)
def media_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", str(clip().parent))


def test_the_last_picture_of_a_result_is_stored(tmp_path: Path) -> None:
    video = {"task_id": "t-1", "kind": "runway", "state": "success", "saved_to": f"file://{clip()}"}
    operator = RunwayFrameOperator(task_id="last", video=video, save_to=str(tmp_path / "last.png"))

    result = operator.execute(fake_context())

    data = (tmp_path / "last.png").read_bytes()
    assert result == {
        "path": f"file://{tmp_path}/last.png",
        "width": 160,
        "height": 90,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "schema_version": 1,
    }
    assert set(result) == set(FrameResult.__annotations__)
    with Image.open(tmp_path / "last.png") as picture:
        assert picture.convert("L").getpixel((80, 45)) == pytest.approx(76, abs=5)  # red


def test_a_video_that_is_not_there_fails_for_good(tmp_path: Path) -> None:
    operator = RunwayFrameOperator(task_id="last", video=f"{tmp_path}/no.mp4", save_to=str(tmp_path / "last.png"))

    with pytest.raises(AirflowFailException, match=r"video \(/.*no.mp4\) cannot be read .* This task pays nothing"):
        operator.execute(fake_context())


def test_a_relative_place_is_an_error_of_the_dag() -> None:
    with pytest.raises(InvalidRequestError, match="save_to must be absolute"):
        RunwayFrameOperator(task_id="last", video="/a.mp4", save_to="last.png")


@pytest.mark.parametrize("value", ["False", "", None, 1])
def test_whether_a_file_is_replaced_is_yes_or_no(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="overwrite must be True or False"):
        RunwayFrameOperator(task_id="last", video="/a.mp4", save_to="/last.png", overwrite=value)


def test_the_hook_does_the_same(tmp_path: Path) -> None:
    assert RunwayHook().frame(str(clip()), tmp_path / "first.png", at=0) == f"file://{tmp_path}/first.png"
