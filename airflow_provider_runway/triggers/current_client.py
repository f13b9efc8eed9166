"""The client lease that all polls of a connection share: opened once, replaced when the connection has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, cast

from airflow_provider_runway.triggers.client_lease import ClientLease, open_lease

log = logging.getLogger(__name__)


class CurrentClient:
    """The lease of a connection as it is now.

    :param runway_conn_id: The connection.
    :param sockets: Connections to KIE at the same time, at most.
    """

    def __init__(self, runway_conn_id: str, sockets: int) -> None:
        self._conn_id = runway_conn_id
        self._sockets = sockets
        self._lease: ClientLease | None = None
        self._opening: asyncio.Task[ClientLease] | None = None
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
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(open_lease(self._conn_id, self._sockets))
        opening = self._opening
        either = cast("list[asyncio.Future[Any]]", [opening, ended])
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            await ended
            return
        if self._opening is opening:
            self._opening = None
        lease = opening.result()
        if self._lease is None:
            self._lease = lease

    async def has_changed(self, lease: ClientLease, now: float) -> bool:
        """Whether the connection has changed since a lease was opened; then another has taken its place.

        :param lease: The lease that a poll has used.
        :param now: Seconds, on any clock.
        """
        if self._lease is lease:
            try:
                renewed = await lease.renewed(now)
            except Exception as error:  # noqa: BLE001 - then what KIE said stands
                log.warning("Connection %r cannot be read any more: %s", self._conn_id, error)
                return False
            if renewed is not None and self._lease is lease:
                self._lease = renewed
                self._retire(lease)
        return self._lease is not lease

    async def close(self) -> None:
        """Close what is open."""
        opening, lease = self._opening, self._lease
        self._opening = self._lease = None
        if opening is not None:
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        if lease is not None:
            self._retire(lease)
        closing: set[Awaitable[None]] = set(self._retiring)
        await asyncio.gather(*closing, return_exceptions=True)

    def _retire(self, lease: ClientLease) -> None:
        """Close a lease once the polls that still use it have ended, which may take a while."""
        retiring = asyncio.get_running_loop().create_task(lease.retire())
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
