"""The client of a connection that may change while it is used."""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import count
from typing import Any

import pytest
from fakes import GivenTime, now, until

from airflow_provider_runway.exceptions import (
    AuthenticationError,
    ConnectionSettingsError,
)
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.triggers import client_lease
from airflow_provider_runway.triggers.client_lease import ClientLease, CurrentClient
from airflow_provider_runway.triggers.shared_poller import SharedPoller

from .support import asked, is_closed, submitted, wait


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What was read of a connection whose key is another each time."""
    read = list[Settings]()
    numbers = count()

    async def another(_: str) -> Settings:
        await asyncio.sleep(0)
        address = Address(api_key=f"key-{next(numbers)}", base_url="http://127.0.0.1:9")
        read.append(Settings(address=address, upload_address=None))
        return read[-1]

    monkeypatch.setattr(client_lease, "_settings", another)
    return read


async def opened() -> CurrentClient:
    client = CurrentClient("clips", 1)
    await client.open(asyncio.get_running_loop().create_future())
    return client


def test_a_connection_that_reads_differently_each_time_is_read_no_more_often_than_one_that_stays(
    reads: list[Settings],
) -> None:
    async def many_refusals() -> int:
        client, renewals = await opened(), 0
        for second in range(100):
            for _ in range(5):
                renewals += await client.has_changed(client.lease, float(second))
        await client.close()
        return renewals

    assert asyncio.run(many_refusals()) == 10
    assert len(reads) == 11


def test_many_that_were_refused_at_once_read_the_connection_once(reads: list[Settings]) -> None:
    async def at_once() -> list[bool]:
        client = await opened()
        lease = client.lease
        renewed = await asyncio.gather(*(client.has_changed(lease, 0.0) for _ in range(20)))
        await client.close()
        return renewed

    assert asyncio.run(at_once()) == [True] * 20
    assert len(reads) == 2


def test_a_lease_whose_connection_has_not_changed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(address=Address(api_key="key", base_url="http://127.0.0.1:9"), upload_address=None)

    async def the_same(_: str) -> Settings:
        return settings

    monkeypatch.setattr(client_lease, "_settings", the_same)

    async def refused() -> list[bool]:
        client = await opened()
        renewed = [await client.has_changed(client.lease, second) for second in (0.0, 1.0, 20.0)]
        await client.close()
        return renewed

    assert asyncio.run(refused()) == [False, False, False]


def test_a_lease_that_is_replaced_is_closed_once_no_poll_uses_it(reads: list[Settings]) -> None:
    async def replaced() -> tuple[bool, bool]:
        client = await opened()
        with client.lease as lease:
            assert await client.has_changed(lease, 0.0)
            await asyncio.sleep(0.01)
            in_use = is_closed(lease)
        await asyncio.sleep(0.01)
        closed = is_closed(lease)
        await client.close()
        return in_use, closed

    assert asyncio.run(replaced()) == (False, True)


def test_closing_while_the_connection_is_read_again_leaves_nothing_open(
    reads: list[Settings],
) -> None:
    async def closing() -> int:
        client = await opened()
        asking = asyncio.create_task(client.has_changed(client.lease, 0.0))
        await asyncio.sleep(0)
        asking.cancel()
        await client.close()
        await asyncio.gather(asking, return_exceptions=True)
        return len(asyncio.all_tasks())

    assert asyncio.run(closing()) == 1


def test_a_hundred_wait_over_one_client_which_the_last_one_closes(kie: Sandbox, opened: list[ClientLease]) -> None:
    kie.configure(seconds=1, submissions_per_window=1000)
    task_ids = submitted(100)

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*map(wait, task_ids)))

    assert asyncio.run(all_of_them()) == ["success"] * 100
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


def test_a_connection_that_cannot_work_is_said_to_each_and_nothing_is_kept(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps({"conn_type": "runway"}))

    async def many() -> list[str]:
        return list(await asyncio.gather(*(wait("task-1") for _ in range(5))))

    assert asyncio.run(many()) == [ConnectionSettingsError.__name__] * 5


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
        waits = (wait(task_id, poll_interval=10.0, deadline=now() + 900) for task_id in task_ids)
        return list(await asyncio.gather(*waits))

    outcomes = asyncio.run(all_of_them())

    assert set(outcomes) <= {"PollingFailedError", "AuthenticationError"}
    assert len(kie.ledger.of("record")) <= 6 * 5
    assert read <= 8
