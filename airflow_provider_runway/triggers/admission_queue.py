"""The admission queue: submissions of one connection, let through in the order they came, at the account's pace."""

from __future__ import annotations

import asyncio
import random
from bisect import insort
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from airflow_provider_runway.kie.clock import CLOCK, Clock, Timer
from airflow_provider_runway.kie.pacing import LEAD, Pace
from airflow_provider_runway.kie.seconds import finite

# Seconds that one hold lasts at most: what is more comes of a clock that was set. See operators/admission.py.
_LONGEST_HOLD = 600.0
# Moments of two clocks that are no further apart than this are the same.
_CLOSE = 0.05
# Moments are moved by up to this many seconds, so that several triggerers do not keep step.
_JITTER = 0.2


@dataclass(order=True, slots=True)
class _Place:
    queued_at: float
    number: int
    not_before: float = field(compare=False)
    admitted: asyncio.Future[float] = field(compare=False)


class AdmissionQueue:
    """First come, first served, across all tasks that submit through one connection in this triggerer.

    It reckons by a clock that does not jump; the wall clock is only for what other processes say and are told.

    :param pace: What hands out the moments.
    :param clock: What time it is, and how it passes.
    """

    def __init__(self, pace: Pace | None = None, clock: Clock = CLOCK) -> None:
        self._pace = pace or Pace()
        self._clock = clock
        self._waiting: list[_Place] = []
        self._numbers = 0
        self._timer: Timer | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    async def admit(self, queued_at: float, not_before: float = 0.0) -> float:
        """Wait for a moment to submit at.

        :param queued_at: Epoch seconds at which the submission was first wanted: its place in the queue.
        :param not_before: Epoch seconds before which it must not be sent: KIE refused it and this is the pause.
        :return: The moment, epoch seconds, at most :data:`LEAD` seconds ahead.
        """
        self._numbers += 1
        since = finite(queued_at)
        place = _Place(
            self._clock.time() if since is None else since,
            self._numbers,
            self._here(not_before),
            asyncio.get_running_loop().create_future(),
        )
        insort(self._waiting, place)
        self._serve()
        try:
            moment = await place.admitted
            return self._clock.time() + moment - self._clock.monotonic()
        finally:
            if place in self._waiting:
                self._waiting.remove(place)

    def set_limit(self, limit: int) -> None:
        """Take over what the connection says of the account: submissions in 10 seconds."""
        if limit >= 1:
            self._pace.set_limit(limit)

    def refused(self, *, late: bool = False) -> None:
        """KIE refused a submission for the rate: give way if that happens often.

        :param late: It was sent long after the moment that it was given.
        """
        self._pace.refused(self._clock.monotonic(), late=late)

    def pause(self, until: float) -> None:
        """Let nothing through before this moment, epoch seconds."""
        self._pace.pause(self._here(until))

    def _here(self, moment: float) -> float:
        """A moment in epoch seconds by our own clock: now or later, but no later than a hold can last."""
        return self._clock.monotonic() + min(max((finite(moment) or 0.0) - self._clock.time(), 0.0), _LONGEST_HOLD)

    def _serve(self) -> None:
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
    return queues.setdefault(runway_conn_id, AdmissionQueue())
