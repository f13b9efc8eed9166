"""The line to KIE that all waits of a connection share: opened once, exchanged when the connection has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, cast

from airflow_provider_runway.triggers.client_lease import ClientLease, open_lease

log = logging.getLogger(__name__)


class CurrentLine:
    """The line of a connection as it is now.

    :param runway_conn_id: The connection.
    :param sockets: Connections to KIE at the same time, at most.
    """

    def __init__(self, runway_conn_id: str, sockets: int) -> None:
        self._conn_id = runway_conn_id
        self._sockets = sockets
        self._line: ClientLease | None = None
        self._opening: asyncio.Task[ClientLease] | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> ClientLease:
        """The line, which there is from :meth:`open` to :meth:`close`."""
        if self._line is None:  # pragma: no cover - a caller that breaks the rules
            raise TypeError("there is no line")
        return self._line

    async def open(self, ended: asyncio.Future[None]) -> None:
        """See to it that there is a line. Whoever asks first may be cancelled meanwhile: the others still get it.

        :param ended: Done when the line is of no use any more to whoever asks; what it holds is raised then.
        :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
        """
        if self._line is not None:
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
        line = opening.result()
        if self._line is None:
            self._line = line

    async def has_changed(self, line: ClientLease, now: float) -> bool:
        """Whether the connection has changed since a line was opened; then another has taken its place.

        :param line: The line that a look went over.
        :param now: Seconds, on any clock.
        """
        if self._line is line:
            try:
                renewed = await line.renewed(now)
            except Exception as error:  # noqa: BLE001 - then what KIE said stands
                log.warning("Connection %r cannot be read any more: %s", self._conn_id, error)
                return False
            if renewed is not None and self._line is line:
                self._line = renewed
                self._retire(line)
        return self._line is not line

    async def close(self) -> None:
        """Close what is open."""
        opening, line = self._opening, self._line
        self._opening = self._line = None
        if opening is not None:
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        if line is not None:
            self._retire(line)
        closing: set[Awaitable[None]] = set(self._retiring)
        await asyncio.gather(*closing, return_exceptions=True)

    def _retire(self, line: ClientLease) -> None:
        """Close a line once the looks that still go over it are through, which may take a while."""
        retiring = asyncio.get_running_loop().create_task(line.retire())
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
