"""What is finished is stored, and becomes a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.operators.submission import Submission
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.operators.video_job import Facts, VideoJob
from airflow_provider_runway.results import VideoResult, finished_result, kept_until, utc_now
from airflow_provider_runway.utils import metrics
from airflow_provider_runway.utils.metrics import count_saved

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.storage.publishing import SavedFile


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a job.

    :param job: How it was waited for, and what is stored of it.
    :param facts: What is known of it.
    :param request: What was asked for, if that can still be told.
    :param hook: The connection's hook.
    :param context: The task's context.
    :param log: Where to say what is stored.
    """

    job: VideoJob
    facts: Facts
    request: Request | None
    hook: RunwayHook
    context: Context
    log: Logger

    def finish(self, task: VideoTask, submission: Submission, state: TaskState, *, seen_to_finish: bool) -> VideoResult:
        """Store what is finished, and note that all is done.

        :param task: Its record.
        :param submission: Its submission.
        :param state: Where the submission record is kept.
        :param seen_to_finish: Whether this try has waited for it, so that it became ready just now.
        """
        facts = self.facts
        completed_at = task.completed_at or (utc_now() if seen_to_finish else None)
        self.log.info(
            "The %s of task %s is ready%s. %s%s",
            "video" if task.is_one_video else "result",
            task.task_id,
            submission.took_until(completed_at, is_exact=task.completed_at is not None),
            _where(task, completed_at),
            "" if facts.save_to is None else " It is stored now.",
        )
        if task.is_unforeseen:
            self.log.warning(
                "KIE.AI says that task %s has succeeded, in a form that is not known here. What came is in 'result'.",
                task.task_id,
            )
        saved: Sequence[SavedFile] = []
        if facts.save_to is not None:
            from airflow_provider_runway.storage.save import save

            own, thumbnail = submission.replaceable(facts.save_to), self.job.thumbnail
            with state.recording_failure(submission):
                saved = save(task, facts.save_to, hook=self.hook, overwrite=own, thumbnail=thumbnail)
        result = finished_result(
            task,
            parent_task_id=facts.parent_task_id,
            submitted_at=submission.submitted_at,
            completed_at=completed_at,
            credits_estimate=facts.price,
            saved=saved,
        )
        for file in saved:
            self.log.info("Task %s is stored at %s (%d bytes).", task.task_id, file.path, file.size)
        self._count(submission, completed_at, saved)
        checksums = [each for file in saved for each in file.checksums]
        if self.job.metadata:
            from airflow_provider_runway.operators.sidecar import write_sidecars

            checksums += write_sidecars(
                saved, result, self.request, self.context["ti"], submission.replaceable(facts.save_to)
            )
        state.write_finished(replace(submission, credits=task.credits), facts.save_to, checksums)
        return result

    def _count(self, submission: Submission, completed_at: datetime | None, saved: Sequence[SavedFile]) -> None:
        conn_id, began = self.job.runway_conn_id, submission.submitted_epoch
        if completed_at is not None and began is not None:
            metrics.took("ready", max(0.0, completed_at.timestamp() - began), conn_id=conn_id, model=self.facts.profile)
        count_saved(saved, conn_id)


def _where(task: VideoTask, completed_at: datetime | None) -> str:
    if task.kind == "answer":
        return "KIE.AI keeps no copy of it."
    return f"KIE.AI keeps it {kept_until(completed_at)}."
