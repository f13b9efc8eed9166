"""The lifecycle of a video, without an operator around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fakes import FakeStore, GivenTime, fake_context

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.operators.lifecycle import VideoLifecycle
from airflow_provider_runway.operators.video_job import Deferral, Facts, Submitted, VideoJob
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers.events import VideoEvent
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

from .support import fired


@pytest.fixture
def lifecycle(kie: Sandbox) -> Iterator[Callable[[], VideoLifecycle]]:
    """The lifecycle of one task that no operator stands behind, as each process makes it anew."""
    store = FakeStore()
    with RunwayHook() as hook:
        yield lambda: VideoLifecycle(hook, fake_context(store), hook.log)


FOX = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")
JOB = VideoJob(kind="runway", runway_conn_id="runway_default")


def submitted(work: VideoLifecycle, job: VideoJob = JOB, request: Request = FOX) -> Submitted:
    work.read_submission()
    outcome = work.submit(job, request)
    assert isinstance(outcome, Submitted)
    return outcome


def test_without_an_operator_it_returns_a_deferral_and_then_the_result(
    kie: Sandbox, given_time: GivenTime, lifecycle: Callable[[], VideoLifecycle]
) -> None:
    first = lifecycle()

    deferral = first.finish(submitted(first))

    assert isinstance(deferral, Deferral)
    assert isinstance(deferral.trigger, RunwayVideoTrigger)
    assert deferral.method_name == "execute_complete"
    assert first.paid == deferral.trigger.serialize()[1]["runway_task_id"] == kie.ledger.charges[0].task_id

    ended = VideoEvent.from_event(fired(deferral.trigger))
    second = lifecycle()
    facts = Facts(**deferral.kwargs["facts"])
    result = second.resume(JOB, facts, ended, deferral.kwargs["deadline"], deferral.kwargs["submitted_at"])

    assert isinstance(result, VideoResult)
    assert (result.task_id, result.state) == (first.paid, "success")
    assert second.video_url == result.video_url


def test_without_an_operator_a_later_try_finds_the_submission_and_what_a_poll_has_shown(
    kie: Sandbox, given_time: GivenTime, lifecycle: Callable[[], VideoLifecycle]
) -> None:
    first = submitted(lifecycle())
    assert (first.state, first.finished) == (None, None)
    kie.advance(60)

    later = lifecycle()
    again = submitted(later)
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

    job = replace(JOB, deferrable=False, renew_request=renew)
    work = lifecycle()
    result = work.finish(submitted(work, job))

    assert isinstance(result, VideoResult)
    assert renewed == ["again"]
    assert getattr(work.request, "prompt", None) == "A hare"

    assert work.request is not None
    submitted(lifecycle(), job, work.request)
    assert renewed == ["again"]
    assert len(kie.ledger.charges) == 1
