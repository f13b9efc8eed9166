"""How well polls are spent, in simulation: requests times mean delay, relative to a flat schedule of the same interval.

``python -m devtools.bench.schedule`` prints a table; nothing is sent anywhere. The schedule has learned from the polls
it made itself at 300 videos; it goes on learning. Of several such histories the polls and delays are added up.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from airflow_provider_runway.kie.schedule import JITTER, Schedule

PROFILE = "generate-5s-720p"
# A wait is given up after this many seconds.
TIMEOUT = 1800.0
HISTORIES = 8
LEARNED_FROM = 300
MEASURED = 500
# Windows, in videos since the change, in which a changed service is measured.
WINDOWS = ((0, 50), (50, 200), (200, 400))

# The age at which a video is ready, infinite for one that never is.
Draw = Callable[[random.Random], float]


@dataclass(frozen=True, slots=True)
class Law:
    """When videos become ready.

    :param draw: One video's age in seconds.
    :param alive: The share that is not ready at an age in seconds.
    :param limit: The most that the figure may be after learning.
    """

    name: str
    draw: Draw
    alive: Callable[[float], float]
    limit: float = 1.05


def log_normal(median: float, sigma: float, limit: float = 1.05) -> Law:
    def alive(age: float) -> float:
        return 0.5 * math.erfc(math.log(age / median) / (sigma * math.sqrt(2.0))) if age > 0.0 else 1.0

    return Law(
        f"log-normal {median:g} s, sigma {sigma:g}",
        lambda dice: dice.lognormvariate(math.log(median), sigma),
        alive,
        limit,
    )


def mixed(name: str, share: float, one: Law, other: Law) -> Law:
    return Law(
        name,
        lambda dice: one.draw(dice) if dice.random() < share else other.draw(dice),
        lambda age: share * one.alive(age) + (1.0 - share) * other.alive(age),
    )


EXPONENTIAL = Law(
    "exponential, mean 90 s", lambda dice: dice.expovariate(1.0 / 90.0), lambda age: math.exp(-max(age, 0.0) / 90.0)
)
NEVER = Law("never", lambda _: math.inf, lambda _: 1.0)
NARROW = log_normal(90.0, 0.3, limit=0.8)
WIDE = log_normal(90.0, 0.5, limit=0.9)
HUMPS = mixed("two humps, 40 s and 200 s", 0.5, log_normal(40.0, 0.2), log_normal(200.0, 0.2))
STUCK = mixed("5 % never ready, others log-normal 90 s, sigma 0.3", 0.05, NEVER, NARROW)
LAWS = (NARROW, WIDE, EXPONENTIAL, HUMPS, STUCK)
# The guess is 90 s.
MISJUDGED = tuple(log_normal(median, sigma) for median in (45.0, 180.0) for sigma in (0.3, 0.5))
CHANGES = (
    (NARROW, log_normal(180.0, 0.3)),
    (WIDE, log_normal(180.0, 0.5)),
    (NARROW, log_normal(45.0, 0.3)),
)


class Pauses(Protocol):
    """What a schedule is asked here."""

    def first_pause(self, age: float, poll_interval: float, jitter: float, /) -> float:
        """Seconds from the submission to the first poll."""
        ...

    def next_pause(self, age: float, poll_interval: float, jitter: float, /) -> float:
        """Seconds from a poll to the next one."""
        ...


class Flat:
    """One poll after each poll interval, with the jitter that the schedule has."""

    def next_pause(self, _age: float, poll_interval: float, jitter: float, /) -> float:
        """Seconds from a poll to the next one."""
        return poll_interval * (1.0 + JITTER * jitter)

    first_pause = next_pause


@dataclass(slots=True)
class Tally:
    """Polls and delays of many videos."""

    videos: int = 0
    ready: int = 0
    polls: int = 0
    delay: float = 0.0

    @property
    def figure(self) -> float:
        """Mean polls times mean delay, in seconds."""
        return self.mean_polls * self.mean_delay

    @property
    def mean_polls(self) -> float:
        """Polls at one video."""
        return self.polls / self.videos

    @property
    def mean_delay(self) -> float:
        """Seconds from when a video is ready to the poll that sees it."""
        return self.delay / self.ready


def watch(
    pauses: Pauses, ends: Iterable[float], poll_interval: float, dice: random.Random, tally: Tally | None = None
) -> Tally:
    """Wait for videos, one after another, with a schedule that learns if it is one of ours."""
    tally = tally or Tally()
    learner = pauses if isinstance(pauses, Schedule) else None
    for end in ends:
        age, since = pauses.first_pause(0.0, poll_interval, dice.random()), 0.0
        while True:
            age = min(age, TIMEOUT)
            tally.polls += 1
            if learner is not None and end <= age:
                learner.learn(since, age)
            if end <= age or age >= TIMEOUT:
                break
            since = age
            age += pauses.next_pause(age, poll_interval, dice.random())
        tally.videos += 1
        if end <= age:
            tally.ready += 1
            tally.delay += age - end
    return tally


class Untaught:
    """A schedule that never learns: what the built-in guess is worth alone."""

    def __init__(self) -> None:
        schedule = Schedule(PROFILE)
        self.first_pause = schedule.first_pause
        self.next_pause = schedule.next_pause


@dataclass(frozen=True, slots=True)
class Comparison:
    """A schedule beside the flat one, at the same videos."""

    ours: Tally
    flat: Tally

    @property
    def figure(self) -> float:
        """Requests times mean delay, where the flat schedule's is 1."""
        return self.ours.figure / self.flat.figure


def taught(law: Law, poll_interval: float, dice: random.Random, videos: int = LEARNED_FROM) -> Schedule:
    schedule = Schedule(PROFILE)
    watch(schedule, drawn(law, videos, dice), poll_interval, dice)
    return schedule


def drawn(law: Law, videos: int, dice: random.Random) -> list[float]:
    return [law.draw(dice) for _ in range(videos)]


def learned(law: Law, poll_interval: float, *, histories: int = HISTORIES, videos: int = MEASURED) -> Comparison:
    """After learning."""
    ours, flat = Tally(), Tally()
    for seed in range(histories):
        dice = random.Random(seed)
        schedule = taught(law, poll_interval, dice)
        ends = drawn(law, videos, dice)
        watch(schedule, ends, poll_interval, dice, ours)
        watch(Flat(), ends, poll_interval, dice, flat)
    return Comparison(ours, flat)


def cold(law: Law, poll_interval: float, *, videos: int = HISTORIES * MEASURED) -> Comparison:
    """With the built-in guess alone."""
    dice = random.Random(0)
    ends = drawn(law, videos, dice)
    return Comparison(watch(Untaught(), ends, poll_interval, dice), watch(Flat(), ends, poll_interval, dice))


def changing(
    before: Law,
    after: Law,
    poll_interval: float,
    *,
    histories: int = 4 * HISTORIES,
    windows: Sequence[tuple[int, int]] = WINDOWS,
) -> list[Comparison]:
    """While the schedule finds out that the service has changed: one comparison for each window of videos."""
    found = [Comparison(Tally(), Tally()) for _ in windows]
    for seed in range(histories):
        dice = random.Random(seed)
        schedule = taught(before, poll_interval, dice)
        ends = drawn(after, windows[-1][1], dice)
        for (first, last), comparison in zip(windows, found, strict=True):
            watch(schedule, ends[first:last], poll_interval, dice, comparison.ours)
            watch(Flat(), ends[first:last], poll_interval, dice, comparison.flat)
    return found


def optimum(law: Law, step: float = 0.1) -> float:
    """The figure of polls as dense as ``sqrt(f / S)``, f the density and S the survival, without any other bound."""
    lives = [law.alive(step * i) for i in range(int(TIMEOUT / step) + 1)]
    spent = sum(math.sqrt(max(a - b, 0.0) / step * 0.5 * (a + b)) for a, b in pairwise(lives)) * step
    flat = sum(0.5 * (a + b) for a, b in pairwise(lives)) * step
    return spent**2 / (flat * (lives[0] - lives[-1]))


def main() -> int:
    """Print the tables; returns 1 if a figure is above its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--poll-interval", type=float, nargs="+", default=[2.0, 5.0, 10.0, 15.0], help="seconds")
    intervals = parser.parse_args().poll_interval
    good = True
    for poll_interval in intervals:
        print(f"poll_interval {poll_interval:g} s")
        print(f"  {'videos become ready':52} {'flat':>17} {'learned':>21} {'guess':>6} {'optimum':>8} {'limit':>6}")
        for law in (*LAWS, *MISJUDGED):
            one, other = learned(law, poll_interval), cold(law, poll_interval)
            good &= one.figure <= law.limit and other.figure <= 1.05
            print(
                f"  {law.name:52} {_spent(one.flat):>17} {_spent(one.ours):>14} {one.figure:6.2f} {other.figure:6.2f}"
                f" {optimum(law):8.2f} {law.limit:6.2f}"
            )
        windows = [f"{first}-{last}" for first, last in WINDOWS]
        print(f"  {'change of the service; after so many videos':78}" + "".join(f"{w:>8}" for w in windows))
        for before, after in CHANGES:
            figures = [comparison.figure for comparison in changing(before, after, poll_interval)]
            good &= max(figures) <= 1.05
            print(f"  {before.name + ' -> ' + after.name:78}" + "".join(f"{f:8.2f}" for f in figures))
    print("\nflat, learned: polls a video x mean delay; learned, guess, optimum: that product relative to flat's.")
    return 0 if good else 1


def _spent(tally: Tally) -> str:
    return f"{tally.mean_polls:.1f} x {tally.mean_delay:.2f} s"


if __name__ == "__main__":
    raise SystemExit(main())
