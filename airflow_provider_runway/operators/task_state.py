"""What one task instance keeps: its submission record, and values for its way back from a trigger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_runway.kie.errors import GenerationFailedError, TaskNotFoundError, VideoExpiredError
from airflow_provider_runway.operators.submission import RECORD_KEY, RETENTION, SUCCESS_KEY, Stage, Submission

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

log = logging.getLogger(__name__)

# Of what a task has stored, so many are known again: a job may make a few files at once.
_MOST_CHECKSUMS = 20
# Seconds between writing once and once more.
_PAUSES = (1.0, 3.0, 9.0)


class Backend(Protocol):
    """Where JSON values of one task instance are kept by key; Airflow's task state store (3.3) is one."""

    def get(self, key: str) -> Any: ...  # noqa: D102
    def set(self, key: str, value: Any, *, retention: timedelta) -> None: ...  # noqa: D102
    def delete(self, key: str) -> None: ...  # noqa: D102


class _XCom:
    """The task's own XComs, which Airflow deletes when the next try begins."""

    def __init__(self, ti: RuntimeTaskInstanceProtocol) -> None:
        self._ti = ti

    def get(self, key: str) -> Any:
        return self._ti.xcom_pull(key=key, task_ids=self._ti.task_id, map_indexes=self._ti.map_index)

    def set(self, key: str, value: Any, *, retention: timedelta) -> None:
        del retention
        self._ti.xcom_push(key, value)

    def delete(self, key: str) -> None:
        self._ti.xcom_push(key, None)


class TaskState:
    """The state of one task instance, whichever try it is.

    It is in Airflow's task state store, which outlives a try. Before Airflow 3.3 there is none: values are XComs then,
    which last until the next try begins, and no record of a submission is kept.

    :param context: The task's context.
    """

    def __init__(self, context: Context) -> None:
        store: Backend | None = context.get("task_state_store")
        self._ti = context["ti"]
        self._backend: Backend = _XCom(self._ti) if store is None else store
        self.outlives_try = not isinstance(self._backend, _XCom)

    def get(self, key: str) -> dict[str, Any] | None:
        """The JSON object under this key, if there is one."""
        value = self._backend.get(key)
        return value if isinstance(value, dict) else None

    def set(self, key: str, value: dict[str, Any]) -> None:
        """Keep a JSON object in place of what was there before."""
        self._backend.set(key, value, retention=RETENTION)

    def read_submission(self) -> Submission | None:
        """The submission record, or ``None`` if there is none.

        :raises UnreadableRecordError: If there is one that cannot be read: that is not the same as none.
        """
        value = self._backend.get(RECORD_KEY) if self.outlives_try else None
        return None if value is None else Submission.from_json(value)

    def write_submission(self, submission: Submission) -> None:
        """Keep a submission record in place of the one before, if records outlive this try."""
        if self.outlives_try:
            _insist(lambda: self.set(RECORD_KEY, submission.to_json()))

    def put_back(self, earlier: Submission | None) -> None:
        """Keep the submission record that was there before an intent that came to nothing."""
        if earlier is not None:
            self.write_submission(earlier)
        elif self.outlives_try:
            _insist(lambda: self._backend.delete(RECORD_KEY))

    def write_finished(self, submission: Submission, save_to: str | None = None, saved: Sequence[str] = ()) -> None:
        """Note that all is done. Whether Airflow takes the success is :meth:`mark_success`'s to say.

        :param submission: The submission.
        :param save_to: Where its video was stored.
        :param saved: Checksums of what was stored.
        """
        finished = replace(submission, stage=Stage.FINISHED)
        if save_to is not None:
            checksums = tuple(dict.fromkeys((*saved, *submission.replaceable(save_to))))
            finished = replace(finished, saved_to=save_to, saved=checksums[:_MOST_CHECKSUMS])
        self.write_submission(finished)

    def mark_success(self, submission: Submission) -> None:
        """Note that Airflow has taken the success: a person who clears the task gets a new video."""
        self.set(SUCCESS_KEY, {"task_id": submission.task_id})

    def has_succeeded(self, submission: Submission | None) -> bool:
        """Whether the Airflow task has succeeded with this submission's KIE task."""
        if submission is None or submission.stage is not Stage.FINISHED:
            return False
        mark = self.get(SUCCESS_KEY)
        return mark is not None and mark.get("task_id") == submission.task_id

    @contextmanager
    def recording_failure(self, submission: Submission) -> Iterator[None]:
        """Note that the KIE task has ended without a video, if that is what comes out of the block.

        An error that bounds how often its request is worth submitting stops being retryable at that bound.
        """
        try:
            yield
        except GenerationFailedError as error:
            # Where nothing outlives a try, each one before this may have been such a failure.
            failures = submission.failures if self.outlives_try else self._ti.try_number - 1
            if error.resubmissions is not None:
                failures += 1
                error.retryable = failures <= error.resubmissions
            is_noted = self._note(replace(submission, stage=Stage.FAILED, failures=failures))
            # A bound that cannot be kept is taken to be reached.
            error.retryable = error.retryable and (is_noted or error.resubmissions is None)
            raise
        except (VideoExpiredError, TaskNotFoundError):
            self._note(replace(submission, stage=Stage.GONE))
            raise

    def _note(self, submission: Submission) -> bool:
        """Keep a record that a further try could do without: it would poll, and be told the same.

        :return: Whether it is kept.
        """
        try:
            self.write_submission(submission)
        except Exception as error:  # noqa: BLE001 - what KIE has said counts
            log.warning("The end of task %s could not be noted (%s).", submission.task_id, type(error).__name__)
            return False
        return True


def _insist(write: Callable[[], None]) -> None:
    """Write again what may not have been written: a moment without the API server must leave nothing in doubt."""
    for pause in _PAUSES:
        try:
            return write()
        except Exception as error:  # noqa: BLE001 - the last one is raised
            log.warning(
                "The submission record could not be written (%s: %s). Trying again.", type(error).__name__, error
            )
            time.sleep(pause)
    return write()


def note_success(context: Context) -> None:
    """Note that Airflow has taken a task's success, as its success callback.

    Until then its submission record leads every further try to the same video: much can fail before the success (an
    XCom backend, ``post_execute``, the outlets' assets, the API server that is told), and none of it is worth a second
    payment. Success callbacks also run after a success that Airflow refused, so its API is asked. Not noting it costs
    nothing: cleared, the task returns the same video.

    :param context: The task's context.
    """
    state = TaskState(context)
    if not state.outlives_try:
        return
    try:
        submission = state.read_submission()
        if submission is not None and submission.stage is Stage.FINISHED and _airflow_says_success(context["ti"]):
            state.mark_success(submission)
    except Exception as error:  # noqa: BLE001 - the task has succeeded, whatever becomes of the note
        log.warning(
            "It could not be noted that this task has succeeded (%s: %s). If it is cleared, it returns the same "
            "video and pays nothing.",
            type(error).__name__,
            error,
        )


def _airflow_says_success(ti: RuntimeTaskInstanceProtocol) -> bool:
    states = ti.get_task_states(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    ).get(ti.run_id, {})
    return bool(states) and all(state == "success" for state in states.values())
