"""One KIE.AI client per event loop and connection, shared by all triggers that wait there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from airflow_provider_runway.kie.client import AsyncKieClient


@dataclass(slots=True)
class _Shared:
    """A client and the number of triggers that use it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    client: AsyncKieClient | None = None
    users: int = 0


_SHARED: dict[tuple[asyncio.AbstractEventLoop, str], _Shared] = {}


@asynccontextmanager
async def shared_client(runway_conn_id: str) -> AsyncIterator[AsyncKieClient]:
    """The client of a connection; built by the first that asks, closed when the last one leaves.

    :param runway_conn_id: The connection, of type ``runway``.
    :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
    """
    key = (asyncio.get_running_loop(), runway_conn_id)
    shared = _SHARED.setdefault(key, _Shared())
    shared.users += 1
    try:
        async with shared.lock:
            if shared.client is None:
                shared.client = await _open(runway_conn_id)
        yield shared.client
    finally:
        shared.users -= 1
        if shared.users == 0:
            del _SHARED[key]
            if shared.client is not None:
                await shared.client.aclose()


async def _open(runway_conn_id: str) -> AsyncKieClient:
    from httpx_aiohttp import AiohttpTransport

    from airflow_provider_runway.hooks.runway import RunwayHook

    settings = await RunwayHook(runway_conn_id).a_get_settings()
    return AsyncKieClient(settings.address, timeout=settings.timeout, transport=AiohttpTransport())
