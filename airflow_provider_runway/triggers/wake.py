"""Waking a task, which KIE.AI has called for, at the first moment at which its scheduler can follow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.triggers.arguments import ignore_unknown


class RunwayWakeTrigger(BaseTrigger):
    """Fires an event at a moment. The receiver of callbacks puts it in place of the trigger that a task waits with.

    It takes a row of Airflow's database to outlive the API server, and it asks nobody anything.

    :param event: What it fires.
    :param wake_at: Epoch seconds.
    :param unknown: What another version of this provider has stored; ignored.
    """

    clock: Clock = CLOCK

    def __init__(self, event: Mapping[str, Any], wake_at: float, **unknown: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        ignore_unknown(self, unknown)
        self.event = dict(event)
        self.wake_at = wake_at

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger anew."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"event": self.event, "wake_at": self.wake_at}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Pause, and fire."""
        await self.clock.asleep(max(0.0, self.wake_at - self.clock.time()))
        yield TriggerEvent(self.event)
