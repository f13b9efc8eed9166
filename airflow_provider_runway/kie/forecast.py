"""When videos become ready, as far as this process can tell: pure arithmetic on what looks have shown.

A look shows only whether a video has ended since the look before. So the forecast is kept as a hazard: for each stretch
of age, how many videos ended in it, and for how long videos were watched in it. That bears waits that begin late, waits
that are given up, and ends that are known only to within a pause. Old knowledge fades as new comes in, so a service
that becomes slower or faster is followed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

# Seconds from the submission within which half of the videos are ready, before any was seen. KIE.AI publishes no times
# for Runway; videos of its market take 56 to 313 s, and twice the seconds or pixels are guessed to take longer.
# Aleph takes 2 to 15 minutes by its documentation, 3 to 8 as client code has it. All of it is soon outweighed.
_USUAL = 90.0
_OTHERS = {"generate-10s-720p": 120.0, "generate-5s-1080p": 120.0, "extend-1080p": 120.0, "aleph": 300.0}


def guessed_median(profile: str) -> float:
    """Seconds within which half of the videos of a profile are guessed to be ready.

    :param profile: A name as in the price list, such as ``generate-5s-720p``, or a kind: ``runway``, ``aleph``. Any
        other text stands for a plain video.
    """
    return _OTHERS.get(profile, _USUAL)


def _edges(first: float, last: float, growth: float) -> tuple[float, ...]:
    edges = [0.0, first]
    while edges[-1] < last:
        edges.append(edges[-1] * growth)
    return tuple(edges)


# Ages in seconds. Cell k lies between edges k and k + 1; ages beyond the last edge, two hours, are not told apart.
_FIRST, _GROWTH = 1.0, 1.12
EDGES = _edges(_FIRST, 2.0 * 3600.0, _GROWTH)
CELLS = len(EDGES) - 1
LENGTHS = tuple(b - a for a, b in pairwise(EDGES))
_PER_LOG = 1.0 / math.log(_GROWTH)


def cell_of(age: float) -> int:
    """The cell of an age from 0 to the last edge, in seconds."""
    if age < _FIRST:
        return 0
    cell = min(1 + int(math.log(age) * _PER_LOG), CELLS - 1)
    # The logarithm is off by a hair now and then.
    if age < EDGES[cell]:
        return cell - 1
    return cell + 1 if cell + 1 < CELLS and age >= EDGES[cell + 1] else cell


class Forecast:
    """When videos of one profile end, in seconds since their submission; learns from each look.

    :param median: Seconds, a guess at the age by which half of the videos are ready.
    """

    # News after which a third of the old knowledge is left. A video is worth about two: its end, and that it did not
    # end earlier.
    _MEMORY = 500.0
    # The guess: most videos lie log-normally about its median; of the others little is known, and their hazard falls
    # slowly with age.
    _GUESS_SIGMA = 0.6
    _GUESS_OPEN = 0.3
    # Where little was seen, the hazard is taken to rise or fall from the age just before as the guess has it do. That
    # counts for so many ends, or so many videos watched, whichever is less.
    _LIKE_ENDS = 2.0
    _LIKE_VIDEOS = 20.0
    # So much of an end is spread evenly over the ages at which it may have been, in case the forecast is wrong.
    _ANYWHERE = 0.2
    # News, and share of what is known, after which the tables are made anew.
    _STALE = 1.0, 0.01
    _HEAVY = 1e9

    def __init__(self, median: float) -> None:
        self._guessed = self._guess(median)
        self._ends = [0.0] * CELLS
        self._watch = [0.0] * CELLS
        # Rather than that the old fades, the new weighs more and more.
        self._weight = 1.0
        self._version = 0
        self._tabulate()

    @property
    def version(self) -> int:
        """A number that changes when the forecast does."""
        return self._version

    @property
    def hazard(self) -> Sequence[float]:
        """For each cell, ends a second among the videos that have not ended yet."""
        return self._hazard

    def chance(self, since: float, age: float) -> float:
        """How likely it is that a video which had not ended at one age has ended at another.

        :param since: Seconds since the submission, when it had not.
        :param age: Seconds since the submission.
        :return: From 0 to 1.
        """
        return -math.expm1(self._hazard_until(since) - self._hazard_until(age)) if since < age else 0.0

    def saw(self, since: float, age: float, *, ended: bool) -> None:
        """Learn from one look.

        :param since: Seconds since the submission up to which the video was known not to have ended: its age at the
            last look, or 0 if there was none and it has been waited for since its submission. A wait that begins later
            has nothing to tell at its first look: those that ended before are missing from its like.
        :param age: Its age at this look.
        :param ended: Whether it was ready, or had failed.
        """
        since, age = max(since, 0.0), min(age, EDGES[-1])
        if not since < age:  # too old to be told apart, or a clock that was set, or no number
            return
        if ended:
            self._note_end(since, age)
            news = 1.0
        else:
            news = self._note_none(since, age)
        self._weight *= 1.0 + news / self._MEMORY
        self._news += news
        if self._news >= self._enough_news:
            self._tabulate()

    def _note_none(self, since: float, age: float) -> float:
        """Take down that nothing ended; returns how likely an end would have been."""
        chance = self.chance(since, age)
        watch, weight = self._watch, self._weight
        cell, last = cell_of(since), cell_of(age)
        while cell < last:
            watch[cell] += weight * (EDGES[cell + 1] - since)
            cell += 1
            since = EDGES[cell]
        watch[cell] += weight * (age - since)
        return chance

    def _note_end(self, since: float, age: float) -> None:
        """Spread an end over the ages at which it may have been, by how likely it was at each."""
        parts = []
        alive = 1.0
        for cell in range(cell_of(since), cell_of(age) + 1):
            seconds = min(age, EDGES[cell + 1]) - max(since, EDGES[cell])
            likely = alive * -math.expm1(-self._hazard[cell] * seconds)
            parts.append((cell, seconds, likely))
            alive -= likely
        total = sum(likely for _, _, likely in parts)
        if total <= 0.0:  # so short, or so unlikely, that it is lost in rounding
            parts, total = [(cell_of(since), age - since, 1.0)], 1.0
        alive = self._weight
        for cell, seconds, likely in parts:
            ends = self._weight * ((1.0 - self._ANYWHERE) * likely / total + self._ANYWHERE * seconds / (age - since))
            self._ends[cell] += ends
            self._watch[cell] += seconds * (alive - 0.5 * ends)
            alive -= ends

    def _hazard_until(self, age: float) -> float:
        if not age > 0.0:
            return 0.0
        if age >= EDGES[-1]:
            return self._sums[-1]
        cell = cell_of(age)
        return self._sums[cell] + self._hazard[cell] * (age - EDGES[cell])

    def _tabulate(self) -> None:
        if self._weight > self._HEAVY:
            self._ends = [ends / self._weight for ends in self._ends]
            self._watch = [watch / self._weight for watch in self._watch]
            self._weight = 1.0
        ends, watch = _smooth(self._ends), _smooth(self._watch)
        most_ends, most_videos = self._weight * self._LIKE_ENDS, self._weight * self._LIKE_VIDEOS
        hazard, sums = [], [0.0]
        before = guessed_before = self._guessed[0]
        for ended, watched, guessed, seconds in zip(ends, watch, self._guessed, LENGTHS, strict=True):
            alike = before * guessed / guessed_before
            trust = min(most_ends / alike, most_videos * seconds)
            before = (ended + trust * alike) / (watched + trust)
            guessed_before = guessed
            hazard.append(before)
            sums.append(sums[-1] + before * seconds)
        self._hazard, self._sums = tuple(hazard), tuple(sums)
        self._news = 0.0
        self._enough_news = self._STALE[0] + self._STALE[1] * sum(self._ends) / self._weight
        self._version += 1

    def _guess(self, median: float) -> Sequence[float]:
        """The hazard in each cell that the guess stands for."""

        def alive(age: float) -> float:
            about = 0.5 * math.erfc(math.log(age / median) / (self._GUESS_SIGMA * math.sqrt(2.0))) if age > 0.0 else 1.0
            return self._GUESS_OPEN * (1.0 + age / (2.414 * median)) ** -2 + (1.0 - self._GUESS_OPEN) * about

        lives = [math.log(alive(edge)) for edge in EDGES]
        return tuple((a - b) / seconds for (a, b), seconds in zip(pairwise(lives), LENGTHS, strict=True))


def _smooth(values: list[float]) -> list[float]:
    """Each value with a share of those beside it, so that chance does not show as a hump."""
    for _ in range(2):
        padded = [values[0], *values, values[-1]]
        values = [0.25 * a + 0.5 * b + 0.25 * c for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]
    return values
