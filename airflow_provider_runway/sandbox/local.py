"""A sandbox in a thread of this process."""

from __future__ import annotations

import threading
import warnings
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
        check_requirements()
        from airflow_provider_runway.sandbox.server import (
            SandboxServer,
            listening_socket,
        )

        host, port = self._address
        try:
            listener = listening_socket(host, port)
        except OSError as error:
            raise SandboxError(f"Cannot listen on {host}:{port}: {error.strerror}") from error
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


def check_requirements() -> None:
    """See that the packages for making videos are there.

    :raises SandboxError: they are not.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        names = " and ".join({"PIL": "pillow"}.get(name, name) for name in missing)
        raise SandboxError(
            f"The sandbox draws real videos and lacks {names}: pip install 'airflow-provider-runway[sandbox]'"
        )
