"""The client of a connection that may change while it is used."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.triggers import client_lease
from airflow_provider_runway.triggers.client_lease import ClientLease, CurrentClient


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


def is_closed(lease: ClientLease) -> bool:
    sender: Any = lease.client._sender
    return bool(sender._session.closed)
