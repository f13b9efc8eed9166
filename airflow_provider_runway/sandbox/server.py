"""The sandbox behind uvicorn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn  # noqa: TID253 - this module is imported when a sandbox starts

from airflow_provider_runway.sandbox.app import create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_runway.sandbox.settings import SandboxSettings


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
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()
