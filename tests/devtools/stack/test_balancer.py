from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from devtools.stack.airflow_home import free_port
from devtools.stack.balancer import Balancer


@contextmanager
def server(name: bytes) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(name + body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made.server_port
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture
def ask() -> Iterator[Balancer]:
    with ExitStack() as stack:
        ports = [stack.enter_context(server(name)) for name in (b"a", b"b")]
        balancer = Balancer(free_port(), [ports[0], free_port(), ports[1]])
        balancer.start()
        stack.callback(balancer.stop)
        yield balancer


def test_each_connection_goes_to_the_next_that_answers(ask: Balancer) -> None:
    answers = [httpx.post(ask.url, content=b"x" * 100_000, trust_env=False).text for _ in range(6)]

    assert [answer[0] for answer in answers] == ["a", "b", "b"] * 2
    assert {len(answer) for answer in answers} == {100_001}


def test_where_nobody_answers_the_connection_is_closed() -> None:
    balancer = Balancer(free_port(), [free_port()])
    balancer.start()
    try:
        with pytest.raises(httpx.HTTPError):
            httpx.post(balancer.url, trust_env=False)
    finally:
        balancer.stop()
