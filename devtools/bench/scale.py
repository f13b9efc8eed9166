"""How ours grows: the same measurement at more and more waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devtools.bench.contenders import OURS
from devtools.bench.server import Server
from devtools.bench.waiting import Waiting, measure_waiting


def measure_scale(server: Server, *, sizes: Sequence[int], interval: float, stretch: float) -> Mapping[int, Waiting]:
    """Measure ours at each size.

    :param server: Answers "still running".
    :param sizes: Numbers of waits.
    :param interval: Seconds, the poll interval.
    :param stretch: Seconds for which they are measured once all have been polled, at least.
    """
    return {
        waits: measure_waiting(OURS.name, server, waits=waits, interval=interval, stretch=stretch) for waits in sizes
    }


def bearable_gap(waiting: Waiting, interval: float) -> float:
    """Seconds that a wait may go without a poll, lest it count as starved.

    Pauses may be three poll intervals long, and a quarter more by chance; under a rate limit that cannot serve all of
    them so often, twice what would be everyone's share.

    :param waiting: What was measured.
    :param interval: Seconds, the poll interval.
    """
    share = waiting.waits / waiting.polls_per_second if waiting.polls_per_second else 0.0
    return max(3 * 1.25 * interval, 2 * share)
