"""The sandbox behind uvicorn, on a socket that it is given."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.guard import opened

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

    from airflow_provider_runway.sandbox.settings import SandboxSettings

_NEEDED = ("av", "PIL")
_BACKLOG = 2048
_LAST_PORT = 65_535


class SandboxError(RuntimeError):
    """The sandbox cannot start; the message says why and what helps."""


def server_of(settings: SandboxSettings, host: str, *, state: Path | None = None) -> uvicorn.Server:
    """A server that can run in any thread.

    :param host: the interface that it is going to listen on.
    :param state: a file that keeps the tasks from one run to the next.
    """
    import uvicorn

    from airflow_provider_runway.sandbox.app import create_app

    config = uvicorn.Config(
        create_app(opened(settings, host), state=state),
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """A socket for a server that can make videos; who connects to it from now on gets an answer once it runs.

    :param host: name or address of the interface.
    :param port: 0 picks a free one.
    :raises SandboxError: a package is missing, the port is taken or none, or the host is not ours.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        names = " and ".join({"PIL": "pillow"}.get(name, name) for name in missing)
        raise SandboxError(
            f"The sandbox draws real videos and lacks {names}: pip install 'airflow-provider-runway[sandbox]'"
        )
    if not 0 <= port <= _LAST_PORT:
        raise SandboxError(f"Cannot listen on {host}:{port}: a port is a number from 0 to {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
            stack.pop_all()
    except OSError as error:
        raise SandboxError(f"Cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
