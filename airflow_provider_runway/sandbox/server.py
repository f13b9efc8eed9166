"""The sandbox behind uvicorn."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import uvicorn  # noqa: TID253 - this module is imported when a sandbox starts

from airflow_provider_runway.sandbox.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_runway.sandbox.settings import SandboxSettings

_BACKLOG = 2048
_LAST_PORT = 65_535


class SandboxServer(uvicorn.Server):
    """A server that says when it listens.

    :param on_ready: called once, as soon as requests are answered.
    :param state: a file that keeps the tasks from one run to the next.
    """

    def __init__(self, settings: SandboxSettings, on_ready: Callable[[], None], *, state: Path | None = None) -> None:
        config = uvicorn.Config(
            create_app(settings, state=state),
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=True,
            ws="none",
            lifespan="on",
            backlog=_BACKLOG,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket for a server.

    :param host: name or address of the interface.
    :param port: 0 picks a free one.
    :raises OSError: the port is taken or none, or the host is not ours.
    """
    if not 0 <= port <= _LAST_PORT:
        raise OSError(errno.EINVAL, f"a port is a number from 0 to {_LAST_PORT}")
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
