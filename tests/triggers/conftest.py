from __future__ import annotations

import asyncio

import pytest

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.triggers import client_lease, shared_poller
from airflow_provider_runway.triggers.client_lease import ClientLease


@pytest.fixture(autouse=True)
def _nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_poller, "_SCHEDULES", {})


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_lease, "_PAUSES", (0.0,) * 5)


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
