"""What goes wrong in a run of `make chaos`, and when: drawn from a seed, so that a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from airflow_provider_runway.sandbox import (
    CutAfter,
    CutBefore,
    CutMedia,
    Delay,
    Fail,
    Garbage,
    Missing,
    NoTaskId,
    NoUrl,
    Refuse,
    States,
    WrongLength,
)
from airflow_provider_runway.sandbox.faults import Action, Fault, Purpose

FORBIDDEN: Final = "forbidden"
# One prompt in so many is one that the moderation of the service refuses.
FORBIDDEN_EVERY: Final = 40
# Seconds after which a client of the service gives up on an answer.
CLIENT_TIMEOUT: Final = 10.0
# Seconds for which the batch gets under way before the first process is killed.
QUIET_START: Final = 10.0


class Target(str, Enum):
    """Whom a strike kills."""

    TASK = "task"
    TALKING_TASK = "task talking to the service"
    WORKER = "worker under a task"
    CELERY_WORKER = "Celery worker with its tasks"
    TRIGGERER = "triggerer"
    API_SERVER = "api-server"
    SCHEDULER = "scheduler with its tasks"
    SCHEDULER_ALONE = "scheduler, its tasks left"

    def __str__(self) -> str:
        return self.value

    @property
    def component(self) -> str | None:
        """The component of Airflow that it is, or one of several; None for a process of a task."""
        if self is Target.CELERY_WORKER:
            return "worker"
        if self in {Target.SCHEDULER, Target.SCHEDULER_ALONE}:
            return "scheduler"
        return self.value if self in {Target.TRIGGERER, Target.API_SERVER} else None


# Strikes a minute. A killed scheduler or api-server holds everything up for some twenty seconds.
RATES: Final = {
    Target.TASK: 7.0,
    Target.TALKING_TASK: 10.0,
    Target.WORKER: 2.0,
    Target.TRIGGERER: 0.9,
    Target.API_SERVER: 0.6,
    Target.SCHEDULER: 0.4,
    Target.SCHEDULER_ALONE: 0.4,
}


@dataclass(frozen=True, slots=True, order=True)
class Strike:
    """One process to kill.

    :param at: seconds after the start of the batch.
    :param target: who.
    :param lot: a number in [0, 1) that picks one where there are several.
    :param away: seconds until a component is started again.
    """

    at: float
    target: Target
    lot: float
    away: float


def schedule(
    seed: int, seconds: float, rates: Mapping[Target, float] = RATES, away: Mapping[Target, float] | None = None
) -> tuple[Strike, ...]:
    """The strikes of a run, in order. Each target has its share of them, at least one, spread over the whole time.

    :param seed: the same seed gives the same strikes.
    :param seconds: how long the run is struck.
    :param rates: strikes a minute.
    :param away: seconds until a component is started again, by target; a few where it does not say.
    """
    strikes: list[Strike] = []
    for target, rate in rates.items():
        dice = random.Random(f"{seed} {target}")
        count = max(1, round(rate * (seconds - QUIET_START) / 60))
        slot = (seconds - QUIET_START) / count
        for number in range(count):
            at = QUIET_START + slot * (number + dice.random())
            lot, soon = dice.random(), dice.uniform(0.5, 5.0)
            strikes.append(Strike(at, target, lot, (away or {}).get(target, soon)))
    return tuple(sorted(strikes, key=lambda strike: strike.at))


def prompts(videos: int) -> tuple[str, ...]:
    """A prompt of its own for each video; some are such that the moderation refuses them."""
    return tuple(
        f"Video {number:03}: {'something ' + FORBIDDEN if number % FORBIDDEN_EVERY == 7 else 'a lighthouse in fog'}"
        for number in range(videos)
    )


def faults(seed: int) -> tuple[Fault, ...]:
    """What the service does wrong in a run, each with its chance and its own part of the seed."""
    dice = random.Random(f"{seed} faults")
    return tuple(replace(each, seed=dice.getrandbits(32)) for each in _faults())


def _chance(
    action: Action,
    on: Purpose,
    chance: float = 1.0,
    *,
    prompt: str | None = None,
    times: int | None = None,
    times_per_task: int | None = None,
) -> Fault:
    return Fault(action=action, on=on, prompt=prompt, probability=chance, times=times, times_per_task=times_per_task)


def _faults() -> Iterator[Fault]:
    # Of all that match and are no delay, the first strikes alone: what has a prompt of its own comes first.
    yield _chance(Fail("Your prompt was flagged by our moderator"), "submit", prompt=FORBIDDEN)
    yield from _late()
    yield from _doubtful_submissions()
    yield from _refused_submissions()
    yield from _failing_videos()
    yield from _bad_polls()
    yield from _bad_downloads()


def _late() -> Iterator[Fault]:
    yield _chance(Delay(1.0), "submit", 0.4)
    yield _chance(Delay(3.0), "submit", 0.1)
    yield _chance(Delay(CLIENT_TIMEOUT + 3), "submit", 0.01)
    yield _chance(Delay(0.7), "record", 0.1)
    yield _chance(Delay(CLIENT_TIMEOUT + 3), "record", 0.004)
    yield _chance(Delay(0.6), "media", 0.5)
    yield _chance(Delay(3.0), "media", 0.05)


def _doubtful_submissions() -> Iterator[Fault]:
    yield _chance(CutAfter(), "submit", 0.015)
    yield _chance(CutBefore(), "submit", 0.01)
    yield _chance(NoTaskId(), "submit", 0.006)
    yield _chance(Garbage("html", http_status=502), "submit", 0.006)
    yield _chance(Garbage("html", accepted=False), "submit", 0.006)
    yield _chance(Garbage("truncated"), "submit", 0.006)
    yield _chance(Garbage("empty", accepted=False), "submit", 0.006)
    yield _chance(Garbage("null"), "submit", 0.006)
    yield _chance(Garbage("shape", accepted=False), "submit", 0.006)
    yield _chance(Refuse(502, http_status=502, accepted=True), "submit", 0.006)
    yield _chance(Refuse(504, http_status=504), "submit", 0.006)
    yield _chance(Refuse(408, accepted=True), "submit", 0.006)


def _refused_submissions() -> Iterator[Fault]:
    yield _chance(Refuse(429), "submit", 0.04)
    yield _chance(Refuse(429, http_status=429, retry_after=5), "submit", 0.01)
    yield _chance(Refuse(455), "submit", 0.02, times=1)
    yield _chance(Refuse(500), "submit", 0.02)
    yield _chance(Refuse(503, http_status=503), "submit", 0.01)


def _failing_videos() -> Iterator[Fault]:
    yield _chance(Fail("Generation failed, please try again later"), "submit", 0.05)
    yield _chance(Fail("Internal error, please try again later", 500), "submit", 0.03)
    yield _chance(Fail("The server is busy. Please try again later", 500), "record", 0.004)


def _bad_polls() -> Iterator[Fault]:
    yield _chance(Missing(), "record", 0.08, times_per_task=2)
    yield _chance(Missing(null=True), "record", 0.03, times_per_task=2)
    yield _chance(NoUrl(), "record", 0.2, times_per_task=2)
    yield _chance(States(("reticulating", None)), "record", 0.03)
    yield _chance(CutBefore(), "record", 0.02)
    yield _chance(CutAfter(), "record", 0.01)
    yield _chance(Refuse(500), "record", 0.02)
    yield _chance(Refuse(502, http_status=502), "record", 0.01)
    yield _chance(Refuse(429), "record", 0.004)
    yield _chance(Refuse(455), "record", 0.004)
    yield _chance(Garbage("html"), "record", 0.01)
    yield _chance(Garbage("truncated"), "record", 0.01)
    yield _chance(Garbage("empty"), "record", 0.005)
    yield _chance(Garbage("shape"), "record", 0.005)


def _bad_downloads() -> Iterator[Fault]:
    yield _chance(CutMedia(after=1000), "media", 0.15)
    yield _chance(CutMedia(after=12_000), "media", 0.15)
    yield _chance(WrongLength(by=1000), "media", 0.03)
    yield _chance(WrongLength(by=-1000), "media", 0.03)
    yield _chance(CutBefore(), "media", 0.05)
    yield _chance(Refuse(503, http_status=503), "media", 0.05)
    yield _chance(Garbage("html"), "media", 0.02)
    yield _chance(Garbage("empty"), "media", 0.02)
