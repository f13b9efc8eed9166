"""Where the examples are, and a content management system for one of them to talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from airflow.models.dagrun import DagRun
from typing_extensions import Self

EXAMPLES = Path(__file__).parents[2] / "dags_examples"

RunDag = Callable[..., DagRun]


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    body: Any


@dataclass
class Cms:
    """Keeps what it is sent; listens on a free port of this machine within a `with` block.

    :param received: the requests, oldest first.
    """

    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                length = int(self.headers["Content-Length"])
                received.append(Received(self.command, self.path, json.loads(self.rfile.read(length))))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def connection_json(self) -> str:
        """The Airflow connection to it."""
        return json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": self._server.server_port})
