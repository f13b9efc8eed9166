"""In which order tasks are polled, and how fast: pure decisions, with the time passed in."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from airflow_provider_runway.kie.pacing import Pace

# KIE names no limit of polls for an account. This one keeps a triggerer with thousands of waits from spending its
# time on nothing else, and a thousand waits never meet it.
POLLS_PER_SECOND = 250
# Polls that fall due within this many seconds start together: waking up for each of them costs more than the poll.
TICK = 0.05


class Polled(Protocol):
    """What is polled again and again.

    :param entry: The number of its entry in the queue that counts; earlier ones are void. -1: none.
    """

    entry: int

    def head_start(self, now: float) -> float:
        """Seconds by which its poll, due now, goes ahead of others where all cannot go at once."""


T = TypeVar("T", bound=Polled)


class PollQueue(Generic[T]):
    """Polls that are to come. Each task has one place: a new one takes the place of the earlier.

    :param per_second: Polls a second, at most.
    """

    def __init__(self, per_second: int = POLLS_PER_SECOND) -> None:
        self._pace = Pace(per_second, 1.0)
        self._entries = 0
        self._to_come: list[tuple[float, int, T]] = []
        self._due: list[tuple[float, int, T]] = []

    def put(self, item: T, due: float) -> None:
        """Have it polled from this moment on."""
        self._entries += 1
        item.entry = self._entries
        heappush(self._to_come, (due, self._entries, item))

    def drop(self, item: T) -> None:
        """Have it polled no more."""
        item.entry = -1

    def take(self, now: float, most: int) -> list[T]:
        """What to poll now: what is due, the likeliest to be ready first, as far as the limit lets it."""
        while self._to_come and self._to_come[0][0] <= now:
            due, entry, item = heappop(self._to_come)
            if entry == item.entry:
                heappush(self._due, (due - item.head_start(now), entry, item))
        taken: list[T] = []
        while self._due and len(taken) < most:
            _, entry, item = self._due[0]
            if entry == item.entry:
                moment = self._pace.next_moment(now)
                if moment > now + TICK:
                    break
                self._pace.take(moment)
                taken.append(item)
            heappop(self._due)
        return taken

    def next_time(self, now: float, *, has_room: bool) -> float | None:
        """When to take again; ``None`` if that is decided by something else.

        :param now: The time.
        :param has_room: Whether polls could start that are due; otherwise the end of one is the time.
        """
        times = [self._to_come[0][0]] if self._to_come else []
        if self._due and has_room:
            times.append(self._pace.next_moment(now))
        return max(min(times), now + TICK) if times else None

    def hold(self, now: float, until: float) -> None:
        """KIE refused a poll for the rate: let none go before this moment, and give way if that happens often."""
        self._pace.refused(now)
        self._pace.pause(until)

    def clear(self) -> None:
        """Forget all polls; the pauses stay."""
        self._to_come.clear()
        self._due.clear()
