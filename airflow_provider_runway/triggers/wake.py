"""Waking a task at a moment, or when KIE.AI calls before that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.triggers.arguments import ignore_unknown


class RunwayWakeTrigger(BaseTrigger):
    """Fires an event at a moment, and asks nobody anything.

    The receiver of callbacks puts it in place of the trigger that a task waits with, until the task's scheduler can
    follow: it takes a row of Airflow's database to outlive the API server. A task that waits for the call that brings
    a lost task id waits with it as well.

    :param event: What it fires.
    :param wake_at: Epoch seconds.
    :param nonce: Of the submission whose call is listened to until then, if one is.
    :param unknown: What another version of this provider has stored; ignored.
    """

    clock: Clock = CLOCK

    def __init__(self, event: Mapping[str, Any], wake_at: float, nonce: str | None = None, **unknown: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        ignore_unknown(self, unknown)
        self.event = dict(event)
        self.wake_at = wake_at
        self.nonce = nonce

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger anew."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        listening = {} if self.nonce is None else {"nonce": self.nonce}
        return path, {"event": self.event, "wake_at": self.wake_at, **listening}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Pause, and fire."""
        await self.clock.asleep(max(0.0, self.wake_at - self.clock.time()))
        yield TriggerEvent(self.event)
