"""The client of a connection that may change while it is used."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.triggers import client_lease
from airflow_provider_runway.triggers.client_lease import ClientLease, open_lease


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

    monkeypatch.setattr(client_lease, "_read", another)
    return read


def test_a_connection_that_reads_differently_each_time_is_read_no_more_often_than_one_that_stays(
    reads: list[Settings],
) -> None:
    async def many_refusals() -> int:
        lease, renewals = await open_lease("clips", 1), 0
        for second in range(100):
            for _ in range(5):
                renewed = await lease.renewed(float(second))
                if renewed is not None:
                    await lease.retire()
                    lease, renewals = renewed, renewals + 1
        await lease.retire()
        return renewals

    assert asyncio.run(many_refusals()) == 10
    assert len(reads) == 11


def test_many_that_were_refused_at_once_read_the_connection_once(reads: list[Settings]) -> None:
    async def at_once() -> list[ClientLease | None]:
        lease = await open_lease("clips", 1)
        renewed = await asyncio.gather(*(lease.renewed(0.0) for _ in range(20)))
        for each in {lease, *renewed} - {None}:
            assert each is not None
            await each.retire()
        return list(renewed)

    assert len(set(asyncio.run(at_once()))) == 1
    assert len(reads) == 2


def test_a_lease_whose_connection_has_not_changed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(address=Address(api_key="key", base_url="http://127.0.0.1:9"), upload_address=None)

    async def the_same(_: str) -> Settings:
        return settings

    monkeypatch.setattr(client_lease, "_read", the_same)

    async def refused() -> list[ClientLease | None]:
        lease = await open_lease("clips", 1)
        renewed = [await lease.renewed(second) for second in (0.0, 1.0, 20.0)]
        await lease.retire()
        return renewed

    assert asyncio.run(refused()) == [None, None, None]
