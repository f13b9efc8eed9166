"""Storing the video of a task that something else has submitted."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime, fake_context

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie.errors import DownloadError, InvalidRequestError, NotFinishedError
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import CutMedia, Expire, Fail, Redirect, Sandbox, WrongLength
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator


def submitted() -> str:
    with RunwayHook() as hook:
        return hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))


def finished(kie: Sandbox) -> str:
    task_id = submitted()
    kie.advance(120)
    return task_id


def store(runway_task_id: str, save_to: object, **wishes: Any) -> dict[str, Any]:
    operator = RunwayToObjectStorageOperator(
        task_id="store", runway_task_id=runway_task_id, save_to=str(save_to), **wishes
    )
    return operator.execute(fake_context())


def test_the_video_of_a_finished_task_is_stored(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    task_id = finished(kie)
    result = store(task_id, f"{tmp_path}/", thumbnail=True)
    video = (tmp_path / f"{task_id}.mp4").read_bytes()
    assert video[4:8] == b"ftyp"
    assert (tmp_path / f"{task_id}.png").read_bytes().startswith(b"\x89PNG")
    assert result["saved_to"] == f"file://{tmp_path}/{task_id}.mp4"
    assert result["thumbnail_saved_to"] == f"file://{tmp_path}/{task_id}.png"
    assert (result["size"], result["sha256"]) == (len(video), hashlib.sha256(video).hexdigest())
    assert (result["task_id"], result["kind"], result["state"]) == (task_id, "runway", "success")
    assert set(result) == set(VideoResult.__annotations__)
    assert json.loads(json.dumps(result)) == result


def test_it_can_be_run_again_and_pays_nothing(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    task_id = finished(kie)
    first = store(task_id, tmp_path / "fox.mp4")
    before = (tmp_path / "fox.mp4").stat().st_ino
    assert store(task_id, tmp_path / "fox.mp4")["sha256"] == first["sha256"]
    assert (tmp_path / "fox.mp4").stat().st_ino == before
    assert len(kie.ledger.charges) == 1


def test_another_file_is_left_alone_for_good_unless_it_may_be_replaced(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    task_id = finished(kie)
    (tmp_path / "fox.mp4").write_bytes(b"mine")
    with pytest.raises(AirflowFailException, match="Another file is at"):
        store(task_id, tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == b"mine"
    store(task_id, tmp_path / "fox.mp4", overwrite=True)
    assert (tmp_path / "fox.mp4").read_bytes() != b"mine"


def test_a_task_that_is_not_finished_is_worth_a_retry(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    task_id = submitted()
    with pytest.raises(NotFinishedError, match="no video to store yet") as caught:
        store(task_id, tmp_path / "fox.mp4")
    assert caught.value.retryable
    assert caught.value.task_id == task_id
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reason", ["Your prompt was caught by our AI moderator", "The server is busy, try again"])
def test_a_failed_task_fails_for_good_whatever_the_reason(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, reason: str
) -> None:
    kie.fault(Fail(reason))
    with pytest.raises(AirflowFailException, match=reason):
        store(finished(kie), tmp_path / "fox.mp4")


def test_a_video_that_kie_has_deleted_fails_for_good(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    task_id = finished(kie)
    kie.advance(15 * 86_400)
    with pytest.raises(AirflowFailException, match="deleted it since"):
        store(task_id, tmp_path / "fox.mp4")


def test_a_video_that_goes_between_look_and_download_fails_for_good(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    task_id = finished(kie)
    kie.fault(Expire())
    with pytest.raises(AirflowFailException, match="deleted it since"):
        store(task_id, tmp_path / "fox.mp4")
    assert list(tmp_path.iterdir()) == []


def test_the_key_goes_to_kie_and_not_to_the_media_host(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    store(finished(kie), tmp_path / "fox.mp4", thumbnail=True)
    media = [request for request in kie.ledger.requests if request.purpose == "media"]
    assert len(media) == 2
    assert not any(request.key for request in media)


@pytest.mark.parametrize(
    "fault", [CutMedia(after=700), WrongLength(by=500), WrongLength(by=-500), Redirect("file:///x")]
)
def test_whatever_the_media_host_does_wrong_once_the_bytes_are_right(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, fault: Any
) -> None:
    task_id = finished(kie)
    right = store(task_id, tmp_path / "right.mp4")["sha256"]
    kie.fault(fault, times=1)
    if isinstance(fault, Redirect):
        with pytest.raises(DownloadError, match="http or https"):
            store(task_id, tmp_path / "fox.mp4")
    else:
        assert store(task_id, tmp_path / "fox.mp4")["sha256"] == right
        assert given_time.pauses


@pytest.mark.parametrize("wrong", [{"runway_task_id": "no id"}, {"kind": "luma"}])
def test_what_cannot_work_is_refused_while_the_dag_is_parsed(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        RunwayToObjectStorageOperator(**{"task_id": "store", "runway_task_id": "t", "save_to": "/tmp/", **wrong})


def test_the_documented_fields_are_templated() -> None:
    assert RunwayToObjectStorageOperator.template_fields == ("runway_task_id", "save_to")


def test_importing_it_loads_nothing_that_only_a_running_task_needs() -> None:
    code = (
        "import airflow.sdk, sys; from airflow.sdk import BaseOperator, BaseOperatorLink; before = set(sys.modules);"
        "import airflow_provider_runway.transfers.runway_to_object_storage; print(*set(sys.modules) - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    heavy = {"fsspec", "upath", "http.client", "aiohttp", "airflow.providers"}
    assert not heavy & loaded
    assert not {name for name in loaded if name.startswith("airflow_provider_runway.storage")}


@pytest.mark.parametrize("flag", ["overwrite", "thumbnail"])
@pytest.mark.parametrize("value", [1, "yes", "False", None])
def test_what_is_yes_or_no_is_nothing_else(flag: str, value: Any) -> None:
    wishes: dict[str, Any] = {flag: value}
    with pytest.raises(InvalidRequestError, match=f"{flag} must be True or False"):
        RunwayToObjectStorageOperator(task_id="save", runway_task_id="t-1", save_to="/tmp/fox.mp4", **wishes)
