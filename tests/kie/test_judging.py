from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.kie.errors import GenerationFailedError, NotFinishedError, VideoExpiredError
from airflow_provider_runway.kie.judging import Verdict, judge, require_video
from airflow_provider_runway.kie.tasks import TaskState, VideoTask

LINK = "https://files.example/v.mp4"


def task(state: TaskState = TaskState.GENERATING, **fields: Any) -> VideoTask:
    return VideoTask(**{"task_id": "t-1", "kind": "runway", "state": state, "raw_state": state.value, **fields})


@pytest.mark.parametrize("state", [TaskState.QUEUED, TaskState.GENERATING, TaskState.UNKNOWN])
def test_a_task_that_goes_on_is_waited_for(state: TaskState) -> None:
    assert judge(task(state, fail_code=400, fail_message="NSFW")).verdict is Verdict.WAIT


def test_a_success_with_a_link_is_done() -> None:
    decision = judge(task(TaskState.SUCCESS, video_url=LINK))
    assert (decision.verdict, decision.error) == (Verdict.DONE, None)


def test_a_success_without_a_link_is_waited_for() -> None:
    assert judge(task(TaskState.SUCCESS)).verdict is Verdict.WAIT


@pytest.mark.parametrize("link", [LINK, None])
def test_a_success_whose_video_is_deleted_is_gone(link: str | None) -> None:
    decision = judge(task(TaskState.SUCCESS, video_url=link, expired=True))
    assert decision.verdict is Verdict.GONE
    assert isinstance(decision.error, VideoExpiredError)
    assert decision.error.task_id == "t-1"
    assert "Only a new, paid submission can bring it back" in str(decision.error)


@pytest.mark.parametrize("code", [None, 400, 505])
@pytest.mark.parametrize("message", [None, "NSFW", "Generation failed, please try again later."])
def test_the_failure_code_of_a_success_says_nothing(code: int | None, message: str | None) -> None:
    done = task(TaskState.SUCCESS, video_url=LINK, fail_code=code, fail_message=message)
    assert judge(done).verdict is Verdict.DONE


@pytest.mark.parametrize(
    ("message", "reason", "retryable"),
    [
        ("Your prompt was caught by our AI moderator.", "moderation", False),
        ("Incorrect image format.", "input", False),
        ("Reached the limit for concurrent generations.", "capacity", True),
        ("Generation failed, please try again later.", "service", True),
        (None, "unknown", True),
    ],
)
def test_a_failure_says_whether_the_same_request_can_do_better(
    message: str | None, reason: str, retryable: bool
) -> None:
    decision = judge(task(TaskState.FAILED, fail_code=400, fail_message=message))
    assert decision.verdict is Verdict.FAILED
    error = decision.error
    assert isinstance(error, GenerationFailedError)
    assert (error.reason, error.retryable, error.code, error.task_id, error.service_message) == (
        reason,
        retryable,
        400,
        "t-1",
        message,
    )
    assert "Its credits come back" in str(error)
    assert (message or "no message") in str(error)
    assert ".." not in str(error)


def test_a_failure_is_one_even_where_media_are_present_or_expired() -> None:
    assert judge(task(TaskState.FAILED, video_url=LINK, expired=True)).verdict is Verdict.FAILED


def test_verdicts_read_as_words() -> None:
    assert [str(verdict) for verdict in Verdict] == ["wait", "done", "failed", "gone"]


def test_a_video_that_is_there_can_be_stored() -> None:
    done = task(TaskState.SUCCESS, video_url=LINK)
    assert require_video(done) is done


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (task(), NotFinishedError),
        (task(TaskState.SUCCESS), NotFinishedError),
        (task(TaskState.FAILED), GenerationFailedError),
        (task(TaskState.SUCCESS, expired=True), VideoExpiredError),
    ],
)
def test_a_video_that_is_not_there_cannot(seen: VideoTask, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        require_video(seen)
