"""Waiting in the triggerer for the moment at which a submission fits into the account's rate limit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT, SUBMISSION_WINDOW
from airflow_provider_runway.triggers.admission_queue import Standing, admission_queue
from airflow_provider_runway.triggers.arguments import ignore_unknown
from airflow_provider_runway.triggers.deferral import outlast_shortest_deferral
from airflow_provider_runway.triggers.events import AdmissionEvent, AdmissionRequest


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
    :param reason: Why it waits: ``"pace"``, ``"429"`` or ``"maintenance"``.
    :param unknown: What another version of this provider has stored; ignored.
    """

    clock: Clock = CLOCK

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
        reason: str = "pace",
        **unknown: object,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        ignore_unknown(self, unknown)
        self.request = AdmissionRequest(
            runway_conn_id=runway_conn_id,
            queued_at=self.clock.time() if queued_at is None else queued_at,
            refusals=refusals,
            not_before=not_before,
            holds_all=holds_all,
            late=late,
            limit=limit,
            reason=reason,
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger anew. Airflow stores it in plain text."""
        return f"{type(self).__module__}.{type(self).__qualname__}", self.request.to_kwargs()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Queue, and fire."""
        since = self.clock.monotonic()
        request = self.request
        queue = admission_queue(request.runway_conn_id)
        queue.set_limit(request.limit)
        if request.holds_all:
            queue.pause(request.not_before, request.reason)
        elif request.refusals:
            queue.refused(late=request.late)
        others = len(queue)
        self.log.info(
            "This submission queues: %s. Of this connection, %d others do.", self._why(request.reason), others
        )
        await outlast_shortest_deferral(self, since, self.clock)
        moment = await queue.admit(request.queued_at, request.not_before, request.reason, self._tell)
        event = AdmissionEvent(moment=moment, queued_at=request.queued_at, refusals=request.refusals)
        yield TriggerEvent(event.to_event())

    def _tell(self, standing: Standing) -> None:
        """Say in the task's log how its submission stands in the queue."""
        self.log.info(
            "It is number %d in the queue: %s. Its turn comes at about %s.",
            standing.place,
            self._why(standing.reason),
            datetime.fromtimestamp(standing.moment, timezone.utc).strftime("%H:%M:%S UTC"),
        )

    def _why(self, reason: str) -> str:
        if reason == "maintenance":
            return "KIE.AI is under maintenance (455)"
        pace = f"{self.request.limit} submissions in {SUBMISSION_WINDOW:g} s"
        if reason == "429":
            return f"KIE.AI refused submissions for now (429; it takes {pace})"
        return f"KIE.AI takes {pace} at most"
