"""A raw server on 127.0.0.1 that does to connections what real networks do."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from typing_extensions import Self

from .support import READY, body

Act = Callable[[socket.socket], None]


class Hangup(Exception):  # noqa: N818 - it is none of the test's errors
    """The act has closed the connection."""


class Wire:
    """Reads whole requests and performs one act for each.

    :param acts: What to do after each request, in order; when they are used up, the connection is closed.
    :param tls: Speak TLS with this context.
    :param deaf: Perform the act as soon as a connection is made, without reading.
    """

    def __init__(self, *acts: Act, tls: ssl.SSLContext | None = None, deaf: bool = False) -> None:
        self._acts = iter(acts)
        self._tls = tls
        self._deaf = deaf
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[tuple[int, bytes]] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            _close(connection)
        for thread in self._threads:
            thread.join(5.0)

    def heard(self) -> list[tuple[int, bytes]]:
        """The requests, as soon as there is one: a client may have lost patience before the server had its turn."""
        until = time.monotonic() + 60
        while not self.requests and time.monotonic() < until:
            time.sleep(0.005)
        return self.requests

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with self._lock:
                    self._open.append(connection)
                    number = self.connections
                    self.connections += 1
                self._start(lambda connection=connection, number=number: self._serve(connection, number))  # type: ignore[misc]

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, Hangup, StopIteration):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.append(connection)
            while self._deaf or (request := _read_request(connection)):
                with self._lock:
                    if not self._deaf:
                        self.requests.append((number, request))
                    act = next(self._acts)
                act(connection)
        _close(connection)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := connection.recv(65536)):
            return b""
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(rest) < lengths[0]:
        rest += connection.recv(65536)
    return head + b"\r\n\r\n" + rest


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def reply(body: bytes, status: str = "200 OK", *headers: str) -> Act:
    """Answer, and keep the connection open."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return send(f"{head}\r\n\r\n".encode() + body)


def send(raw: bytes) -> Act:
    """Send these bytes, and keep the connection open."""
    return lambda connection: connection.sendall(raw)


def send_and_close(raw: bytes) -> Act:
    """Send these bytes, and close the connection in good order."""

    def act(connection: socket.socket) -> None:
        connection.sendall(raw)
        raise Hangup

    return act


def send_without_end(head: bytes, chunk: bytes, most: int) -> Act:
    """Send a head, and then a chunk again and again, until the other side has enough."""

    def act(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(most):
            connection.sendall(chunk)

    return act


def drip(raw: bytes, pause: float) -> Act:
    """Send these bytes one by one, with a pause after each, and keep the connection open."""

    def act(connection: socket.socket) -> None:
        for number in range(len(raw)):
            connection.sendall(raw[number : number + 1])
            time.sleep(pause)

    return act


def reset(connection: socket.socket) -> None:
    """Cut the connection, as a crash does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise Hangup


def unread(act: Act) -> Act:
    """Do this when the other side has begun to speak, without listening to it."""

    def wait_and_act(connection: socket.socket) -> None:
        select.select([connection], [], [])
        act(connection)

    return wait_and_act


def hang(connection: socket.socket) -> None:
    """Say nothing until the other side or the test has had enough."""
    while connection.recv(65536):
        pass


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """A port where nobody listens, kept from others meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


TAKEN = reply(body({"taskId": "t-1"}))
SEEN = reply(body(READY))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
