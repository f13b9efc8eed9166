"""Noting that Airflow has taken a task's success. Until then its record leads every further try to the same video.

Much can fail between the record and the success: an XCom backend, ``post_execute``, the outlets' assets, the API server
that is told. None of it is worth a second payment.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.operators.task_state import TaskState

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

log = logging.getLogger(__name__)


def note_success(context: Context) -> None:
    """Note the success if Airflow has it: success callbacks also run after a success that Airflow refused.

    Not noting it costs nothing: cleared, the task hands over the same video.

    :param context: The task's context.
    """
    store = TaskState(context)
    if not store.is_kept:
        return
    try:
        submission = store.read()
        if submission is not None and submission.stage is Stage.FINISHED and _airflow_says_success(context["ti"]):
            store.mark_success(submission)
    except Exception as error:  # noqa: BLE001 - the task has succeeded, whatever becomes of the note
        log.warning(
            "It could not be noted that this task has succeeded (%s: %s). If it is cleared, it hands over the same "
            "video and pays nothing.",
            type(error).__name__,
            error,
        )


def _airflow_says_success(ti: RuntimeTaskInstanceProtocol) -> bool:
    states = ti.get_task_states(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    ).get(ti.run_id, {})
    return bool(states) and all(state == "success" for state in states.values())
