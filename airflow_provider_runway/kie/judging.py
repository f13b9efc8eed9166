"""What a record of a task means: the one decision that operator, sensor, trigger, hook and transfer all ask for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    NotFinishedError,
    RunwayError,
    VideoExpiredError,
)
from airflow_provider_runway.kie.failures import failure_reason, useful_resubmissions
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.kie.texts import as_sentence, shorten


class Verdict(str, Enum):
    """What a record says to whoever waits for the video."""

    WAIT = "wait"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a task, and the error that says it where there is one.

    :param verdict: Wait on, take the video, or stop.
    :param error: What to raise for ``FAILED`` and ``GONE``; its ``retryable`` says whether submitting anew can help.
    :param is_early: Whether more may come of what is ``DONE``: whoever can wait gives it the time that a link has.
    """

    verdict: Verdict
    error: RunwayError | None = None
    is_early: bool = False


def judge(task: VideoTask) -> Decision:
    """Decide on a record, by its state alone.

    A success without a link is waited on (KIE sets the state a moment before the link); the poll state bounds that.
    What came of a job need not be a file. An unknown state is waited on too: it may not be documented yet.
    """
    if task.state is TaskState.FAILED:
        return Decision(Verdict.FAILED, _generation_failed(task))
    if task.state is TaskState.SUCCESS:
        if task.expired:
            return Decision(Verdict.GONE, _expired(task))
        if task.video_url or task.result is not None:
            return Decision(Verdict.DONE, is_early=task.result_is_early)
    return Decision(Verdict.WAIT)


def require_video(task: VideoTask) -> VideoTask:
    """A task whose video is there to be stored.

    :raises NotFinishedError: If it is still being made.
    :raises RunwayError: If it has failed or is gone.
    """
    decision = judge(task)
    if decision.error is not None:
        raise decision.error
    if decision.verdict is not Verdict.DONE:
        raise NotFinishedError(
            f"Task {task.task_id} is not finished ({task.state}): there is no video to store yet.",
            detail="Wait for it with a RunwayVideoSensor, or let this task retry.",
            task_id=task.task_id,
        )
    return task


def _generation_failed(task: VideoTask) -> GenerationFailedError:
    reason, resubmissions = failure_reason(task.fail_message), useful_resubmissions(task.fail_message)
    said = as_sentence(shorten(task.fail_message) if task.fail_message else "no message")
    if resubmissions is None:
        advice = "the same request may succeed later"
    elif resubmissions:
        advice = "the same request is worth one more submission at most"
    else:
        advice = "the same request would fail again: change the prompt or the input"
    return GenerationFailedError(
        f"KIE.AI failed task {task.task_id} ({reason}): {said}",
        detail=f"Its credits come back; {advice}.",
        reason=reason.value,
        code=task.fail_code,
        task_id=task.task_id,
        service_message=task.fail_message,
        retryable=resubmissions != 0,
        resubmissions=resubmissions,
    )


def _expired(task: VideoTask) -> VideoExpiredError:
    return VideoExpiredError(
        f"The video of task {task.task_id} was made, and KIE.AI has deleted it since (14 days).",
        detail="Only a new, paid submission can bring it back.",
        task_id=task.task_id,
    )
