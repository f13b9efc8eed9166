"""The admission queue: submissions of one connection, let through in the order they came, at the account's pace."""

from __future__ import annotations

import asyncio
import random
from bisect import insort
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from airflow_provider_runway.kie.clock import CLOCK, Clock, Timer
from airflow_provider_runway.kie.pacing import LEAD, Pace
from airflow_provider_runway.kie.seconds import finite
from airflow_provider_runway.utils import metrics

# Seconds that one hold lasts at most: what is more comes of a clock that was set. See operators/admission.py.
_LONGEST_HOLD = 600.0
# Moments of two clocks that are no further apart than this are the same.
_CLOSE = 0.05
# Moments are moved by up to this many seconds, so that several triggerers do not keep step.
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """How a submission stands in the queue.

    :param reason: Why it waits: ``"pace"``, ``"429"`` (KIE has refused it, or another one, for now) or
        ``"maintenance"``.
    :param place: Its place; 1 is the next.
    :param moment: Epoch seconds, when its turn comes as things are.
    """

    reason: str
    place: int
    moment: float


@dataclass(order=True, slots=True)
class _Place:
    queued_at: float
    number: int
    not_before: float = field(compare=False)
    admitted: asyncio.Future[float] = field(compare=False)
    reason: str = field(compare=False)
    tell: Callable[[Standing], None] = field(compare=False)
    # Of the task that waits: its log lines are told from those of others by it.
    context: Context = field(compare=False, default_factory=copy_context)
    told: tuple[str, float] | None = field(compare=False, default=None)
    told_place: int = field(compare=False, default=0)


class AdmissionQueue:
    """First come, first served, across all tasks that submit through one connection in this triggerer.

    It reckons by a clock that does not jump; the wall clock is only for what other processes say and are told.

    :param pace: What hands out the moments.
    :param clock: What time it is, and how it passes.
    :param conn_id: The connection, for metrics.
    """

    def __init__(self, pace: Pace | None = None, clock: Clock = CLOCK, conn_id: str = "") -> None:
        self._conn_id = conn_id
        self._pace = pace or Pace()
        self._clock = clock
        self._waiting: list[_Place] = []
        self._numbers = 0
        self._timer: Timer | None = None
        self._held_until = 0.0
        self._held_for = ""

    def __len__(self) -> int:
        return len(self._waiting)

    async def admit(
        self,
        queued_at: float,
        not_before: float = 0.0,
        reason: str = "pace",
        tell: Callable[[Standing], None] = lambda _: None,
    ) -> float:
        """Wait for a moment to submit at.

        :param queued_at: Epoch seconds at which the submission was first wanted: its place in the queue.
        :param not_before: Epoch seconds before which it must not be sent: KIE refused it and this is the pause.
        :param reason: Why KIE refused it, as in :class:`Standing`.
        :param tell: Told how it stands, at first and whenever that has changed: why it waits or until when, or half of
            those before it have gone.
        :return: The moment, epoch seconds, at most :data:`LEAD` seconds ahead.
        """
        self._numbers += 1
        since = finite(queued_at)
        place = _Place(
            self._clock.time() if since is None else since,
            self._numbers,
            self._here(not_before),
            asyncio.get_running_loop().create_future(),
            reason,
            tell,
        )
        insort(self._waiting, place)
        self._serve()
        try:
            moment = await place.admitted
            return self._clock.time() + moment - self._clock.monotonic()
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
            self._show()

    def set_limit(self, limit: int) -> None:
        """Take over what the connection says of the account: submissions in 10 seconds."""
        if limit >= 1:
            self._pace.set_limit(limit)

    def refused(self, *, late: bool = False) -> None:
        """KIE refused a submission for the rate: give way if that happens often.

        :param late: It was sent long after the moment that it was given.
        """
        self._pace.refused(self._clock.monotonic(), late=late)

    def pause(self, until: float, reason: str = "429") -> None:
        """Let nothing through before this moment.

        :param until: Epoch seconds.
        :param reason: Why, as in :class:`Standing`.
        """
        moment = self._here(until)
        self._pace.pause(moment)
        if moment > self._held_until:
            self._held_until, self._held_for = moment, reason

    def _here(self, moment: float) -> float:
        """A moment in epoch seconds by our own clock: now or later, but no later than a hold can last."""
        return self._clock.monotonic() + min(max((finite(moment) or 0.0) - self._clock.time(), 0.0), _LONGEST_HOLD)

    def _serve(self) -> None:
        """Let through whoever's moment has come, and tell the others how they stand."""
        self._let_through()
        self._show()
        now = self._clock.monotonic()
        first, spacing = self._pace.next_moment(now), self._pace.spacing
        for number, place in enumerate(self._waiting):
            moment = max(first + number * spacing, place.not_before)
            reason, until = "pace", 0.0
            if self._held_until > now and self._held_until >= place.not_before:
                reason, until = self._held_for, self._held_until
            elif place.not_before > now:
                reason, until = place.reason, place.not_before
            if place.told != (reason, until) or number + 1 <= place.told_place // 2:
                place.told, place.told_place = (reason, until), number + 1
                standing = Standing(reason, number + 1, self._clock.time() + moment - now)
                place.context.run(place.tell, standing)

    def _show(self) -> None:
        pause = max(0.0, self._held_until - self._clock.monotonic())
        metrics.gauge("queue.length", len(self._waiting), conn_id=self._conn_id)
        metrics.gauge("queue.pause", pause, conn_id=self._conn_id)

    def _let_through(self) -> None:
        """Let through whoever's moment has come, and come back for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            now = self._clock.monotonic()
            moment = self._pace.next_moment(now)
            place = self._next(moment)
            moment = max(moment, place.not_before)
            if moment - LEAD > now:
                delay = moment - LEAD - now + random.random() * _JITTER  # noqa: S311 - no secret is made of it
                self._timer = self._clock.call_later(delay, self._serve)
                return
            self._waiting.remove(place)
            if not place.admitted.done():
                self._pace.take(moment)
                place.admitted.set_result(moment)

    def _next(self, moment: float) -> _Place:
        """The first in the queue that may go at that moment; if none may yet, the one that may soonest."""
        ready = (place for place in self._waiting if place.not_before <= moment + _CLOSE)
        return next(ready, None) or min(self._waiting, key=lambda place: place.not_before)


_QUEUES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, AdmissionQueue]] = WeakKeyDictionary()


def admission_queue(runway_conn_id: str) -> AdmissionQueue:
    """The queue of a connection on the running event loop. It stays when it is empty: it knows the last moments."""
    queues = _QUEUES.setdefault(asyncio.get_running_loop(), {})
    return queues.setdefault(runway_conn_id, AdmissionQueue(conn_id=runway_conn_id))
