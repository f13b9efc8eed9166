"""Measuring waits: started, all polled once, and then measured for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from typing_extensions import Self

from devtools.bench.server import Server
from devtools.bench.waits import Waits, waits_process

# Seconds within which all waits have to be polled once, beyond three poll intervals (a first poll may be spread).
_FIRST_LOOKS = 60.0
_KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What so many waits cost.

    :param waits: How many there were.
    :param polls: Requests in the stretch that was measured, after all waits had been polled.
    :param polls_per_second: The same by time.
    :param cpu_ms_per_poll: Milliseconds of processor time a request, without what an idle loop takes.
    :param connections_per_poll: TCP connections made, by requests.
    :param kib_per_wait: KiB of memory by which one further wait makes the process grow, at its largest.
    :param first_stall_ms: Milliseconds that the loop stood still at most while the very first wait began; here and in
        the two that follow, less what Python's garbage collector took.
    :param start_stall_ms: The same while the others began and were polled once.
    :param stall_ms: The same afterwards.
    :param usual_stall_ms: What 99 of 100 beats of 5 ms stayed below afterwards.
    :param whole_stall_ms: The longest stall from the second wait on, with what the garbage collector took.
    :param collection_ms: The longest garbage collection meanwhile.
    :param sockets: Connections open at a time, at most.
    :param first_polls_s: Seconds until all had been polled.
    :param longest_gap_s: Seconds, the longest that a wait was not looked at.
    :param polled: Waits that were looked at at all.
    :param ended: Waits that ended although nothing was ready.
    :param error: What the first of those ended with.
    """

    waits: int
    polls: int
    polls_per_second: float
    cpu_ms_per_poll: float
    connections_per_poll: float
    kib_per_wait: float
    first_stall_ms: float
    start_stall_ms: float
    stall_ms: float
    usual_stall_ms: float
    whole_stall_ms: float
    collection_ms: float
    sockets: int
    first_polls_s: float
    longest_gap_s: float
    polled: int
    ended: int
    error: str | None


def measure_waiting(contender: str, server: Server, *, waits: int, interval: float, stretch: float) -> Waiting:
    """Measure one contender.

    :param contender: Its name.
    :param server: Answers "still running".
    :param waits: How many, at least 2.
    :param interval: Seconds, the poll interval.
    :param stretch: Seconds for which they are measured once all have been polled, at least: where first polls took
        longer than that, further ones will too.
    """
    server.forget()
    with waits_process(contender, waits, interval, server.base_url) as process:
        running = Waits(process)
        idle = running.prepare()
        running.start(1)
        _until(lambda: server.counts().polled >= 1, 3 * interval + _FIRST_LOOKS)
        time.sleep(0.3)
        first = running.figures()
        before = running.resident()
        with _Peak(running.resident) as peak:
            started = time.perf_counter()
            running.start(waits - 1)
            _until(lambda: server.counts().polled >= waits, 3 * interval + _FIRST_LOOKS)
            first_polls = time.perf_counter() - started
            time.sleep(0.3)
            starting, from_counts = running.figures(), server.counts(gaps_anew=True)
            time.sleep(max(stretch, 1.1 * first_polls))
            steady, to_counts = running.figures(), server.counts()
        running.stop()
    polls = to_counts.requests - from_counts.requests
    busy = steady.cpu - starting.cpu - idle * (steady.clock - starting.clock)
    return Waiting(
        waits=waits,
        polls=polls,
        polls_per_second=polls / (to_counts.moment - from_counts.moment),
        cpu_ms_per_poll=max(0.0, busy) * 1000 / max(polls, 1),
        connections_per_poll=(to_counts.connections - from_counts.connections) / max(polls, 1),
        kib_per_wait=(peak.value - before) / _KIB / (waits - 1),
        first_stall_ms=first.stall,
        start_stall_ms=starting.stall,
        stall_ms=steady.stall,
        usual_stall_ms=steady.usual_stall,
        whole_stall_ms=max(starting.whole_stall, steady.whole_stall),
        collection_ms=max(starting.collection, steady.collection),
        sockets=to_counts.most_open,
        first_polls_s=first_polls,
        longest_gap_s=to_counts.longest_gap,
        polled=to_counts.polled,
        ended=steady.ended,
        error=steady.error,
    )


def _until(happened: Callable[[], bool], seconds: float) -> None:
    """Wait until something has happened, or so many seconds have passed: what is missing then shows in the figures."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)


class _Peak:
    """The largest value seen while the block runs, asked for ten times a second."""

    def __init__(self, ask: Callable[[], int]) -> None:
        self._ask = ask
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.value = ask()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.value = max(self.value, self._ask())
