"""What a call may cost: a forged one nothing, and many no more than a few."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from airflow_provider_runway.plugin import callbacks

from .callers import KEY, TOKEN, Caller, untouched
from .deferred import Waiting


def test_a_forged_call_does_not_touch_the_database(caller: Caller, waiting: Waiting, statements: list[str]) -> None:
    caller.call()
    statements.clear()

    assert caller.call(TOKEN.sign("another key")).status_code == 401
    assert caller.call("1.x.y").status_code == 400
    assert statements == []


def test_a_flood_of_unknown_connections_reads_few(
    caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(callbacks, "_CONNECTIONS_PER_SECOND", 0.001)
    monkeypatch.setattr(callbacks, "_SELDOM", 1e9)
    server = FastAPI()
    server.mount("/runway/callback", callbacks.make_app())
    caller.client = TestClient(server)
    caller.call(replace(TOKEN, task_id="other"))
    statuses = [caller.call(replace(TOKEN, conn_id=f"nobody_{number}")).status_code for number in range(60)]

    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert statuses.count(401) < 30
    assert caller.call().json() == {"status": "woken"}
    assert len([each for each in caplog.records if each.name == callbacks.__name__]) <= 2


def test_a_flood_of_good_calls_is_paced(caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_CALLS_AT_ONCE", 3)
    monkeypatch.setattr(callbacks, "_CALLS_PER_SECOND", 0.001)
    server = FastAPI()
    server.mount("/runway/callback", callbacks.make_app())
    caller.client = TestClient(server)

    assert [caller.call().status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_body_that_drips_is_given_up(caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_LONGEST_READ", 0.05)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(30)
        raise AssertionError

    async def call() -> list[int]:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        path = f"/{TOKEN.sign(KEY)}"
        scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": [], "query_string": b""}
        await callbacks.make_app()(scope, drip, send)
        return statuses

    assert asyncio.run(call()) == [408]
    assert untouched(waiting)
