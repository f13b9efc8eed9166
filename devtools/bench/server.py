"""The server that all contenders poll: a process of its own that does as little as it can, and counts."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NamedTuple

from devtools.bench.answers import RUNNING, SOME_TASK_ID, answer, kie_error
from devtools.bench.certificate import Certificate
from devtools.bench.processes import Process, answering

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_TASK_ID = re.compile(rb"[?&]taskId=([-0-9a-f]{36})")


class Counts(NamedTuple):
    """What the server has seen since it was last told to forget.

    :param moment: Seconds on the server's clock.
    :param requests: Requests answered.
    :param connections: TCP connections accepted.
    :param open: Connections open now.
    :param most_open: The most that were open at a time.
    :param polled: Different requests: each wait asks for something of its own.
    :param longest_gap: Seconds, the longest time between two of the same request, or since the last one.
    """

    moment: float
    requests: int
    connections: int
    open: int
    most_open: int
    polled: int
    longest_gap: float


@dataclass(slots=True)
class _Book:
    """What is being counted, and what is being answered."""

    error: int | None = None
    requests: int = 0
    connections: int = 0
    open: int = 0
    most_open: int = 0
    longest_gap: float = 0.0
    last_polls: dict[bytes, float] = field(default_factory=dict)

    def forget(self, error: int | None) -> None:
        """Begin anew, with an error for every request, or without."""
        self.error = error
        self.requests = self.connections = 0
        self.most_open = self.open
        self.last_polls.clear()
        self.longest_gap = 0.0

    def counts(self, *, gaps_anew: bool = False) -> Counts:
        """What was counted; afterwards gaps are counted from now on, if so asked."""
        now = time.monotonic()
        since_last = max((now - poll for poll in self.last_polls.values()), default=0.0)
        counts = Counts(
            now,
            self.requests,
            self.connections,
            self.open,
            self.most_open,
            len(self.last_polls),
            max(self.longest_gap, since_last),
        )
        if gaps_anew:
            self.longest_gap = 0.0
        return counts


class _Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, book: _Book) -> None:
        self._book = book
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        book = self._book
        book.connections += 1
        book.open += 1
        book.most_open = max(book.most_open, book.open)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._book.open -= 1

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head, length = received[:end], 0
            end += 4
            if declared := _LENGTH.search(head):
                length = int(declared[1])
            if len(received) < end + length:
                break
            self._answer(head, received[end : end + length])
            received = received[end + length :]
        self._received = received

    def _answer(self, head: bytes, body: bytes) -> None:
        book, now = self._book, time.monotonic()
        target = head.split(b" ", 2)[1]
        asked = target + body
        book.requests += 1
        last = book.last_polls.get(asked)
        if last is not None and now - last > book.longest_gap:
            book.longest_gap = now - last
        book.last_polls[asked] = now
        self._transport.write(_answer_to(target, asked, book.error))  # type: ignore[attr-defined]


def _answer_to(target: bytes, asked: bytes, error: int | None) -> bytes:
    for beginning, running in RUNNING.items():
        if target.startswith(beginning):
            if error is None:
                wanted = _TASK_ID.search(target)
                return running.replace(SOME_TASK_ID.encode(), wanted[1]) if wanted else running
            # Half of the waits meet it in the body alone, the other half as HTTP status too.
            return kie_error(error, as_status=beginning == b"/sensor/" or bool(zlib.crc32(asked) & 1))
    return answer(400, {"detail": "nobody asks for this"})


class Server:
    """The server, to ask.

    :param process: Its process, running.
    :param tls: Whether it speaks TLS.
    """

    def __init__(self, process: Process, *, tls: bool) -> None:
        self._process = process
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{process.ask('port')}"

    def counts(self, *, gaps_anew: bool = False) -> Counts:
        """What it has seen."""
        return Counts(*self._process.ask("counts", gaps_anew))

    def forget(self, error: int | None = None) -> None:
        """Forget what was seen, and answer with this error from now on, or with none."""
        self._process.ask("forget", error)


def server_process(certificate: Certificate | None) -> Process:
    """A process for :class:`Server`; without a certificate it speaks plain HTTP."""
    return Process(_main, certificate)


def _main(pipe: Connection, certificate: Certificate | None) -> None:
    asyncio.run(_serve(pipe, certificate))


async def _serve(pipe: Connection, certificate: Certificate | None) -> None:
    book = _Book()
    context = certificate.server_context() if certificate is not None else None
    server = await asyncio.get_running_loop().create_server(
        lambda: _Answering(book), "127.0.0.1", 0, ssl=context, backlog=4096
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        await answering(
            pipe,
            {
                "port": lambda: port,
                "counts": lambda anew: tuple(book.counts(gaps_anew=anew)),
                "forget": book.forget,
            },
        )
        server.close()
