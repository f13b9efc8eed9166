"""One queue for each connection: who is let through, when, and in which order."""

from __future__ import annotations

import asyncio
import math
import time
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import pytest

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.pacing import LEAD, Pace
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.admission_queue import AdmissionQueue, admission_queue

from .support import event_of


def test_one_that_was_refused_waits_its_pause_and_the_others_pass_it() -> None:
    async def both() -> tuple[dict[str, Any], dict[str, Any]]:
        now = time.time()
        refused = RunwayAdmissionTrigger("clips", now - 100, 1, now + LEAD + 0.4)
        waiting = asyncio.create_task(event_of(refused))
        await asyncio.sleep(0)
        other = await event_of(RunwayAdmissionTrigger("clips", now))
        return await waiting, other

    refused, other = asyncio.run(asyncio.wait_for(both(), 60))

    assert other["moment"] < refused["moment"]


def test_a_pause_that_kie_named_holds_all_of_the_connection_and_no_other() -> None:
    async def held() -> None:
        now = time.time()
        naming = asyncio.create_task(
            event_of(RunwayAdmissionTrigger("clips", now - 1, 1, now + LEAD + 0.5, holds_all=True))
        )
        await asyncio.sleep(0)
        behind = asyncio.create_task(event_of(RunwayAdmissionTrigger("clips", now)))
        other = await event_of(RunwayAdmissionTrigger("others", now))
        moments = [(await task)["moment"] for task in (naming, behind)]
        assert now + LEAD + 0.499 <= moments[0] < moments[1]
        assert other["moment"] < moments[0]

    asyncio.run(asyncio.wait_for(held(), 60))


def test_one_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    async def cancelled() -> int:
        queue = admission_queue("clips")
        now = time.time()
        queue.pause(now + LEAD + 0.3)
        first, second = (asyncio.create_task(queue.admit(now + number)) for number in range(2))
        await asyncio.sleep(0)
        assert len(queue) == 2
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert len(queue) == 1
        await asyncio.wait_for(second, 60)
        return len(queue)

    assert asyncio.run(cancelled()) == 0


def test_the_queue_is_served_in_the_order_of_the_first_asking() -> None:
    async def order() -> list[int]:
        queue, served = AdmissionQueue(Pace(limit=20, window=0.2)), list[int]()
        start = time.time()
        queue.pause(start + LEAD + 0.2)

        async def wait(number: int) -> None:
            await queue.admit(start + number)
            served.append(number)

        await asyncio.gather(*(wait(number) for number in (3, 1, 4, 0, 2)))
        return served

    assert asyncio.run(order()) == [0, 1, 2, 3, 4]


def test_no_window_gets_more_than_the_limit() -> None:
    async def moments() -> list[float]:
        queue = AdmissionQueue(Pace(limit=10, window=1.0))
        start = time.time()
        return await asyncio.gather(*(queue.admit(start) for _ in range(45)))

    given = sorted(asyncio.run(moments()))

    assert all(later - earlier >= 1.0 - 1e-6 for earlier, later in zip(given, given[10:], strict=False))
    assert given[-1] - given[0] < 45 / 10 * 1.15


def test_the_queue_keeps_to_the_limit_that_the_connection_names() -> None:
    async def limits() -> list[float]:
        now, found = time.time(), []
        for limit in (40, 40, 5):
            await event_of(RunwayAdmissionTrigger("clips", now, limit=limit))
            found.append(admission_queue("clips")._pace.allowed)
        return found

    high, again, low = asyncio.run(limits())
    assert high == again
    assert 30 < high <= 40
    assert 4 < low <= 5


@pytest.mark.parametrize("same_loop", [True, False])
def test_a_connection_has_one_queue_on_each_loop(same_loop: bool) -> None:
    async def queue() -> AdmissionQueue:
        return admission_queue("clips")

    async def both() -> tuple[AdmissionQueue, AdmissionQueue]:
        return await queue(), await queue()

    one, other = asyncio.run(both()) if same_loop else (asyncio.run(queue()), asyncio.run(queue()))

    assert (one is other) is same_loop


@pytest.mark.parametrize("jump", [-3600.0, -86_400.0 * 365, 3600.0])
def test_a_wall_clock_that_is_set_holds_nobody_up(jump: float) -> None:
    async def admitted() -> list[float]:
        now = 1_800_000_000.0
        queue = AdmissionQueue(clock=Clock(time=lambda: now))
        moments = [await queue.admit(now)]
        now += jump
        moments += [await asyncio.wait_for(queue.admit(now), 60) for _ in range(3)]
        return [moments[0], *(moment - jump for moment in moments[1:])]

    moments = asyncio.run(admitted())
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] <= LEAD + 5


@pytest.mark.parametrize("until", [2e9, 1e300, math.inf, math.nan, None])
def test_a_hold_by_a_wrong_clock_is_bounded(until: Any) -> None:
    async def held() -> float:
        queue = AdmissionQueue(clock=Clock(monotonic=lambda: 50.0, time=lambda: 1_800_000_000.0))
        queue.pause(until)
        return queue._pace.next_moment(50.0) - 50.0

    assert 0 <= asyncio.run(held()) <= 600


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_that_is_none_changes_nothing(limit: int) -> None:
    async def allowed() -> float:
        await event_of(RunwayAdmissionTrigger("clips", limit=limit))
        return admission_queue("clips")._pace.allowed

    assert asyncio.run(allowed()) > 15


def test_one_that_waits_is_told_why_and_its_place_once_per_change() -> None:
    async def told() -> dict[str, list[tuple[str, int]]]:
        queue, heard = AdmissionQueue(Pace(limit=2, window=0.8)), dict[str, list[tuple[str, int]]]()
        start = time.time()

        async def wait(name: str, since: float, not_before: float = 0.0, reason: str = "pace") -> None:
            heard[name] = []
            await queue.admit(
                since, not_before, reason, lambda standing: heard[name].append((standing.reason, standing.place))
            )

        queue.pause(start + LEAD + 0.2, "maintenance")
        tasks = [asyncio.create_task(wait(str(number), start + number)) for number in range(14)]
        await asyncio.sleep(0)
        first = {name: list(each) for name, each in heard.items()}
        assert first == {str(number): [("maintenance", number + 1)] for number in range(14)}
        queue.pause(start + LEAD + 0.4, "429")
        tasks.append(asyncio.create_task(wait("refused", start - 1, start + LEAD + 0.5, "429")))
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        return heard

    heard = asyncio.run(told())

    assert heard["13"][:2] == [("maintenance", 14), ("429", 15)]
    # On a machine that is slow, the refused one may come late enough to move the end of the hold once more.
    assert {reason for reason, _ in heard["13"][2:]} <= {"429", "pace"}
    places = [place for reason, place in heard["13"] if reason == "pace"]
    assert len(places) > 1
    assert all(later <= earlier // 2 for earlier, later in pairwise(places))
    assert heard["refused"][0] == ("429", 1)


def test_one_that_need_not_wait_is_told_nothing() -> None:
    heard: list[Any] = []

    asyncio.run(AdmissionQueue().admit(time.time(), tell=heard.append))

    assert heard == []


def test_each_says_it_in_its_own_log_whoever_moves_the_queue() -> None:
    """Airflow knows by a context variable whose log a line of the triggerer belongs to."""
    whose = ContextVar("whose", default="nobody")
    heard: list[str] = []

    async def wait(queue: AdmissionQueue, name: str, since: float) -> None:
        whose.set(name)
        await queue.admit(since, tell=lambda _: heard.append(f"{name} in the log of {whose.get()}"))

    async def both() -> None:
        queue, now = AdmissionQueue(Pace(limit=20, window=0.2)), time.time()
        queue.pause(now + LEAD + 0.2)
        await asyncio.wait_for(asyncio.gather(wait(queue, "fox", now), wait(queue, "hare", now - 1)), 60)

    asyncio.run(both())

    assert {"fox in the log of fox", "hare in the log of hare"} == set(heard)
