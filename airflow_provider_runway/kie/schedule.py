"""When to look at a video, from when such videos become ready: pure arithmetic, with time and chance passed in.

Requests and delay are traded best when looks are as dense as the square root of the hazard (:mod:`.forecast`). So
``poll_interval`` is the pause where the hazard is high; where it is low, a second counts for less than a second, and
the next look comes when a ``poll_interval`` of such seconds has passed. A long pause therefore ends soon after videos
begin to become ready, wherever it began.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from airflow_provider_runway.kie.forecast import CELLS, EDGES, LENGTHS, Forecast, cell_of, guessed_median

# A pause is lengthened by up to this share, so that waits do not keep step.
JITTER = 0.2
# The longest pauses, in poll intervals and with their jitter: until nearly all videos are ready, and from then on.
LONGEST = 3.0
LONGEST_AFTER = 6.0
# In poll intervals, how far a look that is sure to find the video ready goes ahead of one that is sure not to.
HEAD_START = 6.0

# The first look at a new video falls evenly between these parts of the dense seconds that a poll interval has.
_FIRST_FROM, _FIRST_TO = 0.8, 1.3


class Schedule:
    """When to look at the videos of one profile.

    :param forecast: When such videos end. It may go on learning.
    """

    # The share of videos that end where the hazard is too low for the shortest pause.
    _SPARSE = 0.15
    # The share of videos that makes nearly all.
    _NEARLY_ALL = 0.9
    # From so many times the age at which nearly all are ready, pauses grow with age, whatever the forecast says.
    _LATE = 2.0

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast
        self._version = forecast.version
        self._tabulate()

    @classmethod
    def of(cls, profile: str) -> Schedule:
        """The schedule for videos of which none was seen yet.

        :param profile: A name as in the price list, such as ``generate-5s-720p``, or a kind: ``runway``, ``aleph``.
        """
        return cls(Forecast(guessed_median(profile)))

    def first_pause(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from the beginning of a wait to its first look. Waits that begin together are spread.

        :param age: Seconds since the submission; ``None`` if that is unknown.
        :param poll_interval: Seconds, the shortest pause between two looks.
        :param jitter: A number in [0, 1).
        :return: Until the video is one to three ``poll_interval`` old. A wait that begins later than that, after a
            restart for instance, may have been without a look for long: it gets one within the usual pause.
        """
        if age is None or math.isnan(age):
            return poll_interval * (1.0 + (_FIRST_TO - 1.0) * jitter)
        age = max(age, 0.0)
        if age >= poll_interval:
            return max(0.0, self._until(age, jitter * poll_interval))
        earliest = max(
            poll_interval - age, min(self._until(age, _FIRST_FROM * poll_interval), 2.0 * poll_interval - age)
        )
        latest = min(self._until(age, _FIRST_TO * poll_interval), LONGEST * poll_interval - age)
        return earliest + jitter * max(0.0, latest - earliest)

    def next_pause(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from a look at which the video was not ready to the next one.

        :param age: Seconds since the submission; ``None`` if that is unknown: then pauses are even.
        :param poll_interval: Seconds, the shortest pause.
        :param jitter: A number in [0, 1).
        :return: From ``poll_interval`` to :data:`LONGEST` times that, or to :data:`LONGEST_AFTER` times that when
            nearly all such videos are ready.
        """
        pause = poll_interval * (1.0 + JITTER * jitter)
        return pause if age is None or math.isnan(age) else max(poll_interval, self._until(age, pause))

    def head_start(self, since: float | None, age: float | None, poll_interval: float) -> float:
        """Seconds by which a look goes ahead of others when a limit on requests holds all of them up.

        Of the looks that are due, the one with the smallest ``moment it fell due - head start`` goes first: those that
        are likely to find a video ready do. As it is bounded, every look's turn comes.

        :param since: Seconds since the submission at the last look; ``None`` if there was none, or it is unknown.
        :param age: Seconds since the submission when the look falls due; ``None`` if it is unknown.
        :param poll_interval: Seconds, the shortest pause between two looks.
        :return: From 0 to :data:`HEAD_START` times ``poll_interval``; half of that where nothing is known.
        """
        chance = 0.5 if since is None or age is None else self.forecast.chance(since, age)
        return HEAD_START * poll_interval * chance

    def _until(self, age: float, beats: float) -> float:
        """Seconds from this age until so many seconds, as they count, have passed."""
        if self._version != self.forecast.version:
            self._version = self.forecast.version
            self._tabulate()
        if age >= EDGES[-1]:
            return beats / self._pace[-1]
        age = max(age, 0.0)
        cell = cell_of(age)
        target = self._sums[cell] + (age - EDGES[cell]) * self._pace[cell] + beats
        cell = min(bisect_right(self._sums, target, cell) - 1, CELLS - 1)
        return EDGES[cell] + (target - self._sums[cell]) / self._pace[cell] - age

    def _tabulate(self) -> None:
        """For each cell how much a second in it counts, and for each edge how much all seconds before it do."""
        hazard = self.forecast.hazard
        ends = _ends(hazard)
        dense = _quantile(hazard, ends, self._SPARSE)
        slowest, late = (1.0 + JITTER) / LONGEST, math.inf
        coming = sum(ends)
        few = (1.0 - self._NEARLY_ALL) * coming
        pace, sums = [], [0.0]
        for cell in range(CELLS):
            if late == math.inf and coming <= few:
                slowest, late = (1.0 + JITTER) / LONGEST_AFTER, self._LATE * EDGES[cell]
            coming -= ends[cell]
            wanted = min(math.sqrt(hazard[cell] / dense), late / EDGES[cell + 1])
            pace.append(min(1.0, max(slowest, wanted)))
            sums.append(sums[-1] + pace[-1] * LENGTHS[cell])
        self._pace: Sequence[float] = tuple(pace)
        self._sums: Sequence[float] = tuple(sums)


def _ends(hazard: Sequence[float]) -> list[float]:
    """For each cell the share of videos that end in it."""
    ends = []
    alive = 1.0
    for cell in range(CELLS):
        ended = alive * -math.expm1(-hazard[cell] * LENGTHS[cell])
        ends.append(ended)
        alive -= ended
    return ends


def _quantile(hazard: Sequence[float], ends: Sequence[float], share: float) -> float:
    """The hazard below which this share of the videos that end do so."""
    rest = share * sum(ends)
    cells = sorted(range(CELLS), key=hazard.__getitem__)
    for cell in cells:
        rest -= ends[cell]
        if rest <= 0.0:
            return hazard[cell]
    return hazard[cells[-1]]
