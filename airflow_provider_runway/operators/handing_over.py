"""Handing over a finished video: stored, described to Airflow, and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_provider_runway.operators.callbacks import on_success
from airflow_provider_runway.operators.success import note_success
from airflow_provider_runway.results import VideoResult, finished_result, submitted_result, utc_now
from airflow_provider_runway.utils.asset_events import describe_video

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.kie.tasks import VideoTask
    from airflow_provider_runway.operators.base import RunwayVideoOperator
    from airflow_provider_runway.operators.submission import Submission
    from airflow_provider_runway.operators.task_state import TaskState
    from airflow_provider_runway.storage.save import SavedFile


class HandingOver:
    """The last stretch of an operator's work.

    :param operator: The operator, after templating.
    :param context: The task's context.
    :param store: Where the record is kept.
    :param request: What was asked for.
    :param price: Credits that the video was expected to cost; ``None`` if that is not known.
    """

    def __init__(
        self,
        operator: RunwayVideoOperator,
        context: Context,
        store: TaskState,
        request: Request,
        price: float | None,
    ) -> None:
        self._operator = operator
        self._context = context
        self._store = store
        self._request = request
        self._price = price

    def submitted(self, task_id: str, submission: Submission) -> VideoResult:
        """Hand over a task that is not waited for."""
        result = submitted_result(
            task_id,
            self._operator.kind,
            parent_task_id=self._operator.parent_task_id,
            submitted_at=submission.submitted_at,
            credits_estimate=self._price,
        )
        self._describe(result)
        self._record_the_end(submission)
        return result

    def finished(
        self, task: VideoTask, submission: Submission, save_to: str | None, *, seen_to_finish: bool
    ) -> VideoResult:
        """Store a finished video and hand it over.

        :param task: The finished task.
        :param submission: Its submission.
        :param save_to: Where its video is to be stored, if anywhere.
        :param seen_to_finish: Whether this try has waited for it, so that it became ready just now.
        """
        completed_at = utc_now() if seen_to_finish else None
        self._operator.video_link = task.video_url or ""
        saved = [] if save_to is None else self._save(task, save_to, submission)
        result = finished_result(
            task,
            parent_task_id=self._operator.parent_task_id,
            submitted_at=submission.submitted_at,
            completed_at=completed_at,
            credits_estimate=self._price,
            saved=saved,
        )
        self._describe(result)
        self._operator.log.info(
            "The %s of task %s is ready%s. KIE.AI keeps it %s.",
            "result" if task.kind == "job" else "video",
            task.task_id,
            _after(submission.submitted_at, result.completed_at),
            f"until about {result.expires_at}" if result.expires_at else "for 14 days after it was made",
        )
        for file in saved:
            self._operator.log.info("Task %s is stored at %s (%d bytes).", task.task_id, file.path, file.size)
        self._record_the_end(submission, save_to)
        return result

    def _save(self, task: VideoTask, save_to: str, submission: Submission) -> Sequence[SavedFile]:
        from airflow_provider_runway.storage.save import save

        return save(
            task,
            save_to,
            renew_link=self._operator.hook.renew_link,
            overwrite=submission.saved_to == save_to,
            thumbnail=self._operator.thumbnail,
        )

    def _describe(self, result: VideoResult) -> None:
        self._operator.result = result
        describe_video(self._context, self._operator.outlets, result, self._request)

    def _record_the_end(self, submission: Submission, save_to: str | None = None) -> None:
        self._store.write_finished(submission, save_to)
        on_success(self._operator, note_success)


def _after(submitted_at: str | None, completed_at: str | None) -> str:
    """How long the video took, as far as is known."""
    if submitted_at is None or completed_at is None:
        return ""
    try:
        took = datetime.fromisoformat(completed_at) - datetime.fromisoformat(submitted_at)
    except (TypeError, ValueError):
        return ""
    return f", {max(took.total_seconds(), 0.0):.0f} s after it was submitted"
