"""A sandbox in a thread of this process."""

from __future__ import annotations

import threading
import time
import warnings
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.client import SandboxControl
from airflow_provider_runway.sandbox.guard import warning_of
from airflow_provider_runway.sandbox.server import SandboxError, listen, server_of
from airflow_provider_runway.sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from typing_extensions import Self

_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 10.0


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

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, as entering the ``with`` block does."""
        host, port = self._address
        self._listener = listen(host, port)
        if warning := warning_of(host):
            warnings.warn(warning, stacklevel=2)
        self._server = server_of(self._settings, host)
        run, sockets = self._server.run, [self._listener]
        self._thread = threading.Thread(target=run, args=(sockets,), name="runway-sandbox", daemon=True)
        self._thread.start()
        until = time.monotonic() + _START_TIMEOUT
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise SandboxError("The sandbox did not start")
            time.sleep(0.005)
        super().__init__(f"http://{host}:{self._listener.getsockname()[1]}", self._settings.keys[0])

    def stop(self) -> None:
        """Stop it, as leaving the ``with`` block does."""
        self.close()
        self._server.should_exit = True
        self._thread.join(_STOP_TIMEOUT)
        self._listener.close()
