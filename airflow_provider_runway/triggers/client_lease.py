"""The client lease: a reference-counted client for one snapshot of the connection."""

from __future__ import annotations

import asyncio
from types import TracebackType

from typing_extensions import Self

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.client import AsyncKieClient

# Seconds for which what was read of the connection is taken to hold.
_CURRENT = 10.0


async def open_lease(runway_conn_id: str, sockets: int) -> ClientLease:
    """Read a connection and make its client, without blocking the event loop.

    :param runway_conn_id: The connection, of type ``runway``.
    :param sockets: Connections to KIE at the same time, at most.
    :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
    """
    return await ClientLease.open(await _read(runway_conn_id), runway_conn_id, sockets)


class ClientLease:
    """A client, and the number of polls that use it. Use as a context manager for each poll.

    :param client: The client.
    :param settings: The snapshot of the connection that it was made from.
    :param runway_conn_id: The connection.
    :param sockets: Connections to KIE at the same time, at most.
    :param checked_at: Seconds, on the clock of :meth:`renewed`: when the connection was read in place of an earlier
        lease. One that reads differently each time is not read without a pause.
    """

    def __init__(
        self,
        client: AsyncKieClient,
        settings: Settings,
        runway_conn_id: str,
        sockets: int,
        checked_at: float | None = None,
    ) -> None:
        self.client = client
        self._settings = settings
        self._conn_id = runway_conn_id
        self._sockets = sockets
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._checked_at = checked_at
        self._renewing: asyncio.Task[Self | None] | None = None

    @classmethod
    async def open(cls, settings: Settings, runway_conn_id: str, sockets: int, checked_at: float | None = None) -> Self:
        """Make the client for a snapshot of the connection."""
        from airflow_provider_runway.kie.over_aiohttp import AiohttpSender

        sender = await AiohttpSender.open(settings.address, timeout=settings.timeout, sockets=sockets)
        client = AsyncKieClient(settings.address, sender=sender)
        return cls(client, settings, runway_conn_id, sockets, checked_at)

    async def renewed(self, now: float) -> Self | None:
        """Another lease, if the connection has changed since the snapshot.

        Many polls ask this at once when a key has been changed: the connection is read once for all of them.

        :param now: Seconds, on any clock.
        """
        if self._checked_at is not None and now - self._checked_at < _CURRENT:
            return None
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew(now))
        renewing = self._renewing
        try:
            return await asyncio.shield(renewing)
        finally:
            if renewing.done() and self._renewing is renewing:
                self._renewing, self._checked_at = None, now

    async def _renew(self, now: float) -> Self | None:
        settings = await _read(self._conn_id)
        if settings == self._settings:
            return None
        return await type(self).open(settings, self._conn_id, self._sockets, now)

    async def retire(self) -> None:
        """Close the client once no poll uses it any more."""
        await self._unused.wait()
        await self.client.aclose()

    def __enter__(self) -> Self:
        self._users += 1
        self._unused.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._users -= 1
        if self._users == 0:
            self._unused.set()


async def _read(runway_conn_id: str) -> Settings:
    from airflow_provider_runway.hooks.runway import RunwayHook

    return await RunwayHook(runway_conn_id).a_get_settings()
