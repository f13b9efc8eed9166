"""What KIE.AI has answered at once, where it makes no task and keeps no record: kept for later tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import TaskNotFoundError
from airflow_provider_runway.kie.family_records import read_answer

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

    from airflow_provider_runway.kie.tasks import VideoTask
    from airflow_provider_runway.operators.submission import Submission
    from airflow_provider_runway.operators.task_state import TaskState

ANSWER_KEY = "runway_answer"


class Answers:
    """The answer to the request of one task, if it was answered at once.

    :param state: Where it is kept for later tries.
    :param log: Where to say that it is not.
    """

    def __init__(self, state: TaskState, log: Logger) -> None:
        self._state = state
        self._log = log
        self._answer: VideoTask | None = None

    def keep(self, answer: VideoTask) -> None:
        """Keep an answer that is paid. Failing to is no reason to lose it in this try as well."""
        self._answer = answer
        try:
            self._state.set(ANSWER_KEY, {"task_id": answer.task_id, "answer": answer.result})
        except Exception:  # noqa: BLE001 - a store of Airflow's may raise anything
            self._log.exception("The answer is paid and could not be kept: if this try fails, it is lost.")

    def of(self, submission: Submission) -> VideoTask:
        """The answer to a submission.

        :raises TaskNotFoundError: If it is not kept. KIE cannot be asked for it.
        """
        task_id = submission.paid_task_id
        if self._answer is not None and self._answer.task_id == task_id:
            return self._answer
        kept = self._state.get(ANSWER_KEY)
        if kept is None or kept.get("task_id") != task_id:
            raise TaskNotFoundError(
                f"KIE.AI has answered this request at once, and the answer ({task_id}) was not kept.",
                detail="It is paid, and KIE.AI keeps no record of it. If this task is cleared, it asks again, and pays",
                task_id=task_id,
            )
        return read_answer(kept.get("answer"), task_id)
