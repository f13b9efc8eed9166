"""When to look at a video, from when such videos are ready: pure arithmetic, with the time and the chance passed in.

Requests and delay are traded best when looks are as dense as the square root of the hazard: of the chance that a video
which is not ready yet becomes ready in the next moment. ``poll_interval`` is the pause where that is high. Elsewhere
time is stretched: a second counts for less, and the next look comes when a ``poll_interval`` of such seconds is over.
So a pause never reaches far into the stretch in which videos become ready.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from airflow_provider_runway.kie.forecast import CELLS, EDGES, Forecast, cell_of, guess_for

# Each pause is lengthened by up to this share, so that waits do not keep step.
JITTER = 0.2
# Pauses, jitter and all, in poll intervals: before and while videos become ready, and when nearly all are.
LONGEST_BEFORE = 3.0
LONGEST_AFTER = 6.0
# At the most, a wait goes ahead of others that fell due so many of its poll intervals earlier.
HEAD_START = 6.0


class Schedule:
    """When to look at the videos of one profile.

    :param forecast: When such videos end; it may go on learning.
    """

    # The share of videos that become ready where looks are less dense than a poll interval allows, for a low hazard.
    _SPARSE = 0.2
    # Nearly all: the share of videos after which the longest pauses may be longer.
    _NEARLY_ALL = 0.9

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast
        self._version = -1
        self._paces: Sequence[float] = ()
        self._beats: Sequence[float] = ()

    @classmethod
    def of(cls, profile: str) -> Schedule:
        """The schedule for a profile of which nothing was seen yet.

        :param profile: A name as in the price list, such as ``generate-5s-720p``, or a kind: ``runway``, ``aleph``.
        """
        return cls(Forecast(guess_for(profile)))

    def next_pause(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from a look that found the video not ready to the next look.

        :param age: Seconds since the submission; ``None`` if that is unknown: the pauses are even then.
        :param poll_interval: Seconds, the shortest pause.
        :param jitter: A number in [0, 1).
        :return: From one ``poll_interval`` to :data:`LONGEST_BEFORE` of them while videos are becoming ready, and to
            :data:`LONGEST_AFTER` later.
        """
        beats = poll_interval * (1.0 + JITTER * jitter)
        if age is None or age != age:  # noqa: PLR0124 - no number
            return beats
        return max(poll_interval, self._stretched(age, beats))

    def first_pause(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from the beginning of a wait to its first look, such that waits that begin together spread.

        :param age: Seconds since the submission; ``None`` if that is unknown.
        :param poll_interval: Seconds, the shortest pause.
        :param jitter: A number in [0, 1).
        :return: For a new video, at least until it is a ``poll_interval`` old; a wait that begins later, after a
            restart say, may have been without a look for long, and gets one within a usual pause.
        """
        if age is None or age != age:  # noqa: PLR0124 - no number
            return poll_interval * (1.0 + 0.5 * jitter)
        age = max(age, 0.0)
        if age < poll_interval:
            earliest = poll_interval - age
            latest = max(self._stretched(age, 1.3 * poll_interval), 1.3 * poll_interval)
            return earliest + jitter * (latest - earliest)
        return self._stretched(age, jitter * poll_interval)

    def head_start(self, since: float | None, age: float | None, poll_interval: float) -> float:
        """Seconds by which a look that is due goes ahead of others, where a limit holds all of them up.

        Of the looks that are due, take the one with the smallest ``due moment - head start``. It goes by how likely the
        look finds the video ready, and is bounded, so that each look's turn comes.

        :param since: Age in seconds at the last look; ``None`` if there was none or the age is unknown.
        :param age: Age in seconds at the look that is due; ``None`` if it is unknown.
        :param poll_interval: Seconds.
        """
        if age is None or since is None:
            return 0.5 * HEAD_START * poll_interval
        return HEAD_START * poll_interval * self.forecast.chance(since, age)

    def _stretched(self, age: float, beats: float) -> float:
        """Seconds after this age in which so many dense seconds pass."""
        if self._version != self.forecast.version:
            self._tabulate()
        age = max(age, 0.0)
        if age >= EDGES[-1]:
            return beats / self._paces[-1]
        cell = cell_of(age)
        target = self._beats[cell] + (age - EDGES[cell]) * self._paces[cell] + beats
        cell = min(bisect_right(self._beats, target, cell) - 1, CELLS - 1)
        return EDGES[cell] + (target - self._beats[cell]) / self._paces[cell] - age

    def _tabulate(self) -> None:
        """How much a second counts in each cell, and how much the seconds up to each edge do together."""
        hazard = self.forecast.hazard
        ends = []
        alive = 1.0
        for cell in range(CELLS):
            left = alive * math.exp(-hazard[cell] * (EDGES[cell + 1] - EDGES[cell]))
            ends.append(alive - left)
            alive = left
        all_ends = sum(ends)
        dense, share = 0.0, 0.0
        for cell in sorted(range(CELLS), key=hazard.__getitem__):
            dense = hazard[cell]
            share += ends[cell]
            if share >= self._SPARSE * all_ends:
                break
        slowest = (1.0 + JITTER) / LONGEST_BEFORE
        paces, beats = [], [0.0]
        share = 0.0
        for cell in range(CELLS):
            if share >= self._NEARLY_ALL * all_ends:
                slowest = (1.0 + JITTER) / LONGEST_AFTER
            share += ends[cell]
            paces.append(min(1.0, max(slowest, math.sqrt(hazard[cell] / dense))))
            beats.append(beats[-1] + paces[-1] * (EDGES[cell + 1] - EDGES[cell]))
        self._paces, self._beats = tuple(paces), tuple(beats)
        self._version = self.forecast.version
