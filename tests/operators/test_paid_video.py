"""What is paid is handed over, whatever has become of the configuration, the templates and KIE.AI meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout
from fakes import GivenTime
from versions import TaskDeferralError

from airflow_provider_runway.exceptions import (
    VideoExpiredError,
)
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sandbox import CutAfter, Sandbox

from .support import FOX, NEXT, Task, is_waiting, rendered
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


def test_the_log_has_the_paid_id_even_if_the_try_is_ended_while_it_is_written_down(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task()
    write = task.store.set

    def hang(key: str, value: Any, **options: Any) -> None:
        if value.get("stage") == "submitted":
            raise AirflowTaskTimeout("execution_timeout, while the API server hung")
        write(key, value, **options)

    monkeypatch.setattr(task.store, "set", hang)

    with pytest.raises(AirflowTaskTimeout):
        task.run()
    assert f"Submitted to KIE.AI: task {kie.tasks[0].task_id}" in capfd.readouterr().out


def test_a_video_that_expires_while_it_is_stored_is_gone_and_clearing_submits_as_said(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4")
    waiting = task.start()

    def expire(*_: object, **__: object) -> None:
        raise VideoExpiredError("It was deleted")

    with monkeypatch.context() as patch:
        patch.setattr("airflow_provider_runway.storage.save.save", expire)
        with pytest.raises(AirflowFailException, match="submits and pays again"):
            task.resume(waiting)
    task.clear()

    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 2


def test_nothing_is_said_to_be_unpaid_while_an_earlier_submission_is_in_doubt(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.fault(CutAfter(), on="submit", times=1)
    task = Task()
    with pytest.raises(AirflowFailException, match="It may be paid"):
        task.run()
    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")

    with pytest.raises(AirflowFailException, match="What an earlier try sent may be paid") as caught:
        task.run()
    assert "Nothing was paid" not in str(caught.value)


def test_a_message_keeps_its_advice_whatever_the_prompt_says(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(CutAfter(), on="submit", times=1)

    with pytest.raises(AirflowFailException, match=r"It may be paid\. .* records set-id"):
        Task(prompt="A bill is paid. See errors.md.").run()


def test_a_trigger_that_dies_leaves_a_last_line_about_what_is_paid(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]
) -> None:
    task = Task()
    task.start()
    capfd.readouterr()
    ended = {"traceback": ["RuntimeError: the secrets backend is away\n"], "error": "Trigger failure"}

    with pytest.raises(TaskDeferralError):
        task.operator.resume_execution("__fail__", ended, task.context)
    for callback in task.operator.on_retry_callback:
        callback(task.context)

    assert (
        capfd.readouterr()
        .out.rstrip()
        .splitlines()[-1]
        .partition("Task ")[2]
        .startswith(f"{kie.tasks[0].task_id} is paid. A retry, or clearing this task, goes on with it")
    )


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("template", ["{{ params.gone.title }}", "{{ gone", "{{ 'a' | nothing }}"])
def test_a_template_that_cannot_be_rendered_is_final(kie: Sandbox, native: bool, template: str) -> None:
    with pytest.raises(
        AirflowFailException, match=r"cannot be rendered .*Nothing was sent\. Nothing was paid"
    ) as caught:
        rendered(RunwayGenerateOperator(**{**FOX, "prompt": template}), native)
    assert template in str(caught.value)

    with pytest.raises(AirflowFailException, match="cannot be rendered"):
        rendered(RunwayGenerateOperator(**FOX, extra_fields={"style": ["{{ gone", template]}), native)


@pytest.mark.parametrize("native", [True, False])
def test_a_template_that_cannot_be_rendered_any_more_says_what_is_paid_and_stops_no_way_back(
    kie: Sandbox, given_time: GivenTime, native: bool
) -> None:
    prompts = ["A fox"]
    server = SimpleNamespace(next_method=None)
    ti: Any = SimpleNamespace(
        dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1, _ti_context_from_server=server
    )

    def build() -> RunwayGenerateOperator:
        operator = RunwayGenerateOperator(**{**FOX, "prompt": "{{ prompts[0] }} {{ prompts[0].strip() }}"})
        operator.render_template_as_native_obj = native
        context: Any = {"prompts": prompts, "ti": ti, "task_state_store": store}
        operator.render_template_fields(context)
        return operator

    store: Any = None
    task = Task(build)
    store = task.store
    waiting = task.start()
    prompts.clear()

    with pytest.raises(AirflowFailException, match=f"Task {kie.tasks[0].task_id} is paid"):
        task.run()
    server.next_method = "execute_complete"
    assert task.resume(waiting)["state"] == "success"


@pytest.mark.parametrize(
    ("facts", "unknown"),
    [({"model_version": 3}, {}), ({}, {"later": True}), (None, {}), ({"profile": None, "fingerprint": None}, {})],
)
def test_what_another_release_has_deferred_with_is_handed_over(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, facts: dict[str, Any] | None, unknown: dict[str, Any]
) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4")
    waiting = task.start()
    kept = waiting.arguments.pop("facts")
    if facts is not None:
        kept = {name: value for name, value in {**kept, **facts}.items() if value is not None}
        waiting.arguments["facts"] = kept
    waiting.arguments.update(unknown)

    result = task.resume(waiting)

    assert (result["state"], result["saved_to"]) == ("success", f"file://{tmp_path}/fox.mp4")
