"""Many subscriptions on one client, one timer and one limit."""

from __future__ import annotations

import asyncio
import math
import threading
from itertools import pairwise
from typing import Any

import pytest
from fakes import GivenTime, now, until

from airflow_provider_runway.exceptions import (
    WaitTimeoutError,
)
from airflow_provider_runway.kie.poll_queue import PollQueue
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.sandbox import CutBefore, Delay, Refuse, Sandbox
from airflow_provider_runway.triggers import shared_poller as module
from airflow_provider_runway.triggers.client_lease import ClientLease
from airflow_provider_runway.triggers.shared_poller import SharedPoller, schedule_of, shared_poller
from airflow_provider_runway.triggers.subscriptions import PolledTask

from .support import submitted, wait


def test_each_connection_and_each_loop_has_a_poller_of_its_own() -> None:
    async def mine(conn_id: str) -> SharedPoller:
        return shared_poller(conn_id)

    async def three() -> list[SharedPoller]:
        return list(await asyncio.gather(mine("one"), mine("one"), mine("other")))

    one, again, other = asyncio.run(three())
    assert one is again
    assert one is not other
    assert asyncio.run(mine("one")) is not one


def test_two_loops_wait_at_the_same_time(kie: Sandbox, opened: list[ClientLease]) -> None:
    kie.configure(seconds=0.5)
    [task_id] = submitted()
    outcomes: list[str] = []
    loops = [threading.Thread(target=lambda: outcomes.append(asyncio.run(wait(task_id)))) for _ in range(2)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()

    assert outcomes == ["success"] * 2
    assert len(opened) == 2


# --- a key that is changed while many wait


# --- limits


def test_a_429_holds_the_polls_of_all_for_the_whole_pause(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=5, submissions_per_window=1000)
    task_ids = submitted(20)
    kie.fault(Refuse(429, retry_after=100), on="record", times=1)

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*(wait(task_id, deadline=now() + 900) for task_id in task_ids)))

    assert asyncio.run(all_of_them()) == ["success"] * 20
    polls = kie.ledger.of("record")
    refused = next(number for number, poll in enumerate(polls) if poll.code == 429)
    after = [poll.at - polls[refused].at for poll in polls[refused + 1 :]]
    # What was under way at that moment is not called back.
    assert len([late for late in after if late < 99]) < module.MAX_CONCURRENT_POLLS
    assert len(polls) < 20 * 4


@pytest.mark.parametrize("fault", [Refuse(429), Refuse(455)])
def test_refusals_for_now_never_end_a_wait_before_its_deadline(
    kie: Sandbox, given_time: GivenTime, fault: Refuse
) -> None:
    [task_id] = submitted()
    kie.fault(fault, on="record")

    assert asyncio.run(wait(task_id, deadline=now() + 900)) == WaitTimeoutError.__name__
    assert len(kie.ledger.of("record")) > 6


@pytest.mark.parametrize("fault", [Refuse(401), Refuse(422), Refuse(429), Refuse(500), CutBefore()])
def test_whatever_kie_answers_there_are_no_more_polls_than_when_all_is_well(
    kie: Sandbox, given_time: GivenTime, fault: Any
) -> None:
    kie.configure(seconds=100_000)
    [well, ill] = submitted(2)
    kie.fault(fault, on="record", task_id=ill)

    def polls(task_id: str) -> int:
        asyncio.run(wait(task_id, poll_interval=10.0, deadline=now() + 900))
        return len(kie.ledger.about(task_id)) - 1

    assert 0 < polls(ill) <= polls(well)


def test_no_more_polls_are_under_way_at_a_time_than_there_are_sockets(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.configure(seconds=0, submissions_per_window=1000)
    task_ids = submitted(60)
    kie.fault(Delay(0.4), on="record")
    under_way: list[int] = []
    start = SharedPoller._start_poll

    def counted(shared: SharedPoller, task: PolledTask) -> None:
        start(shared, task)
        under_way.append(len(shared._polls))

    monkeypatch.setattr(SharedPoller, "_start_poll", counted)

    async def all_of_them() -> set[str]:
        return set(await asyncio.gather(*(wait(task_id, poll_interval=0.01) for task_id in task_ids)))

    assert asyncio.run(all_of_them()) == {"success"}
    assert max(under_way) == module.MAX_CONCURRENT_POLLS


def test_polls_that_had_to_be_put_off_are_all_made_up_for(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.configure(seconds=100_000, submissions_per_window=1000)
    monkeypatch.setattr(module, "PollQueue", lambda: PollQueue(1))
    kie.fault(Refuse(429, retry_after=60), on="record", skip=30, times=1)
    task_ids = submitted(30)
    began = now()

    async def crowded() -> None:
        await asyncio.gather(
            *(wait(task_id, poll_interval=10.0, deadline=began + 200, submitted_at=began) for task_id in task_ids)
        )

    asyncio.run(crowded())
    polls = kie.ledger.of("record")
    held = next(number for number, poll in enumerate(polls) if poll.code == 429)
    assert {poll.task_id for poll in polls[held + 1 :]} == set(task_ids)
    assert all(later.at - earlier.at < 70 for earlier, later in pairwise(polls))


# --- what is learned


def test_when_tasks_of_a_sort_are_ready_is_learned_from_all_waits(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=300, submissions_per_window=1000)
    before = Schedule("generate-5s-720p")

    def polls() -> int:
        given_time.pauses.clear()
        [task_id] = submitted()
        start = now()
        known: dict[str, Any] = {"submitted_at": start, "profile": "generate-5s-720p"}
        assert asyncio.run(wait(task_id, poll_interval=10.0, deadline=start + 3000, **known)) == "success"
        return len(given_time.pauses)

    first = polls()
    for _ in range(30):
        last = polls()

    learned = schedule_of("generate-5s-720p")
    assert last < first
    assert learned.head_start(0, 200, 10.0) < before.head_start(0, 200, 10.0)
    assert learned.head_start(250, 400, 10.0) > before.head_start(250, 400, 10.0)


def test_however_many_sorts_of_video_there_are_memory_is_bounded() -> None:
    for number in range(1000):
        schedule_of(f"model-{number}")
    assert len(module._SCHEDULES) <= module._MOST_SCHEDULES + 1


# --- what is said, and where


# --- deadlines, whatever becomes of the polls


@pytest.mark.parametrize(
    "odd",
    [
        {"deadline": math.nan},
        {"deadline": math.inf},
        {"deadline": None},
        {"deadline": "soon"},
        {"submitted_at": math.nan},
        {"submitted_at": "yesterday"},
        {"kind": "opera"},
        {"task_id": None},
        {"task_id": ["t-1"]},
        {"task_id": "two words"},
    ],
)
def test_a_wait_that_nothing_can_come_of_is_refused_and_the_others_go_on(kie: Sandbox, odd: dict[str, Any]) -> None:
    kie.configure(seconds=0)
    [task_id] = submitted()

    async def both() -> list[str]:
        return list(await asyncio.gather(wait(**{"task_id": "t-1", **odd}), wait(task_id)))

    assert asyncio.run(both()) == ["InvalidRequestError", "success"]


@pytest.mark.parametrize("poll_interval", [math.nan, math.inf, -1.0, 0.0, None, "often"])
def test_a_poll_interval_that_is_no_time_hurts_nobody(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, poll_interval: Any
) -> None:
    monkeypatch.setattr("airflow_provider_runway.kie.seconds.SHORTEST_POLL_INTERVAL", 1.0)
    [one, other] = submitted(2)

    async def both() -> list[str]:
        odd = wait(one, poll_interval=poll_interval, deadline=now() + 900)
        return list(await asyncio.gather(odd, wait(other, poll_interval=5.0, deadline=now() + 900)))

    assert asyncio.run(both()) == ["success"] * 2
    assert len(kie.ledger.about(one)) < 70


# --- keys that change without end


# --- where KIE calls

CALLED: dict[str, Any] = {"nonce": "0" * 32, "profile": "generate-5s-720p"}


def record_polls(kie: Sandbox) -> int:
    return sum(each.purpose == "record" for each in kie.ledger.requests)


def test_where_kie_calls_a_lost_call_is_made_up_for_by_one_late_poll(kie: Sandbox, given_time: GivenTime) -> None:
    [task_id] = submitted()
    start = now()

    options: dict[str, Any] = {"submitted_at": start, "deadline": start + 3000, "poll_interval": 10.0}
    assert asyncio.run(wait(task_id, **CALLED, **options)) == "success"

    assert record_polls(kie) == 1
    assert 300 < sum(given_time.pauses) < 400


def test_after_a_call_that_came_to_nothing_polls_are_as_usual(kie: Sandbox, given_time: GivenTime) -> None:
    [task_id] = submitted()
    start = now()

    options: dict[str, Any] = {"submitted_at": start, "deadline": start + 3000, "poll_interval": 10.0, "calls": 1}
    assert asyncio.run(wait(task_id, **CALLED, **options)) == "success"

    assert record_polls(kie) > 1
    assert sum(given_time.pauses) < 150


def test_whoever_waits_beside_without_a_call_is_not_kept_waiting(kie: Sandbox, given_time: GivenTime) -> None:
    [task_id] = submitted()
    start = now()
    options: dict[str, Any] = {"submitted_at": start, "deadline": start + 3000, "poll_interval": 10.0}

    async def both() -> list[str]:
        return list(await asyncio.gather(wait(task_id, **CALLED, **options), wait(task_id, **options)))

    assert asyncio.run(both()) == ["success", "success"]
    assert sum(given_time.pauses) < 400


def test_a_wait_that_a_call_ends_teaches_when_such_videos_are_ready(kie: Sandbox) -> None:
    [task_id] = submitted()

    async def woken() -> None:
        options: dict[str, Any] = {"submitted_at": now() - 200, "deadline": now() + 3000, "poll_interval": 10.0}
        waiting = asyncio.ensure_future(wait(task_id, **CALLED, **options))
        await until(lambda: bool(shared_poller("runway_default")._tasks))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(woken())

    assert schedule_of("generate-5s-720p")._last[-1] == pytest.approx(195, abs=4)
