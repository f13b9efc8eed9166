"""The receiver of KIE.AI's calls, where Airflow's API server has it: who is listened to, and what is said to whom."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from versions import AIRFLOW

from airflow_provider_runway.kie.callback_bodies import LARGEST_BODY
from airflow_provider_runway.plugin import callbacks
from airflow_provider_runway.utils import metrics

from .callers import CALLED, HAS_STORE, KEY, TOKEN, Caller, untouched
from .database import Database
from .deferred import WAITS, Waiting, stored


def test_a_forged_call_changes_nothing(caller: Caller, waiting: Waiting) -> None:
    assert caller.call(TOKEN.sign("another key")).status_code == 401
    assert untouched(waiting)


def test_a_call_that_names_another_connection_is_forged(
    caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({"conn_type": "http", "password": KEY}))

    for conn_id in ("other", "nobody", "../x", "", "a" * 300):
        assert caller.call(replace(TOKEN, conn_id=conn_id)).status_code == 401
    assert untouched(waiting)


@pytest.mark.parametrize(
    "where", [{"dag_id": "other"}, {"run_id": "other"}, {"task_id": "other"}, {"map_index": 0}, {"dag_id": "\ud800"}]
)
def test_a_misaddressed_call_changes_nothing(caller: Caller, waiting: Waiting, where: dict[str, Any]) -> None:
    answer = caller.call(replace(TOKEN, **where))

    assert answer.status_code == 200 or "\ud800" in where.values()
    assert untouched(waiting)


def test_a_call_for_another_kie_task_changes_nothing(caller: Caller, waiting: Waiting) -> None:
    assert caller.call(body={"code": 200, "data": {"task_id": "kie-2"}}).json() == {"status": "ignored"}
    assert untouched(waiting)


def test_a_late_call_for_a_submission_before_changes_nothing(database: Database, caller: Caller) -> None:
    waits = {**WAITS, "nonce": "newer"}
    waiting = Waiting(database).defer(waits=waits)

    assert caller.call().json() == {"status": "ignored"}
    assert waiting.trigger()[1] == waits
    assert not (HAS_STORE and stored())


@pytest.mark.parametrize("waits", [{}, {"runway_task_id": "kie-1"}, {"nonce": None}, {"nonce": ["x"]}])
def test_a_task_that_expects_no_call_is_not_woken(database: Database, caller: Caller, waits: dict[str, Any]) -> None:
    waiting = Waiting(database).defer(waits=waits)

    assert caller.call().json() == {"status": "ignored"}
    assert waiting.seen().state == "deferred"


def test_a_trigger_whose_arguments_cannot_be_read_is_left_alone(database: Database, caller: Caller) -> None:
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    waiting = Waiting(database).defer()
    with create_session(scoped=False) as session:
        trigger: Any = session.get(Trigger, waiting.seen().trigger_id)
        trigger.encrypted_kwargs = "of another key"

    assert caller.call().json() == {"status": "ignored"}
    assert waiting.seen().state == "deferred"


def test_an_expired_call_changes_nothing(caller: Caller, waiting: Waiting) -> None:
    assert caller.call(replace(TOKEN, expires_at=int(time.time()) - 1)).status_code == 410
    assert untouched(waiting)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_malformed_call_changes_nothing(caller: Caller, waiting: Waiting, body: bytes) -> None:
    assert caller.call(body=body).status_code == 400
    assert untouched(waiting)


def test_an_oversized_call_changes_nothing(caller: Caller, waiting: Waiting) -> None:
    large = b"{" + b" " * LARGEST_BODY + b"}"

    assert caller.call(body=large).status_code == 413
    assert caller.call(body=b"{}", headers={"content-length": "9" * 30}).status_code == 413
    chunks = iter([large[:9], large[9:], large])
    assert caller.client.post(f"/runway/callback/{TOKEN.sign(KEY)}", content=chunks).status_code == 413
    assert untouched(waiting)


@pytest.mark.parametrize("path", ["", "/", "/x", "/1.A.B", "/%00", "/../api/videos", "/x/y"])
def test_what_is_no_address_of_ours_is_not_found_or_malformed(caller: Caller, path: str) -> None:
    assert caller.client.post(f"/runway/callback{path}", content=b"{}").status_code in {400, 401, 404, 405}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_changes_nothing(caller: Caller, waiting: Waiting, method: str) -> None:
    assert caller.client.request(method, f"/runway/callback/{TOKEN.sign(KEY)}").status_code == 405
    assert untouched(waiting)


@pytest.mark.parametrize("state", ["success", "skipped", "removed", "upstream_failed"])
def test_a_task_that_is_over_stays_so_and_kie_stops(database: Database, caller: Caller, state: str) -> None:
    waiting = Waiting(database).becomes(state)

    answer = caller.call()

    assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})
    assert waiting.seen().state == state
    assert not (HAS_STORE and stored())


# --- the webhook key


@pytest.mark.usefixtures("secret")
def test_a_signed_call_wakes_however_old_it_is(
    caller: Caller, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, callbacks.__name__):
        assert caller.call(headers=caller.sign(at=time.time() - 7200)).json() == {"status": "woken"}

    assert waiting.seen().event == CALLED
    assert "signed 720" in caplog.text


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"X-Webhook-Signature": ""}, {"X-Webhook-Signature": "bm8="}, {"X-Webhook-Timestamp": "soon"},
        {"X-Webhook-Signature": "\xff"},
    ],
)  # fmt: skip
def test_a_call_without_a_good_signature_changes_nothing(
    caller: Caller, waiting: Waiting, wrong: dict[str, str]
) -> None:
    headers: Any = {name: text.encode("latin-1") for name, text in {**caller.sign(), **wrong}.items()} if wrong else {}

    assert caller.call(headers=headers).status_code == 401
    assert caller.call(headers=caller.sign(key="another")).status_code == 401
    assert caller.call(headers=caller.sign("kie-2")).status_code == 401
    assert caller.call(body={"code": 200, "data": None}, headers=caller.sign("")).status_code == 401
    assert untouched(waiting)


@pytest.mark.usefixtures("secret")
def test_a_replayed_call_does_nothing_once_its_task_has_moved_on(caller: Caller, waiting: Waiting) -> None:
    headers = caller.sign()
    caller.call(headers=headers)
    waiting.becomes("success")

    assert caller.call(headers=headers).json() == {"status": "ignored"}
    assert waiting.seen().state == "success"
    again = waiting.defer(waits={**WAITS, "nonce": "newer", "runway_task_id": "kie-2"})
    assert caller.call(headers=headers).json() == {"status": "ignored"}
    assert again.seen().state == "deferred"


# --- versions, checks, and the rest of the app


def test_where_airflow_is_not_what_is_known_calls_are_off_with_one_line(
    caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "airflow_provider_runway.plugin.callback_delivery", None)
    server = FastAPI()
    server.mount("/runway/callback", callbacks.make_app())
    caller.client = TestClient(server)

    assert caller.call().json() == {"status": "off"}
    assert caller.call().status_code == 200
    assert untouched(waiting)
    assert caplog.text.count("callbacks wake no task") == 1


@pytest.mark.usefixtures("secret")
def test_a_check_is_answered_without_the_database(caller: Caller, waiting: Waiting, statements: list[str]) -> None:
    check = replace(TOKEN, dag_id="", run_id="", task_id="check")
    body = {"code": 200, "data": {"task_id": "check-1"}}

    answer = caller.call(check, body, caller.sign("check-1"))

    version = ".".join(map(str, AIRFLOW))
    assert answer.json() == {"status": "check", "is_signed": True, "wakes": True, "airflow": version}
    assert caller.call(check, body).status_code == 401
    assert statements == []
    assert untouched(waiting)


def test_nothing_else_of_the_page_is_open(caller: Caller) -> None:
    assert caller.client.get("/runway/api/videos").status_code == 401
    assert caller.client.get("/runway/").status_code == 401


def test_calls_are_counted_in_airflows_metrics(
    caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, str]] = []
    monkeypatch.setattr(metrics, "count", lambda name, by: counted.append((name, by)))

    caller.call()
    caller.call("nonsense")

    assert counted == [("callbacks", "woken"), ("callbacks", "malformed")]


# --- no input is too odd


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["data", "code", "taskId", "task_id"]), inner),
    max_leaves=8,
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_too_odd(caller: Caller, waiting: Waiting, content: bytes) -> None:
    assert caller.call(body=content).status_code in {200, 400, 429}


@given(TEXT, TEXT, TEXT, st.integers(-(2**40), 2**40), st.none() | TEXT, TEXT)
def test_no_names_are_too_odd(  # noqa: PLR0917 - as many as a token has
    caller: Caller, dag_id: str, run_id: str, task_id: str, map_index: int, region: str | None, nonce: str
) -> None:
    names: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "region": region}

    answer = caller.call(replace(TOKEN, **names, map_index=map_index, nonce=nonce))

    assert answer.status_code in {200, 429}


@given(
    st.from_regex(r"[A-Za-z0-9._~%-]{1,200}", fullmatch=True),
    st.dictionaries(
        st.from_regex(r"[a-z-]{1,20}", fullmatch=True),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
        max_size=3,
    ),
)
def test_no_address_and_no_headers_are_too_odd(caller: Caller, token: str, headers: dict[str, str]) -> None:
    headers.pop("content-length", None)
    headers.pop("transfer-encoding", None)
    try:
        answer = caller.call(token, headers=headers)
    except httpx.InvalidURL:
        return
    assert 400 <= answer.status_code < 500
