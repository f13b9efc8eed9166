"""An httpx transport for large downloads, on Python's own HTTP client.

httpx parses a body in pieces of 64 KiB in Python; here it comes straight from the socket in pieces four times that
size, which takes half the processor time. The pieces lie in a few blocks of memory that are used again and again: to
get fresh ones from the system, and to give them back, takes as long as to receive what they hold. It speaks plain
HTTP/1.1, one request a connection, without proxies: through one, httpx's own transport is used.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator
from functools import cached_property
from itertools import cycle
from typing import cast
from urllib.request import getproxies

import httpx
from typing_extensions import Buffer

from airflow_provider_runway.storage.minimum_rate import Clock, EndlessAnswerError, Pace
from airflow_provider_runway.storage.public_hosts import is_public
from airflow_provider_runway.storage.sink import BATCH, WAITING

# The extension of a request that may go to public addresses alone.
PUBLIC_ONLY = "airflow_provider_runway.public_only"

_PIECE = BATCH
# Bytes that may come without any of the file, several pieces of which are among them otherwise.
_MOST_WITHOUT_FILE = 4 * _PIECE
# A piece may be used until so many more have come: longer than a sink keeps it.
_BLOCKS = WAITING + 4


def best_transport(clock: Clock = time.monotonic) -> httpx.BaseTransport:
    """The transport for downloads.

    :param clock: Seconds on a clock that does not jump.
    """
    if not {"http", "https", "all"} & getproxies().keys():
        return FastTransport(clock)
    from airflow_provider_runway.storage.proxied_transport import ProxiedTransport

    return ProxiedTransport(clock)


class FastTransport(httpx.BaseTransport):
    """Sends requests without a body over a connection of their own.

    :param clock: Seconds on a clock that does not jump.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and read the answer up to its body.

        :raises OSError: If there is no connection, or it is cut, or it leads where it must not.
        :raises http.client.HTTPException: If the answer is not HTTP.
        :raises TooSlowError: If the answer drips, here or when its body is read.
        """
        timeout = request.extensions.get("timeout", {})
        connection = self._connect(request.url, timeout.get("connect"))
        try:
            connection.connect()
            if request.extensions.get(PUBLIC_ONLY) and not is_public(str(connection.sock.getpeername()[0])):
                raise PermissionError("the host's address has changed to one of a private network")
            connection.sock.settimeout(timeout.get("read"))
            connection.putrequest(
                request.method, request.url.raw_path.decode("ascii"), skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers.raw:
                if name.lower() != b"connection":
                    connection.putheader(name.decode("ascii"), value)
            connection.putheader("Connection", "close")
            connection.endheaders()
            wire = _Paced(connection.sock, Pace(self._clock))
            connection.sock = cast("socket.socket", _PacedSocket(connection.sock, wire))
            answer = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        # Headers are bytes; http.client has made texts of them, a character a byte.
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]
        return httpx.Response(answer.status, headers=headers, stream=_Body(connection, answer, wire))

    def _connect(self, url: httpx.URL, timeout: float | None) -> http.client.HTTPConnection:
        host = url.raw_host.decode("ascii")
        if url.scheme == "https":
            return http.client.HTTPSConnection(host, url.port or 443, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(host, url.port or 80, timeout=timeout)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()


class _Paced(io.RawIOBase):
    """The bytes of a socket as they come, at no less than a pace, and with the file's among them."""

    def __init__(self, wrapped: socket.socket, pace: Pace) -> None:
        super().__init__()
        self._raw = wrapped.makefile("rb", buffering=0)
        self._pace = pace
        self._without_file = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        size = self._raw.readinto(buffer)
        if size:
            self._without_file += size
            if self._without_file > _MOST_WITHOUT_FILE:
                raise EndlessAnswerError
            self._pace.took(size)
        return size

    def handed_on(self) -> None:
        """Some of the file has come of the bytes until now."""
        self._without_file = 0

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PacedSocket:
    """A socket whose answer is read so: http.client asks it for a file, and closes it."""

    def __init__(self, wrapped: socket.socket, wire: _Paced) -> None:
        self._socket = wrapped
        self._wire = wire

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The answer, to be read."""
        return io.BufferedReader(self._wire)

    def close(self) -> None:
        """Close it; the answer can be read on, until it is closed too."""
        self._socket.close()


class _Body(httpx.SyncByteStream):
    """What is still to be read of an answer, piece by piece. A piece is good until some more have come."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, wire: _Paced) -> None:
        self._connection = connection
        self._answer = answer
        self._wire = wire

    def __iter__(self) -> Iterator[bytes]:
        if self._answer.chunked:  # where readinto would not say how much has come before a cut
            while piece := self._answer.read1(_PIECE):
                self._wire.handed_on()
                yield piece
        else:
            yield from self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        blocks = cycle([memoryview(bytearray(_PIECE)) for _ in range(_BLOCKS)])
        size = _PIECE
        while size == _PIECE:
            block, size = next(blocks), 0
            try:
                while size < _PIECE and (received := self._answer.readinto(block[size:])):
                    size += received
            finally:
                # What has come before a cut counts too.
                if size:
                    self._wire.handed_on()
                    yield cast("bytes", block[:size])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._answer.close()
        self._connection.close()
