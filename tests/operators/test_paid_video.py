"""What is paid is handed over, whatever has become of the configuration, the templates and KIE.AI meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import AuthenticationError, ServerError
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import FOX, NEXT, Task, is_waiting
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


def from_params(values: dict[str, Any], **parameters: Any) -> Task:
    """A task whose templates give what the params are at the moment, as those of Variables do."""

    def build() -> RunwayGenerateOperator:
        operator = RunwayGenerateOperator(**{**FOX, **parameters})
        operator.render_template_fields({"params": values})
        return operator

    return Task(build)


@pytest.mark.parametrize("gone", [None, "", "x" * 2000])
@pytest.mark.parametrize("has_record", [True, False])
def test_a_paid_video_is_handed_over_although_its_template_gives_no_prompt_any_more(
    kie: Sandbox, given_time: GivenTime, gone: str | None, has_record: bool
) -> None:
    values: dict[str, Any] = {"prompt": "A fox", "seconds": 10}
    task = from_params(values, prompt="{{ params.prompt }}", duration="{{ params.seconds }}")
    waiting = task.start()
    values.update(prompt=gone, seconds=gone)
    if not has_record:
        task.store.rows.clear()

    result = task.resume(waiting)

    assert (result["state"], result["credits_estimate"]) == ("success", 30)
    assert len(kie.ledger.charges) == 1


@pytest.mark.parametrize("gone", [None, "", "/nowhere/else.mp4"])
def test_a_video_is_stored_where_it_was_paid_for_whatever_its_template_gives_by_then(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, gone: str | None
) -> None:
    target = tmp_path / "fox.mp4"
    values: dict[str, Any] = {"place": str(target)}
    task = from_params(values, save_to="{{ params.place }}")
    waiting = task.start()
    values["place"] = gone

    assert task.resume(waiting)["saved_to"].endswith(str(target))
    assert target.exists()


def test_an_extension_names_its_parent_whatever_its_template_gives_by_then(kie: Sandbox, given_time: GivenTime) -> None:
    values: dict[str, Any] = {"first": Task().run()["task_id"]}
    first = values["first"]

    def build() -> RunwayExtendOperator:
        operator = RunwayExtendOperator(**{**NEXT, "runway_task_id": "{{ params.first }}"})
        operator.render_template_fields({"params": values})
        return operator

    task = Task(build)
    waiting = task.start()
    values["first"] = None

    assert task.resume(waiting)["parent_task_id"] == first


def test_a_deferral_of_a_release_that_kept_no_facts_goes_on(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4")
    waiting = task.start()
    del waiting.arguments["facts"]

    assert task.resume(waiting)["saved_to"]


@pytest.mark.parametrize("code", [429, 455, 500, 503])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_fault_that_passes_is_waited_out_at_the_last_poll_and_at_a_reattachment(
    kie: Sandbox, given_time: GivenTime, code: int, deferrable: bool
) -> None:
    task = Task()
    waiting = task.start()
    event = waiting.wait()
    kie.fault(Refuse(code), on="record", times=6)

    outcome = task.resume(waiting, event)
    assert is_waiting(outcome)

    kie.clear_faults()
    kie.fault(Refuse(code), on="record", times=6)
    assert task.changed(deferrable=deferrable).run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_a_fault_that_passes_fails_the_last_poll_once_the_time_is_up(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    waiting = task.start()
    event = waiting.wait()
    kie.fault(Refuse(500), on="record")
    waiting.arguments["deadline"] = 0.0

    with pytest.raises(ServerError, match="is paid"):
        task.resume(waiting, event)


def test_a_fault_that_passes_is_nothing_to_a_retry_that_waits_for_nothing(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(wait_for_completion=False)
    task.airflow_makes_of_success = "failed"
    first = task.run()["task_id"]
    kie.fault(Refuse(500), on="record")

    assert task.run()["task_id"] == first


def test_a_key_that_is_refused_at_a_reattachment_is_no_fault_that_passes(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    task.start()
    kie.fault(Refuse(401), on="record")

    with pytest.raises(AuthenticationError, match="is paid"):
        task.run()
