"""What operators and the sensor share about deferring to a :class:`RunwayVideoTrigger` and coming back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow_provider_runway.kie.errors import PollingFailedError, RunwayError, TaskNotFoundError

# Airflow's own trigger timeout stands this many seconds behind the deadline that the trigger keeps by itself.
_MARGIN = 60.0


def trigger_timeout(seconds_left: float, poll_interval: float) -> timedelta:
    """The timeout to defer with: late enough that the trigger's own deadline always comes first."""
    return timedelta(seconds=max(seconds_left, 0.0) + poll_interval + _MARGIN)


def event_error(event: Mapping[str, Any]) -> RunwayError:
    """The error that a trigger's event of state ``"gone"`` or ``"fault"`` tells of."""
    task_id = str(event["task_id"])
    if event["state"] == "gone":
        return TaskNotFoundError(str(event.get("error") or f"KIE.AI has no record of task {task_id}"), task_id=task_id)
    return PollingFailedError(str(event.get("error") or "The trigger gave up."), task_id=task_id)
