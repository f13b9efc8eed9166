"""What operators and the sensor share about deferring to a :class:`RunwayVideoTrigger` and coming back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow_provider_runway.kie.errors import (
    InvalidRequestError,
    MissingVideoError,
    PollingFailedError,
    RunwayError,
    TaskNotFoundError,
)
from airflow_provider_runway.kie.tasks import TaskState
from airflow_provider_runway.utils.config import SHORTEST_DEFERRAL, read_shortest_deferral
from airflow_provider_runway.utils.versions import airflow_version

# Airflow's own trigger timeout stands this many seconds behind the deadline that the trigger keeps by itself.
_MARGIN = 60.0


def trigger_timeout(seconds_left: float, poll_interval: float) -> timedelta:
    """The timeout to defer with: late enough that the trigger's own deadline always comes first."""
    return timedelta(seconds=max(seconds_left, shortest_deferral()) + poll_interval + _MARGIN)


def shortest_deferral() -> float:
    """Seconds that a deferral lasts at least; what would be over sooner is waited for in the worker.

    A scheduler learns from the executor, with some delay, that the process of a task has ended. If the task has come
    back from its trigger and is queued by then, Airflow before 3.4 takes that for a process that died without a word,
    and fails the task.

    Nonsense in the option counts as left out here, where something may be paid already; before that it is refused.
    """
    if airflow_version() >= _DEFERRALS_ARE_TOLD_APART:
        return 0.0
    try:
        return read_shortest_deferral()
    except InvalidRequestError:
        return SHORTEST_DEFERRAL


_DEFERRALS_ARE_TOLD_APART = (3, 4)


def event_error(event: Mapping[str, Any], state: str | None = None) -> RunwayError:
    """The error that a trigger's event of state ``"gone"`` or ``"fault"`` tells of.

    :param event: The event.
    :param state: The KIE task's state at a look since then, which brought no video.
    """
    task_id = str(event["task_id"])
    if event["state"] == "gone":
        return TaskNotFoundError(str(event.get("error") or f"KIE.AI has no record of task {task_id}"), task_id=task_id)
    kind = MissingVideoError if state == TaskState.SUCCESS else PollingFailedError
    return kind(str(event.get("error") or "The trigger gave up."), task_id=task_id)
