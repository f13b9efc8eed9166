"""A sandbox in a thread of this process."""

from __future__ import annotations

import socket
import threading
import warnings
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.client import SandboxControl
from airflow_provider_runway.sandbox.guard import opened, warning_of
from airflow_provider_runway.sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 10.0
_NEEDED = ("av", "PIL")
_BACKLOG = 2048
_LAST_PORT = 65_535


class SandboxError(RuntimeError):
    """The sandbox cannot start; the message says why and what helps."""


class Sandbox(SandboxControl):
    """A sandbox on a free port of this machine, for as long as a ``with`` block lasts.

    Within the block everything of ``SandboxControl`` is at hand.

    :param settings: the settings at the start.
    :param host: the interface to listen on.
    :param port: the port; 0 picks a free one.
    :raises SandboxError: on entering, when it cannot start.
    """

    def __init__(self, settings: SandboxSettings | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._settings = settings or SandboxSettings()
        self._address = host, port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, as entering the ``with`` block does."""
        host, port = self._address
        listener = listen(host, port)
        from airflow_provider_runway.sandbox.server import SandboxServer

        ready = threading.Event()
        if warning := warning_of(host):
            warnings.warn(warning, stacklevel=2)
        self._server = SandboxServer(opened(self._settings, host), ready.set)
        self._listener = listener
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="runway-sandbox", daemon=True)
        self._thread.start()
        if not ready.wait(_START_TIMEOUT):
            raise SandboxError(f"The sandbox did not start within {_START_TIMEOUT:g} s")
        super().__init__(f"http://{host}:{listener.getsockname()[1]}", self._settings.keys[0])

    def stop(self) -> None:
        """Stop it, as leaving the ``with`` block does."""
        self.close()
        self._server.should_exit = True
        self._thread.join(_STOP_TIMEOUT)
        self._listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket for a server that can make videos.

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
