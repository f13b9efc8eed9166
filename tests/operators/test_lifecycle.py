"""What is paid is handed over, whatever has become of the configuration, the templates and KIE.AI meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.operators.runway import RunwayExtendOperator
from airflow_provider_runway.sandbox import Sandbox

from .support import NEXT, Task, is_waiting
from .test_upload import picture

NONSENSE = {
    "upload_roots": "/srv/pictures",
    "largest_file": "lots",
    "prices": "{",
    "shortest_deferral": "soon",
}


@pytest.fixture
def fox(tmp_path: Path) -> Path:
    file = tmp_path / "fox.png"
    file.write_bytes(picture())
    return file


@pytest.mark.parametrize("option", NONSENSE)
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_paid_video_is_handed_over_whatever_the_configuration_says_by_now(  # noqa: PLR0917 - two are parameters
    kie: Sandbox,
    given_time: GivenTime,
    tmp_path: Path,
    fox: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    deferrable: bool,
) -> None:
    task = Task(image_url=f"file://{fox}", aspect_ratio=None, save_to=f"{tmp_path}/fox.mp4")
    assert is_waiting(task.start())
    monkeypatch.setenv(f"AIRFLOW__RUNWAY__{option.upper()}", NONSENSE[option])

    task = task.changed(deferrable=deferrable)
    assert task.run()["saved_to"]
    assert len(kie.ledger.charges) == 1

    task.clear()
    with pytest.raises(AirflowFailException, match=option):
        task.run()
    assert len(kie.ledger.charges) == 1


def test_a_paid_video_is_handed_over_although_its_picture_is_none_any_more(
    kie: Sandbox, given_time: GivenTime, fox: Path
) -> None:
    task = Task(image_url=f"file://{fox}", aspect_ratio=None)
    assert is_waiting(task.start())
    fox.write_bytes(b"")

    assert task.run()["state"] == "success"

    task.clear()
    with pytest.raises(AirflowFailException, match="must be a JPG or PNG picture"):
        task.run()
    assert len(kie.ledger.charges) == 1


def test_a_paid_extension_is_handed_over_although_its_connection_has_another_api_by_now(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Task().run()["task_id"]
    task = Task(lambda: RunwayExtendOperator(**{**NEXT, "runway_task_id": first}))
    assert is_waiting(task.start())
    connection = {**json.loads(kie.connection_json()), "extra": {"api": "jobs"}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))

    assert task.run()["state"] == "success"

    task.clear()
    with pytest.raises(AirflowFailException, match="api"):
        task.run()
    assert len(kie.ledger.charges) == 2
