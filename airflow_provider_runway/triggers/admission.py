"""Waiting in the triggerer for the moment at which a submission fits into the account's rate limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT
from airflow_provider_runway.triggers.admission_queue import admission_queue
from airflow_provider_runway.triggers.arguments import ignore
from airflow_provider_runway.triggers.settling import settle


class RunwayAdmissionTrigger(BaseTrigger):
    """Waits until a submission may be sent, and fires once. It sends nothing itself: submitting is a worker's.

    The event is ``{"moment": ..., "queued_at": ..., "refusals": ...}``.

    :param runway_conn_id: The connection, of type ``runway``; all its submissions share one queue.
    :param queued_at: Epoch seconds at which the submission was first wanted: its place in the queue. Now,
        if left out.
    :param refusals: How often KIE has refused it for now.
    :param not_before: Epoch seconds before which it must not be sent again.
    :param holds_all: Whether the others of the connection must wait for that moment too: KIE named a pause, or is
        under maintenance.
    :param late: Whether it was refused when it was sent long after the moment that the queue had given it.
    :param limit: Submissions that the account may make in 10 seconds.
    :param unknown: What another version of this provider has stored; ignored.
    """

    def __init__(
        self,
        runway_conn_id: str,
        queued_at: float | None = None,
        refusals: int = 0,
        not_before: float = 0.0,
        *,
        holds_all: bool = False,
        late: bool = False,
        limit: int = SUBMISSION_LIMIT,
        **unknown: object,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        ignore(self, unknown)
        self.runway_conn_id = runway_conn_id
        self.queued_at = time.time() if queued_at is None else queued_at
        self.refusals = refusals
        self.not_before = not_before
        self.holds_all = holds_all
        self.late = late
        self.limit = limit

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger anew. Airflow stores it in plain text."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "runway_conn_id": self.runway_conn_id,
                "queued_at": self.queued_at,
                "refusals": self.refusals,
                "not_before": self.not_before,
                "holds_all": self.holds_all,
                "late": self.late,
                "limit": self.limit,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Subscription, and fire."""
        since = asyncio.get_running_loop().time()
        queue = admission_queue(self.runway_conn_id)
        queue.set_limit(self.limit)
        if self.holds_all:
            queue.pause(self.not_before)
        elif self.refusals:
            queue.refused(late=self.late)
        self.log.info("Waiting for KIE.AI's rate limit: %d submissions of this connection wait already.", len(queue))
        await settle(self, since)
        moment = await queue.admit(self.queued_at, self.not_before)
        yield TriggerEvent({"moment": moment, "queued_at": self.queued_at, "refusals": self.refusals})
