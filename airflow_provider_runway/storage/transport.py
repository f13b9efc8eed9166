"""httpx's own transport for downloads, with the bounds that an answer of any length needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import httpx

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.deadline_transport import BoundedTransport, Deadline
from airflow_provider_runway.kie.proxies import proxy_for
from airflow_provider_runway.storage.public_hosts import is_public

# The extension of a request that may go to public addresses alone.
PUBLIC_ONLY = "airflow_provider_runway.public_only"
# So many bytes have to come in so many seconds: 4 kB a second, in which even a short clip would take half an hour.
LEAST = 262_144
PERIOD = 60.0
# Bytes that may come without any of the file.
_MOST_WITHOUT_FILE = 1_048_576


class TooSlowError(Exception):
    """Less has come than has to."""


class EndlessAnswerError(Exception):
    """An answer goes on and on without any of the file: interim answers, trailers, extensions of chunks."""


class Pace(Deadline):
    """Has an answer bring some of the file all the time, instead of having it end by some time.

    :param stall: Seconds, the most that one read or write may take.
    :param clock: What time it is.
    """

    def __init__(self, stall: float, clock: Clock = CLOCK) -> None:
        super().__init__(math.inf, stall, clock)
        self._since = clock.monotonic()
        self._came = 0
        self._without_file = 0

    def took(self, size: int) -> None:
        """Take note of bytes that have come, be they of the file or not.

        :raises EndlessAnswerError: If there are too many without any of the file.
        :raises TooSlowError: If too few were of the file, in the period that is over now.
        """
        self._without_file += size
        if self._without_file > _MOST_WITHOUT_FILE:
            raise EndlessAnswerError
        self._check()

    def took_of_file(self, size: int) -> None:
        """Take note of bytes of the file.

        :raises TooSlowError: If too few have come, in the period that is over now.
        """
        self._without_file = 0
        self._came += size
        self._check()

    def _check(self) -> None:
        now = self._clock.monotonic()
        if now - self._since < PERIOD:
            return
        if self._came < LEAST:
            raise TooSlowError(f"only {self._came} bytes came in {now - self._since:.0f} s")
        self._since, self._came = now, 0


class MediaTransport(httpx.BaseTransport):
    """Sends each request over a connection of its own, the way that the environment's proxies say for its host.

    The extension ``deadline`` of a request is its :class:`Pace`.
    """

    def __init__(self) -> None:
        self._by_proxy: dict[str | None, BoundedTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and read the answer up to its body.

        :raises PermissionError: If it would go to a private address and must not. Where a proxy goes is its own affair.
        :raises TooSlowError: If the answer drips, here or when its body is read.
        """
        proxy = proxy_for(str(request.url))
        if proxy is None and request.extensions.get(PUBLIC_ONLY):
            request.extensions["trace"] = _refuse_private
        way = proxy.url if proxy else None
        if way not in self._by_proxy:
            self._by_proxy[way] = BoundedTransport(proxy, httpx.Limits(max_keepalive_connections=0))
        return self._by_proxy[way].handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._by_proxy.values():
            transport.close()


def _refuse_private(event: str, info: Mapping[str, Any]) -> None:
    """Look at the address of a connection as soon as it is there, before anything is sent: httpx's ``trace``."""
    if event != "connection.connect_tcp.complete":
        return
    connection = info["return_value"]
    if not is_public(str(connection.get_extra_info("server_addr")[0])):
        connection.close()
        raise PermissionError("the host's address has changed to one of a private network")
