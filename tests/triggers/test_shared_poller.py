"""Many subscriptions on one client, one timer and one limit."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from fakes import GivenTime, until

from airflow_provider_runway.exceptions import (
    AuthenticationError,
    ConnectionSettingsError,
    RunwayError,
    TaskNotFoundError,
    WaitTimeoutError,
)
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.client import AsyncKieClient
from airflow_provider_runway.kie.poll_queue import PollQueue
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.sandbox import CutBefore, Delay, Refuse, Sandbox
from airflow_provider_runway.triggers import shared_poller as module
from airflow_provider_runway.triggers.client_lease import ClientLease
from airflow_provider_runway.triggers.events import PollRequest
from airflow_provider_runway.triggers.shared_poller import SharedPoller, schedule_of, shared_poller
from airflow_provider_runway.triggers.subscriptions import PolledTask

REQUEST = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[ClientLease]:
    """The leases that were opened."""
    made = list[ClientLease]()

    open_lease = ClientLease.open

    async def note(settings: Settings, sockets: int) -> ClientLease:
        await asyncio.sleep(0.01)
        made.append(await open_lease(settings, sockets))
        return made[-1]

    monkeypatch.setattr(ClientLease, "open", note)
    return made


def submitted(number: int = 1) -> list[str]:
    with RunwayHook() as hook:
        return [hook.submit(REQUEST) for _ in range(number)]


def asked(task_id: str, **options: Any) -> PollRequest:
    usual = {"poll_interval": 0.2, "deadline": time.time() + 60}
    return PollRequest(runway_conn_id="runway_default", runway_task_id=task_id, **{**usual, **options})


async def wait(task_id: str, conn_id: str = "runway_default", **options: Any) -> str:
    """How a wait ends: in words, so that many can be compared."""
    try:
        await shared_poller(conn_id).wait(asked(task_id, **options), lambda state, waited: None)
    except RunwayError as error:
        return type(error).__name__
    return "success"


def is_closed(lease: ClientLease) -> bool:
    session: Any = lease.client._sender
    return bool(session._session.closed)


def test_a_hundred_wait_over_one_client_which_the_last_one_closes(kie: Sandbox, opened: list[ClientLease]) -> None:
    kie.configure(seconds=1, submissions_per_window=1000)
    task_ids = submitted(100)

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*map(wait, task_ids)))

    assert asyncio.run(all_of_them()) == ["success"] * 100
    assert [is_closed(lease) for lease in opened] == [True]


def test_those_that_wait_for_the_same_video_share_its_polls(kie: Sandbox) -> None:
    kie.configure(seconds=1)
    [task_id] = submitted()

    async def ten() -> list[str]:
        return list(await asyncio.gather(*(wait(task_id) for _ in range(10))))

    assert asyncio.run(ten()) == ["success"] * 10
    assert len(kie.ledger.of("record")) < 10


def test_each_of_them_keeps_its_own_deadline(kie: Sandbox) -> None:
    kie.configure(seconds=600)
    [task_id] = submitted()

    async def both() -> tuple[str, str]:
        patient = asyncio.create_task(wait(task_id, poll_interval=1.5))
        hasty = await wait(task_id, deadline=time.time() + 0.4)
        kie.advance(600)
        return await patient, hasty

    assert asyncio.run(both()) == ("success", "WaitTimeoutError")


def test_one_that_is_in_a_hurry_hurries_the_polls_for_all(kie: Sandbox) -> None:
    kie.configure(seconds=600)
    [task_id] = submitted()

    async def both() -> list[str]:
        now = time.time()
        patient = asyncio.create_task(wait(task_id, poll_interval=3600, deadline=now + 86_400, submitted_at=now))
        await until(lambda: bool(shared_poller("runway_default")._tasks))
        hasty = asyncio.create_task(wait(task_id, poll_interval=1, deadline=now + 2))
        assert await hasty == "WaitTimeoutError"
        kie.advance(600)
        return [await patient]

    assert asyncio.run(asyncio.wait_for(both(), 60)) == ["success"]


def test_one_that_leaves_takes_nothing_from_the_others(kie: Sandbox, opened: list[ClientLease]) -> None:
    kie.configure(seconds=600)
    [task_id] = submitted()

    async def one_leaves() -> str:
        leaving, staying = (asyncio.create_task(wait(task_id)) for _ in range(2))
        await until(lambda: len(kie.ledger.of("record")) > 0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        kie.advance(600)
        return await staying

    assert asyncio.run(one_leaves()) == "success"
    assert [is_closed(lease) for lease in opened] == [True]


def test_a_wait_that_is_cancelled_during_its_poll_leaves_nothing_open(kie: Sandbox, opened: list[ClientLease]) -> None:
    kie.fault(Delay(3600), on="record")
    [task_id] = submitted()

    async def cancel() -> None:
        waiting = asyncio.create_task(wait(task_id, poll_interval=0.01))
        await until(lambda: bool(shared_poller("runway_default")._polls))
        [poll] = shared_poller("runway_default")._polls
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert poll.cancelled()
        assert not shared_poller("runway_default")._polls
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(cancel())
    assert [is_closed(lease) for lease in opened] == [True]


def test_when_the_one_that_opens_the_client_is_cancelled_the_others_still_get_it(
    kie: Sandbox, opened: list[ClientLease]
) -> None:
    kie.configure(seconds=0)
    [task_id] = submitted()

    async def cancel_the_first() -> str:
        first, second = asyncio.create_task(wait(task_id)), asyncio.create_task(wait(task_id))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(cancel_the_first()) == "success"
    assert len(opened) == 1


def test_one_that_comes_after_the_last_has_left_gets_the_connection_as_it_is_then(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, opened: list[ClientLease]
) -> None:
    kie.configure(seconds=0)
    [task_id] = submitted()

    async def one_after_the_other() -> None:
        assert await wait(task_id) == "success"
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "an0ther-key"))
        assert await wait(task_id) == "AuthenticationError"

    asyncio.run(one_after_the_other())
    assert len(opened) == 2


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


def test_a_connection_that_cannot_work_is_said_to_each_and_nothing_is_kept(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps({"conn_type": "runway"}))

    async def many() -> list[str]:
        return list(await asyncio.gather(*(wait("task-1") for _ in range(5))))

    assert asyncio.run(many()) == [ConnectionSettingsError.__name__] * 5


# --- a key that is changed while many wait


def test_a_key_that_is_changed_meanwhile_is_taken_up_and_no_wait_ends(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, opened: list[ClientLease]
) -> None:
    kie.configure(seconds=1.5, submissions_per_window=1000)
    task_ids = submitted(30)
    read: list[str] = []
    remember = RunwayHook.a_get_settings

    async def note(hook: RunwayHook) -> Any:
        read.append(hook.runway_conn_id)
        return await remember(hook)

    monkeypatch.setattr(RunwayHook, "a_get_settings", note)

    async def change() -> list[str]:
        waiting = [asyncio.create_task(wait(task_id)) for task_id in task_ids]
        await asyncio.sleep(0.5)
        kie.configure(keys=("n3w-sandbox-key",))
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "n3w-sandbox-key"))
        outcomes = await asyncio.gather(*waiting)
        assert len(asyncio.all_tasks()) == 1
        return list(outcomes)

    assert asyncio.run(change()) == ["success"] * 30
    assert len(read) == 2
    assert is_closed(opened[0])


def test_a_key_that_stays_wrong_ends_all_waits_after_one_poll_each(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_ids = submitted(15)
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "k3y-of-nobody"))

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*map(wait, task_ids)))

    assert asyncio.run(all_of_them()) == [AuthenticationError.__name__] * 15
    assert len(kie.ledger.of("record")) == 15


def test_a_connection_that_was_deleted_meanwhile_leaves_kies_own_word(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.configure(seconds=60)
    [task_id] = submitted()

    async def delete() -> str:
        waiting = asyncio.create_task(wait(task_id))
        await asyncio.sleep(0.4)
        kie.configure(keys=("n3w-sandbox-key",))
        monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
        return await waiting

    assert asyncio.run(delete()) == AuthenticationError.__name__


# --- limits


def test_a_429_holds_the_polls_of_all_for_the_whole_pause(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=5, submissions_per_window=1000)
    task_ids = submitted(20)
    kie.fault(Refuse(429, retry_after=100), on="record", times=1)

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*(wait(task_id, deadline=time.time() + 900) for task_id in task_ids)))

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

    assert asyncio.run(wait(task_id, deadline=time.time() + 900)) == WaitTimeoutError.__name__
    assert len(kie.ledger.of("record")) > 6


@pytest.mark.parametrize("fault", [Refuse(401), Refuse(422), Refuse(429), Refuse(500), CutBefore()])
def test_whatever_kie_answers_there_are_no_more_polls_than_when_all_is_well(
    kie: Sandbox, given_time: GivenTime, fault: Any
) -> None:
    kie.configure(seconds=100_000)
    [well, ill] = submitted(2)
    kie.fault(fault, on="record", task_id=ill)

    def polls(task_id: str) -> int:
        asyncio.run(wait(task_id, poll_interval=10.0, deadline=time.time() + 900))
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
    now = time.time()

    async def crowded() -> None:
        await asyncio.gather(
            *(wait(task_id, poll_interval=10.0, deadline=now + 200, submitted_at=now) for task_id in task_ids)
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
        start = time.time()
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


def test_news_are_told_to_each_in_its_own_context(kie: Sandbox) -> None:
    from contextvars import ContextVar

    kie.configure(seconds=600)
    [task_id] = submitted()
    kie.advance(300)
    who: ContextVar[str] = ContextVar("who")
    told: list[tuple[str, str]] = []

    async def listen(name: str) -> None:
        who.set(name)
        await shared_poller("runway_default").wait(
            asked(task_id), lambda state, waited: told.append((who.get(), state))
        )

    async def both() -> None:
        listening = asyncio.gather(listen("one"), listen("other"))
        await until(lambda: len(told) > 1)
        kie.advance(600)
        await listening

    asyncio.run(both())
    assert sorted(told) == [("one", "generating"), ("other", "generating")]


def test_a_fault_of_our_own_is_told_and_not_swallowed(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    [task_id] = submitted()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("airflow_provider_runway.kie.poll_state.PollState.saw", broken)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(wait(task_id))


def test_an_unknown_task_ends_its_wait_alone(kie: Sandbox, given_time: GivenTime) -> None:
    [task_id] = submitted()

    async def both() -> list[str]:
        late: dict[str, Any] = {"poll_interval": 10.0, "deadline": time.time() + 900}
        return list(await asyncio.gather(wait(task_id, **late), wait("no-such-task", **late)))

    assert asyncio.run(both()) == ["success", TaskNotFoundError.__name__]


def test_the_loop_is_not_blocked_by_opening(kie: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    kie.configure(seconds=0)
    task_ids = submitted(10)

    async def watched() -> None:
        asyncio.get_running_loop().slow_callback_duration = 0.1
        await asyncio.gather(*map(wait, task_ids))

    caplog.set_level(logging.WARNING, "asyncio")
    asyncio.run(wait(task_ids[0]))  # the first one imports
    asyncio.run(watched(), debug=True)
    assert [record.message for record in caplog.records if "seconds" in record.message] == []


# --- deadlines, whatever becomes of the polls


class GivenEnds:
    """Timers that only ring when the test says so."""

    def __init__(self) -> None:
        self.set: dict[float, list[Callable[[], None]]] = {}

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Any:
        self.set.setdefault(round(seconds, 3), []).append(callback)
        return self

    def cancel(self) -> None:
        """What is let go is never rung by these tests."""

    def ring(self, seconds: float) -> None:
        for callback in self.set.pop(seconds):
            callback()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The tasks whose polls never end."""
    ids = set[str]()
    get_task = AsyncKieClient.get_task

    async def maybe(client: AsyncKieClient, task_id: str, *arguments: Any, **named: Any) -> VideoTask:
        if task_id in ids:
            await asyncio.get_running_loop().create_future()
        return await get_task(client, task_id, *arguments, **named)

    monkeypatch.setattr(AsyncKieClient, "get_task", maybe)
    return ids


def test_a_wait_whose_poll_is_stuck_ends_at_its_deadline_and_frees_its_place(kie: Sandbox, stuck: set[str]) -> None:
    [task_id] = submitted()
    stuck.add(task_id)
    ends = GivenEnds()
    shared = SharedPoller("runway_default", call_at_end=ends.call_later, wall_clock=lambda: 1000.0)

    async def wait_for_it() -> WaitTimeoutError:
        late = asked(task_id, deadline=1100.0, submitted_at=900.0)
        waiting = asyncio.create_task(shared.wait(late, lambda state, waited: None))
        await until(lambda: bool(shared._polls))
        ends.ring(100.0 + module.LAST_POLL)
        with pytest.raises(WaitTimeoutError) as caught:
            await waiting
        assert not shared._polls
        assert len(asyncio.all_tasks()) == 1
        return caught.value

    assert "It is paid and goes on being made" in str(asyncio.run(wait_for_it()))


def test_polls_that_nobody_wants_any_more_give_their_places_to_others(kie: Sandbox, stuck: set[str]) -> None:
    kie.configure(seconds=0, submissions_per_window=1000)
    task_ids = submitted(module.MAX_CONCURRENT_POLLS + 5)
    stuck.update(task_ids[: module.MAX_CONCURRENT_POLLS])
    shared = SharedPoller("runway_default")

    async def leave() -> list[object]:
        def begin(task_id: str) -> asyncio.Task[None]:
            return asyncio.create_task(shared.wait(asked(task_id), lambda state, waited: None))

        leaving = [begin(task_id) for task_id in task_ids[: module.MAX_CONCURRENT_POLLS]]
        await until(lambda: len(shared._polls) == module.MAX_CONCURRENT_POLLS)
        staying = [begin(task_id) for task_id in task_ids[module.MAX_CONCURRENT_POLLS :]]
        for each in leaving:
            each.cancel()
        return list(await asyncio.gather(*staying))

    assert asyncio.run(asyncio.wait_for(leave(), 30)) == [None] * 5


def test_a_pause_that_kie_names_hides_no_deadline(kie: Sandbox) -> None:
    [one, other] = submitted(2)
    kie.fault(Refuse(429, retry_after=80_000), on="record")
    ends = GivenEnds()
    shared = SharedPoller("runway_default", call_at_end=ends.call_later, wall_clock=lambda: 1000.0)

    async def both() -> list[object]:
        waits = [asked(task_id, deadline=1000.0 + 600, poll_interval=0.01) for task_id in (one, other)]
        waiting = [asyncio.create_task(shared.wait(each, lambda state, waited: None)) for each in waits]
        await until(lambda: bool(kie.ledger.of("record")) and not shared._polls)
        now = shared._clock()
        assert shared._queue._pace.next_moment(now) - now <= 300
        ends.ring(600.0 + module.LAST_POLL)
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    assert [type(outcome) for outcome in asyncio.run(both())] == [WaitTimeoutError] * 2


def test_a_connection_that_cannot_be_read_in_time_hides_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: RunwayHook) -> Settings:
        settings: Settings = await asyncio.get_running_loop().create_future()
        return settings

    monkeypatch.setattr(RunwayHook, "a_get_settings", never)
    ends = GivenEnds()
    shared = SharedPoller("runway_default", call_at_end=ends.call_later, wall_clock=lambda: 1000.0)

    async def wait_for_it() -> None:
        waiting = asyncio.create_task(shared.wait(asked("t-1", deadline=900.0), lambda state, waited: None))
        await until(lambda: bool(ends.set))
        ends.ring(module.LAST_POLL)
        with pytest.raises(WaitTimeoutError, match="no poll has found a record of it"):
            await waiting
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(wait_for_it())


def test_one_that_comes_while_the_last_is_leaving_gets_a_client_of_its_own(
    kie: Sandbox, opened: list[ClientLease]
) -> None:
    kie.configure(seconds=0)
    [task_id] = submitted()
    shared = SharedPoller("runway_default")

    async def overlap() -> None:
        first = asyncio.create_task(shared.wait(asked(task_id), lambda state, waited: None))
        await until(lambda: bool(shared._tasks) or first.done())
        first.cancel()
        await asyncio.sleep(0)
        await shared.wait(asked(task_id), lambda state, waited: None)
        await asyncio.gather(first, return_exceptions=True)

    asyncio.run(overlap())
    assert [is_closed(lease) for lease in opened] == [True] * len(opened)


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
        odd = wait(one, poll_interval=poll_interval, deadline=time.time() + 900)
        return list(await asyncio.gather(odd, wait(other, poll_interval=5.0, deadline=time.time() + 900)))

    assert asyncio.run(both()) == ["success"] * 2
    assert len(kie.ledger.about(one)) < 70


# --- keys that change without end


def test_a_connection_that_reads_differently_each_time_is_no_storm(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_ids = submitted(5)
    read = 0
    remember = RunwayHook.a_get_settings

    async def another(hook: RunwayHook) -> Any:
        nonlocal read
        read += 1
        wrong = kie.connection_json().replace(kie.key, f"k3y-of-nobody-{read}")
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", wrong)
        return await remember(hook)

    monkeypatch.setattr(RunwayHook, "a_get_settings", another)

    async def all_of_them() -> list[str]:
        waits = (wait(task_id, poll_interval=10.0, deadline=time.time() + 900) for task_id in task_ids)
        return list(await asyncio.gather(*waits))

    outcomes = asyncio.run(all_of_them())

    assert set(outcomes) <= {"PollingFailedError", "AuthenticationError"}
    assert len(kie.ledger.of("record")) <= 6 * 5
    assert read <= 8
