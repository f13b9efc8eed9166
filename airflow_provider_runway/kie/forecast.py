"""When a video will be ready, as far as this process can tell: pure arithmetic on what looks have shown.

A look shows only that a video had ended since the look before, or that it had not. So the forecast is kept as a hazard:
for each stretch of age, how many videos ended in it, and for how long videos were watched in it. That bears waits that
begin late, waits that are given up, and ends that are known only to within a pause. Old knowledge fades as new comes
in, so a service that becomes slower or faster is followed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guess:
    """What is expected of videos before one was seen.

    :param median: Seconds from the submission within which half of the videos are ready.
    """

    median: float


# KIE.AI publishes no times for Runway; videos of its market take 56 to 313 s, so half of the plain ones are guessed to
# be ready in 90 s, and those with twice the seconds or pixels to take somewhat longer. Aleph: 2 to 15 minutes by its
# documentation, 3 to 8 by client code. All of it is a start and is soon outweighed.
_USUAL = Guess(median=90.0)
_GUESSES = {
    "generate-10s-720p": Guess(median=120.0),
    "generate-5s-1080p": Guess(median=120.0),
    "extend-1080p": Guess(median=120.0),
    "aleph": Guess(median=300.0),
}


def guess_for(profile: str) -> Guess:
    """What is expected of videos of this profile.

    :param profile: A name as in the price list, such as ``generate-5s-720p``, or a kind: ``runway``, ``aleph``.
    """
    return _GUESSES.get(profile, _USUAL)


def _grid(first: float, last: float, growth: float) -> tuple[float, ...]:
    edges = [0.0, first]
    while edges[-1] < last:
        edges.append(edges[-1] * growth)
    return tuple(edges)


# Ages in seconds. Cell k lies between edges k and k + 1; what is older than the last edge is not told apart.
_FIRST, _GROWTH = 1.0, 1.12
EDGES = _grid(_FIRST, 2.0 * 3600.0, _GROWTH)
CELLS = len(EDGES) - 1
_LENGTHS = tuple(b - a for a, b in zip(EDGES, EDGES[1:], strict=False))
_PER_LOG = 1.0 / math.log(_GROWTH)


def cell_of(age: float) -> int:
    """The cell of an age in seconds, which is not negative and lies below the last edge."""
    if age < _FIRST:
        return 0
    cell = min(1 + int(math.log(age) * _PER_LOG), CELLS - 1)
    # The logarithm is off by a hair now and then.
    if age < EDGES[cell]:
        return cell - 1
    if age >= EDGES[cell + 1]:
        return min(cell + 1, CELLS - 1)
    return cell


class Forecast:
    """When videos of one profile end, in seconds since their submission; learns from each look.

    :param guess: What to expect before anything was seen.
    """

    # Of so many ended videos about two thirds of the knowledge is left.
    _MEMORY = 200.0
    # So many videos the guess counts for, always. Part of it expects nothing at all: an even hazard.
    _GUESS_WEIGHT = 6.0
    _GUESS_SIGMA = 0.6
    _GUESS_EVEN = 0.5
    # A cell where little was seen is taken to be like the younger one beside it, with this many videos' weight, and
    # with a hazard that falls a little from cell to cell.
    _LIKENESS = 4.0
    _FADING = 0.95
    # Tables are made anew when this share of the memory is new.
    _STALE = 0.01

    def __init__(self, guess: Guess) -> None:
        self._guess_ended, self._guess_watched = self._expected(guess)
        self._ended = [0.0] * CELLS
        self._watched = [0.0] * CELLS
        # Instead of fading what is old, what is new weighs more and more.
        self._weight = 1.0
        self._fresh = 0.0
        self.version = 0
        self.hazard: Sequence[float] = ()
        self._cumulative: Sequence[float] = ()
        self._tabulate()

    def saw(self, since: float, age: float, *, ended: bool) -> None:
        """Learn from one look.

        :param since: Age in seconds up to which the video was known not to have ended: that of the last look, or 0 if
            the video has been waited for since its submission. A wait that began later has nothing to tell before
            its first look, and no end to tell at it.
        :param age: Age in seconds at this look.
        :param ended: Whether the video was ready, or had failed.
        """
        if not since < age:  # a clock that was set, or no number
            return
        since, age = max(since, 0.0), min(age, EDGES[-1])
        if since >= age:
            return
        if ended:
            self._end_between(since, age)
            self._weight *= 1.0 + 1.0 / self._MEMORY
            self._fresh += 1.0
        else:
            self._watch_between(since, age, self._weight)
            self._fresh += 0.1
        if self._fresh >= 1.0 + self._STALE * self._known():
            self._tabulate()

    def chance(self, since: float, age: float) -> float:
        """How likely a video, not ended at the age ``since``, has ended at the age ``age`` (seconds)."""
        return -math.expm1(self._cumulated(since) - self._cumulated(age)) if since < age else 0.0

    def _known(self) -> float:
        return sum(self._ended) / self._weight

    def _cumulated(self, age: float) -> float:
        if age <= 0.0:
            return 0.0
        if age >= EDGES[-1]:
            return self._cumulative[-1]
        cell = cell_of(age)
        return self._cumulative[cell] + self.hazard[cell] * (age - EDGES[cell])

    def _watch_between(self, since: float, age: float, weight: float) -> None:
        cell, last = cell_of(since), cell_of(age)
        watched = self._watched
        while cell < last:
            edge = EDGES[cell + 1]
            watched[cell] += weight * (edge - since)
            since = edge
            cell += 1
        watched[cell] += weight * (age - since)

    def _end_between(self, since: float, age: float) -> None:
        """Spread an end over the ages at which it may have been, as likely as it was at each."""
        parts = []
        alive = 1.0
        for cell in range(cell_of(since), cell_of(age) + 1):
            length = min(age, EDGES[cell + 1]) - max(since, EDGES[cell])
            left = alive * math.exp(-self.hazard[cell] * length)
            parts.append((cell, length, alive - left))
            alive = left
        share = self._weight / (1.0 - alive)
        alive = self._weight
        for cell, length, likely in parts:
            ended = likely * share
            self._ended[cell] += ended
            self._watched[cell] += length * (alive - 0.5 * ended)
            alive -= ended

    def _tabulate(self) -> None:
        if self._weight > 1e9:
            self._ended = [ended / self._weight for ended in self._ended]
            self._watched = [watched / self._weight for watched in self._watched]
            self._weight = 1.0
        scale = 1.0 / self._weight
        ended = _smooth([g + scale * e for g, e in zip(self._guess_ended, self._ended, strict=True)])
        watched = _smooth([g + scale * w for g, w in zip(self._guess_watched, self._watched, strict=True)])
        hazard, cumulative = [], [0.0]
        beside = ended[0] / watched[0]
        for e, w, length in zip(ended, watched, _LENGTHS, strict=True):
            beside = (e + self._LIKENESS) / (w + self._LIKENESS / (beside * self._FADING))
            hazard.append(beside)
            cumulative.append(cumulative[-1] + beside * length)
        self.hazard, self._cumulative = tuple(hazard), tuple(cumulative)
        self._fresh = 0.0
        self.version += 1

    def _expected(self, guess: Guess) -> tuple[list[float], list[float]]:
        """Ended videos, and watched seconds, of each cell, that the guess stands for."""
        even = self._GUESS_EVEN
        mean = guess.median * 1.3

        def alive(age: float) -> float:
            if age <= 0.0:
                return 1.0
            normal = 0.5 * math.erfc(math.log(age / guess.median) / self._GUESS_SIGMA / math.sqrt(2.0))
            return even * math.exp(-age / mean) + (1.0 - even) * normal

        lives = [self._GUESS_WEIGHT * alive(edge) for edge in EDGES]
        ended = [a - b for a, b in zip(lives, lives[1:], strict=False)]
        watched = [0.5 * (a + b) * n for a, b, n in zip(lives, lives[1:], _LENGTHS, strict=False)]
        return ended, watched


def _smooth(values: list[float]) -> list[float]:
    """Each value with a share of those beside it, so that chance does not show as a hump."""
    for _ in range(2):
        padded = [values[0], *values, values[-1]]
        values = [0.25 * a + 0.5 * b + 0.25 * c for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)]
    return values
