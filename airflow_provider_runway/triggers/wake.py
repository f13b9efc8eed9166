"""Waking a task at a moment, or when KIE.AI calls before that."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.triggers.arguments import ignore_unknown
from airflow_provider_runway.utils.watches import PROBE_PAUSE


class RunwayWakeTrigger(BaseTrigger):
    """Fires an event at a moment, and asks KIE.AI nothing.

    The receiver of callbacks puts it in place of the trigger that a task waits with, until the task's scheduler can
    follow: it takes a row of Airflow's database to outlive the API server. A task that waits for the call that brings
    a lost task id waits with it as well.

    :param event: What it fires.
    :param wake_at: Epoch seconds.
    :param nonce: Of the submission whose call is listened to until then, if one is.
    :param probed: Fields of the submission's :class:`~airflow_provider_runway.kie.callback_tokens.CallbackToken`, if
        silence is to prove something: then probes show all the while that its call would arrive.
    :param unknown: What another version of this provider has stored; ignored.
    """

    clock: Clock = CLOCK

    def __init__(
        self,
        event: Mapping[str, Any],
        wake_at: float,
        nonce: str | None = None,
        probed: Mapping[str, Any] | None = None,
        **unknown: object,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        ignore_unknown(self, unknown)
        self.event = dict(event)
        self.wake_at = wake_at
        self.nonce = nonce
        self.probed = probed

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger anew."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        listening = {"nonce": self.nonce, "probed": self.probed}
        given = {name: value for name, value in listening.items() if value is not None}
        return path, {"event": self.event, "wake_at": self.wake_at, **given}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Pause, and fire."""
        left, pause = math.inf, 0.0
        while pause < left:
            if self.probed is not None:
                await self._probe(self.probed)
            left = max(0.0, self.wake_at - self.clock.time())
            pause = left if self.probed is None else min(left, PROBE_PAUSE)
            await self.clock.asleep(pause)
        yield TriggerEvent(self.event)

    async def _probe(self, probed: Mapping[str, Any]) -> None:
        """Show that a call would arrive now; where it would not, silence will prove nothing."""
        from airflow_provider_runway.hooks.callbacks import send_probe
        from airflow_provider_runway.hooks.connections import a_get_settings

        try:
            token = CallbackToken(**probed)
            settings = await a_get_settings(token.conn_id)
            arrives = await asyncio.to_thread(send_probe, settings, token, self.clock.time())
        except Exception as error:  # noqa: BLE001 - a connection that cannot be read, another version's fields
            self.log.warning("It cannot be seen whether KIE.AI's calls arrive (%s).", type(error).__name__)
            return
        if not arrives:
            self.log.warning("A call does not arrive in Airflow's API server now.")
