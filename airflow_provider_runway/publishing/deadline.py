"""An end to a request, whatever the other side does: it may drip, byte by byte, for as long as it likes.

What ``requests`` calls a timeout is the longest pause between two bytes.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool


class Watch:
    """Ends all connections once the time is up.

    Its ``is_over`` tells whether it was, and ``has_begun`` whether there was a connection.
    """

    def __init__(self) -> None:
        self.is_over = self.has_begun = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def add(self, connected: socket.socket) -> None:
        """Watch over a connection, whatever is made of its socket."""
        with self._lock:
            self.has_begun = True
            self._sockets.append(connected.dup())
        if self.is_over:
            self.end()

    def end(self) -> None:
        """The time is up."""
        self.is_over = True
        with self._lock:
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Watch no longer."""
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()


class WatchedAdapter(TCPKeepAliveAdapter):  # type: ignore[misc] # it has no types
    """An adapter of ``requests`` whose connections end in time."""

    def __init__(self) -> None:
        self._watch = Watch()
        super().__init__()

    @contextlib.contextmanager
    def watched(self, seconds: float) -> Iterator[Watch]:
        """End what is sent within the block after so many seconds."""
        watch = self._watch = Watch()
        timer = threading.Timer(seconds, watch.end)
        timer.daemon = True
        timer.start()
        try:
            yield watch
        finally:
            timer.cancel()
            self.close()  # no connection serves a second request: its socket is not watched over
            watch.release()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make what connects."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make what connects by way of a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, type]:
        return {"http": self._watching(HTTPConnectionPool), "https": self._watching(HTTPSConnectionPool)}

    def _watching(self, pool: Any) -> type:
        adapter = self

        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                connected: socket.socket = super()._new_conn()
                adapter._watch.add(connected)
                return connected

        return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
