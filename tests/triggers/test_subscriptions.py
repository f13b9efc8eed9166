"""Many that wait: each gets its own word, leaves when it wants and ends in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fakes import GivenTime, now, until

from airflow_provider_runway.exceptions import (
    TaskNotFoundError,
    WaitTimeoutError,
)
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.client import AsyncKieClient
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.sandbox import Delay, Refuse, Sandbox
from airflow_provider_runway.triggers import shared_poller as module
from airflow_provider_runway.triggers.client_lease import ClientLease
from airflow_provider_runway.triggers.shared_poller import SharedPoller, shared_poller

from .support import asked, is_closed, submitted, wait


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
        hasty = await wait(task_id, deadline=now() + 0.4)
        kie.advance(600)
        return await patient, hasty

    assert asyncio.run(both()) == ("success", "WaitTimeoutError")


def test_one_that_is_in_a_hurry_hurries_the_polls_for_all(kie: Sandbox) -> None:
    kie.configure(seconds=600)
    [task_id] = submitted()

    async def both() -> list[str]:
        began = now()
        patient = asyncio.create_task(wait(task_id, poll_interval=3600, deadline=began + 86_400, submitted_at=began))
        await until(lambda: bool(shared_poller("runway_default")._tasks))
        hasty = asyncio.create_task(wait(task_id, poll_interval=1, deadline=began + 2))
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
        late: dict[str, Any] = {"poll_interval": 10.0, "deadline": now() + 900}
        return list(await asyncio.gather(wait(task_id, **late), wait("no-such-task", **late)))

    assert asyncio.run(both()) == ["success", TaskNotFoundError.__name__]


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
    shared = SharedPoller("runway_default", call_at_end=ends.call_later, clock=Clock(time=lambda: 1000.0))

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
    shared = SharedPoller("runway_default", call_at_end=ends.call_later, clock=Clock(time=lambda: 1000.0))

    async def both() -> list[object]:
        waits = [asked(task_id, deadline=1000.0 + 600, poll_interval=0.01) for task_id in (one, other)]
        waiting = [asyncio.create_task(shared.wait(each, lambda state, waited: None)) for each in waits]
        await until(lambda: bool(kie.ledger.of("record")) and not shared._polls)
        moment = shared._clock.monotonic()
        assert shared._queue._pace.next_moment(moment) - moment <= 300
        ends.ring(600.0 + module.LAST_POLL)
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    assert [type(outcome) for outcome in asyncio.run(both())] == [WaitTimeoutError] * 2


def test_a_connection_that_cannot_be_read_in_time_hides_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: RunwayHook) -> Settings:
        settings: Settings = await asyncio.get_running_loop().create_future()
        return settings

    monkeypatch.setattr(RunwayHook, "a_get_settings", never)
    ends = GivenEnds()
    shared = SharedPoller("runway_default", call_at_end=ends.call_later, clock=Clock(time=lambda: 1000.0))

    async def wait_for_it() -> None:
        waiting = asyncio.create_task(shared.wait(asked("t-1", deadline=900.0), lambda state, waited: None))
        await until(lambda: bool(ends.set))
        ends.ring(module.LAST_POLL)
        with pytest.raises(WaitTimeoutError, match="no poll has found a record of it"):
            await waiting
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(wait_for_it())
