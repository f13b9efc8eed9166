"""The client of a connection that may change while it is used.

A client lease is the reference-counted client for one snapshot of the connection. All polls of a connection use the
lease of the newest snapshot; an earlier one is closed once no poll uses it any more.
"""

from __future__ import annotations

import asyncio
import logging
import math
from types import TracebackType
from typing import Any, cast

from typing_extensions import Self

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.client import AsyncKieClient
from airflow_provider_runway.kie.errors import PollingFailedError, RunwayError
from airflow_provider_runway.kie.transport_faults import fault_of

log = logging.getLogger(__name__)

# Seconds for which what was read of the connection is taken to hold. One that reads differently each time is not read
# without a pause.
_CURRENT = 10.0
# Seconds between readings of a connection that cannot be read.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)


class ClientLease:
    """A client, and the number of polls that use it. Use as a context manager for each poll.

    :param client: The client.
    :param settings: The snapshot of the connection that it was made from.
    """

    def __init__(self, client: AsyncKieClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @classmethod
    async def open(cls, settings: Settings, sockets: int) -> Self:
        """Make the client for a snapshot of the connection, without blocking the event loop.

        :param settings: The snapshot.
        :param sockets: Connections to KIE at the same time, at most.
        """
        from airflow_provider_runway.kie.over_aiohttp import AiohttpSender

        sender = await AiohttpSender.open(settings.address, timeout=settings.timeout, sockets=sockets)
        return cls(AsyncKieClient(settings.address, sender=sender), settings)

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


class CurrentClient:
    """The lease for a connection as it is now: opened once, replaced when the connection has changed.

    :param runway_conn_id: The connection, of type ``runway``.
    :param sockets: Connections to KIE at the same time, at most.
    """

    def __init__(self, runway_conn_id: str, sockets: int) -> None:
        self._conn_id = runway_conn_id
        self._sockets = sockets
        self._lease: ClientLease | None = None
        self._checked_at = -math.inf
        self._reading: asyncio.Task[None] | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def lease(self) -> ClientLease:
        """The lease, which there is from :meth:`open` to :meth:`close`."""
        if self._lease is None:  # pragma: no cover - a caller that breaks the rules
            raise TypeError("there is no client lease")
        return self._lease

    async def open(self, ended: asyncio.Future[None]) -> None:
        """Open the lease unless it is open. Whoever asks first may be cancelled meanwhile: the others still get it.

        :param ended: Done when whoever asks needs the lease no more; what it holds is raised then.
        :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
        """
        if self._lease is not None:
            return
        reading = self._read_once()
        either = cast("list[asyncio.Future[Any]]", [reading, ended])
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        await (reading if reading.done() else ended)

    async def has_changed(self, lease: ClientLease, now: float) -> bool:
        """Whether the connection has changed since a lease was opened; then another has taken its place.

        Many polls ask this at once when a key has been changed: the connection is read once for all of them.

        :param lease: The lease that a poll has used.
        :param now: Seconds, on any clock.
        """
        if self._lease is lease and now - self._checked_at >= _CURRENT:
            reading = self._read_once()
            try:
                await asyncio.shield(reading)
            except Exception as error:  # noqa: BLE001 - then what KIE said stands
                log.warning("Connection %r cannot be read any more: %s", self._conn_id, error)
            finally:
                if reading.done():
                    self._checked_at = now
        return self._lease is not lease

    async def close(self) -> None:
        """Close what is open."""
        if (reading := self._reading) is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if self._lease is not None:
            self._retire(self._lease)
            self._lease = None
        await asyncio.gather(*self._retiring, return_exceptions=True)

    def _read_once(self) -> asyncio.Task[None]:
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        """Read the connection, and open a lease for it unless that would be the one there is."""
        try:
            settings = await _patiently(self._conn_id)
            before = self._lease
            if before is None or settings != before.settings:
                self._lease = await ClientLease.open(settings, self._sockets)
                if before is not None:
                    self._retire(before)
        finally:
            self._reading = None

    def _retire(self, lease: ClientLease) -> None:
        """Close a lease once the polls that still use it have ended, which may take a while."""
        retiring = asyncio.get_running_loop().create_task(lease.retire())
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)


async def _patiently(runway_conn_id: str) -> Settings:
    """Read a connection, again where that went wrong: a wait for what is paid does not end with a fault that passes.

    :raises ConnectionSettingsError: If it has no key or a value that cannot work, or is not there time after time.
    :raises PollingFailedError: If reading it goes wrong time after time.
    """
    for pause in (*_PAUSES, None):
        try:
            return await _settings(runway_conn_id)
        except Exception as error:
            if not _may_pass(error):
                raise
            what = fault_of(error)
            if pause is None:
                if isinstance(error, RunwayError):
                    raise
                raise PollingFailedError(
                    f"Connection {runway_conn_id!r} could not be read in the triggerer, {len(_PAUSES) + 1} times in a "
                    f"row ({what}). The task is paid and goes on at KIE.AI"
                ) from None
            log.warning("Connection %r cannot be read (%s). It is read again in %g s.", runway_conn_id, what, pause)
            await RunwayHook.clock.asleep(pause)
    raise AssertionError  # pragma: no cover - the last turn returns or raises


def _may_pass(error: Exception) -> bool:
    """Whether reading the connection once more may help. Of a secrets backend that fails Airflow says "not found"."""
    from airflow_provider_runway.utils.versions import AirflowNotFoundException

    return not isinstance(error, RunwayError) or isinstance(error.__context__, AirflowNotFoundException)


async def _settings(runway_conn_id: str) -> Settings:
    return await RunwayHook(runway_conn_id).a_get_settings()
