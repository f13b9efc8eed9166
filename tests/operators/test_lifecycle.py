"""What is paid is handed over, whatever has become of the configuration, the templates and KIE.AI meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException
from fakes import FakeStore, GivenTime, fake_context

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.operators.lifecycle import VideoLifecycle
from airflow_provider_runway.operators.runway import RunwayExtendOperator
from airflow_provider_runway.operators.video_job import Deferral, Submitted, VideoJob
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers.events import VideoEvent
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

from .support import NEXT, Task, fired, is_waiting
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


@pytest.fixture
def lifecycle(kie: Sandbox) -> Iterator[Callable[[], VideoLifecycle]]:
    """The lifecycle of one task that no operator stands behind, as each process makes it anew."""
    store = FakeStore()
    with RunwayHook() as hook:
        yield lambda: VideoLifecycle(hook, fake_context(store), hook.log)


FOX = VideoJob(
    request=GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"),
    kind="runway",
    runway_conn_id="runway_default",
)


def submitted(work: VideoLifecycle, job: VideoJob) -> Submitted:
    work.read_submission()
    outcome = work.submit(job)
    assert isinstance(outcome, Submitted)
    return outcome


def test_without_an_operator_it_returns_a_deferral_and_then_the_result(
    kie: Sandbox, given_time: GivenTime, lifecycle: Callable[[], VideoLifecycle]
) -> None:
    first = lifecycle()

    deferral = first.finish(submitted(first, FOX))

    assert isinstance(deferral, Deferral)
    assert isinstance(deferral.trigger, RunwayVideoTrigger)
    assert deferral.method_name == "execute_complete"
    assert first.paid == deferral.trigger.serialize()[1]["runway_task_id"] == kie.ledger.charges[0].task_id

    ended = VideoEvent.from_event(fired(deferral.trigger))
    second = lifecycle()
    result = second.resume(FOX, ended, deferral.kwargs["deadline"], deferral.kwargs["submitted_at"])

    assert isinstance(result, VideoResult)
    assert (result.task_id, result.state) == (first.paid, "success")
    assert second.video_url == result.video_url


def test_without_an_operator_a_later_try_finds_the_submission_and_what_a_poll_has_shown(
    kie: Sandbox, given_time: GivenTime, lifecycle: Callable[[], VideoLifecycle]
) -> None:
    first = submitted(lifecycle(), FOX)
    assert (first.state, first.finished) == (None, None)
    kie.advance(60)

    later = lifecycle()
    again = submitted(later, FOX)
    result = later.finish(again)

    assert again.submission.task_id == first.submission.task_id
    assert again.state == "success"
    assert isinstance(result, VideoResult)
    assert len(kie.ledger.charges) == 1


def test_a_request_is_made_anew_only_where_it_is_sent(
    kie: Sandbox, given_time: GivenTime, lifecycle: Callable[[], VideoLifecycle]
) -> None:
    renewed = list[str]()

    def renew() -> GenerateRequest:
        renewed.append("again")
        return GenerateRequest(prompt="A hare", aspect_ratio="16:9")

    job = replace(FOX, deferrable=False, renew_request=renew)
    work = lifecycle()
    result = work.finish(submitted(work, job))

    assert isinstance(result, VideoResult)
    assert renewed == ["again"]
    assert getattr(work.request, "prompt", None) == "A hare"

    submitted(lifecycle(), replace(job, request=work.request))
    assert renewed == ["again"]
    assert len(kie.ledger.charges) == 1
