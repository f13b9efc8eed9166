from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.plugin.callbacks import make_app

from .support import Call

pytestmark = pytest.mark.usefixtures("server_context")
NAME = "AIRFLOW_CONN_RUNWAY_DEFAULT"
KEY = "k3y-of-mine"


def connection(key: str = KEY, **extra: str) -> str:
    return json.dumps({"conn_type": "runway", "password": key, "extra": extra})


@pytest.fixture
def api_server() -> Iterator[str]:
    """Where the receiver answers."""
    app = FastAPI()
    app.mount("/air/runway/callback", make_app())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/air"
    server.should_exit = True
    thread.join()


@contextmanager
def another(status: int, body: bytes, location: str = "") -> Iterator[str]:
    """What answers in the receiver's place."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("extra", "said"), [({}, "not set"), ({"webhook_secret": "whsec"}, "set and accepted")])
def test_a_call_that_arrives_is_told_of(
    call: Call, api_server: str, monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], said: str
) -> None:
    monkeypatch.setenv(NAME, connection(**extra, callback_base_url=api_server))

    done = call("callbacks", "check", "-o", "json")

    assert done.code == 0, done.err
    assert {**done.result, "airflow": None} == {
        "url": api_server,
        "reached": True,
        "token": "accepted",
        "webhook_secret": said,
        "wakes_tasks": True,
        "airflow": None,
    }


@pytest.mark.parametrize(
    ("there", "here", "meaning"),
    [
        (connection("another"), connection(), "another API key"),
        (connection(webhook_secret="one"), connection(webhook_secret="two"), "another webhook_secret"),
        (connection(webhook_secret="one"), connection(), "another webhook_secret"),
        (connection(), connection(webhook_secret="two"), "it checks no signatures"),
    ],
)
def test_what_the_api_server_has_otherwise_is_told(  # noqa: PLR0917
    call: Call, api_server: str, monkeypatch: pytest.MonkeyPatch, there: str, here: str, meaning: str
) -> None:
    monkeypatch.setenv(NAME, there)
    call("callbacks", "check", "--url", api_server)  # the API server knows a connection for a minute
    monkeypatch.setenv(NAME, here)

    done = call("callbacks", "check", "--url", api_server)

    assert done.code == ExitCode.REFUSED
    assert meaning in done.err
    assert KEY not in done.err


@pytest.mark.parametrize(
    ("status", "body", "location", "meaning"),
    [
        (404, b"Not found", "", "not the receiver"), (200, b"<html>", "", "not the receiver"),
        (200, b'{"status": "received"}', "", "not the receiver"), (200, b"[" * 70_000, "", "not the receiver"),
        (401, b"{}", "", "not the receiver"), (301, b"", "https://elsewhere.example/", "it redirects"),
        (502, b"x" * 200_000, "", "not the receiver"),
    ],
)  # fmt: skip
def test_whatever_else_answers_is_told(  # noqa: PLR0917
    call: Call, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, location: str, meaning: str
) -> None:
    with another(status, body, location) as url:
        monkeypatch.setenv(NAME, connection(callback_base_url=url))
        done = call("callbacks", "check")

    assert done.code == ExitCode.REFUSED
    assert f"status {status}" in done.err
    assert meaning in done.err


def test_an_address_that_is_not_reached_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, connection())

    done = call("callbacks", "check", "--url", "http://127.0.0.1:9")

    assert done.code == ExitCode.REFUSED
    assert "was not reached" in done.err
    assert "/runway/callback" not in done.err


def test_a_proxy_that_is_none_is_told_without_its_password(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, connection())
    monkeypatch.setenv("https_proxy", "http://u:s3cret/word@proxy.invalid")

    done = call("callbacks", "check", "--url", "https://airflow.invalid")

    assert done.code == ExitCode.REFUSED
    assert "was not reached from here (the proxy's address is none)" in done.err
    assert "s3cret" not in done.err


@pytest.mark.parametrize("words", [(), ("--url", "airflow.example"), ("--url", "http://a?b")])
def test_without_an_address_nothing_is_sent(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv(NAME, connection())

    assert call("callbacks", "check", *words).code == ExitCode.WRONG
