"""A sensor in each of its modes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from fakes import fake_context

from airflow_provider_runway.sensors.runway import RunwayVideoSensor

RESCHEDULED: dict[str, Any] = {"deferrable": False, "mode": "reschedule"}
MODES: list[dict[str, Any]] = [
    {"deferrable": True},
    {"deferrable": False, "mode": "poke"},
    {"deferrable": False, "mode": "reschedule"},
]


def sensor(task_id: str, **parameters: Any) -> RunwayVideoSensor:
    return RunwayVideoSensor(task_id="seen", runway_task_id=task_id, **parameters)


def deferred(waiting: RunwayVideoSensor) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        waiting.execute(fake_context())
    return caught.value


def resumed(waiting: RunwayVideoSensor, deferral: TaskDeferred, event: dict[str, Any] | None = None) -> Any:
    """Go on in a new process, as Airflow does."""

    async def fire() -> dict[str, Any]:
        [fired] = [fired async for fired in deferral.trigger.run()]
        payload: dict[str, Any] = fired.payload
        return payload

    kwargs = {**(deferral.kwargs or {}), "event": asyncio.run(fire()) if event is None else event}
    again = sensor(waiting.runway_task_id, soft_fail=waiting.soft_fail, never_fail=waiting.never_fail)
    return again.resume_execution(deferral.method_name, json.loads(json.dumps(kwargs)), fake_context())


def waited(waiting: RunwayVideoSensor) -> Any:
    """Run it to its end, in whatever mode."""
    try:
        return waiting.execute(fake_context())
    except TaskDeferred as deferral:
        return resumed(waiting, deferral)
