"""A load balancer: each connection to its port goes to the next of some servers on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from devtools.stack.airflow_home import LOOPBACK

_CHUNK = 65_536
_POLL = 0.05


class Balancer:
    """Passes connections on. A server that does not answer is left out.

    :param port: its own.
    :param targets: the ports of the servers.
    """

    def __init__(self, port: int, targets: Sequence[int]) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._targets = targets
        self._server: _Server | None = None

    def start(self) -> None:
        """Listen."""
        server = self._server = _Server(self._port, self._targets)
        threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more. Safe to call twice."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, port: int, targets: Sequence[int]) -> None:
        self._targets = targets
        self._count = count()
        super().__init__((LOOPBACK, port), _Connection)

    def open(self) -> socket.socket | None:
        """A connection to the next server that answers."""
        start = next(self._count)
        for place in range(len(self._targets)):
            with suppress(OSError):
                return socket.create_connection((LOOPBACK, self._targets[(start + place) % len(self._targets)]))
        return None


class _Connection(BaseRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        there = server.open()
        if there is not None:
            with there:
                back = threading.Thread(target=_pass_on, args=(there, self.request), daemon=True)
                back.start()
                _pass_on(self.request, there)
                back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
