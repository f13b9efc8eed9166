"""Keeping a task's submission record in Airflow's task state store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from airflow_provider_runway.kie.errors import GenerationFailedError, TaskNotFoundError, VideoExpiredError
from airflow_provider_runway.operators.submission import (
    RECORD_KEY,
    RETENTION,
    SUCCESS_KEY,
    Stage,
    StateStore,
    Submission,
)

if TYPE_CHECKING:
    from airflow.sdk import Context


class TaskState:
    """The record of one task instance, whichever try it is.

    Before Airflow 3.3 there is no store: nothing is found and nothing kept.

    :param context: The task's context.
    """

    def __init__(self, context: Context) -> None:
        self._store = cast("StateStore | None", context.get("task_state_store"))
        self._tries = context["ti"].try_number

    @property
    def is_kept(self) -> bool:
        """Whether this Airflow has a store."""
        return self._store is not None

    def read(self) -> Submission | None:
        """The record, or ``None`` if there is none. Failing to read it raises: that is not the same as none."""
        value = None if self._store is None else self._store.get(RECORD_KEY)
        return None if value is None else Submission.from_json(value)

    def write(self, submission: Submission) -> None:
        """Keep a record in place of the one before."""
        if self._store is not None:
            self._store.set(RECORD_KEY, submission.to_json(), retention=RETENTION)

    def put_back(self, earlier: Submission | None) -> None:
        """Keep the record that was there before an intent that came to nothing."""
        if earlier is not None:
            self.write(earlier)
        elif self._store is not None:
            self._store.delete(RECORD_KEY)

    def write_finished(self, submission: Submission, save_to: str | None = None) -> None:
        """Record that all is done. Whether Airflow takes the success is :meth:`mark_success`'s to say.

        :param submission: The submission.
        :param save_to: Where its video was stored.
        """
        saved_to = save_to or submission.saved_to
        self.write(replace(submission, stage=Stage.FINISHED, saved_to=saved_to))

    def mark_success(self, submission: Submission) -> None:
        """Note that Airflow has taken the success: a person who clears the task gets a new video."""
        if self._store is not None:
            self._store.set(SUCCESS_KEY, {"task_id": submission.task_id}, retention=RETENTION)

    def has_succeeded(self, submission: Submission | None) -> bool:
        """Whether the Airflow task has succeeded with this submission's KIE task."""
        if self._store is None or submission is None or submission.stage is not Stage.FINISHED:
            return False
        mark = self._store.get(SUCCESS_KEY)
        return isinstance(mark, dict) and mark.get("task_id") == submission.task_id

    @contextmanager
    def ending(self, submission: Submission) -> Iterator[None]:
        """Record that the KIE task has ended without a video, if that is what comes out of the block.

        An error that bounds how often its request is worth submitting stops being retryable at that bound.
        """
        try:
            yield
        except GenerationFailedError as error:
            # Where nothing is kept, each try before this one may have been such a failure.
            failures = submission.failures if self.is_kept else self._tries - 1
            if error.resubmissions is not None:
                failures += 1
                error.retryable = failures <= error.resubmissions
            self.write(replace(submission, stage=Stage.FAILED, failures=failures))
            raise
        except (VideoExpiredError, TaskNotFoundError):
            self.write(replace(submission, stage=Stage.GONE))
            raise
