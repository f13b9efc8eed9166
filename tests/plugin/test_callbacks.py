"""KIE.AI's calls at the address where Airflow's API server has the receiver, on a real Airflow database."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Engine
from starlette.testclient import TestClient
from versions import AIRFLOW, before, since

from airflow_provider_runway.kie.callback_bodies import LARGEST_BODY
from airflow_provider_runway.kie.callback_tokens import CallbackToken, UnverifiedToken
from airflow_provider_runway.kie.signatures import signature
from airflow_provider_runway.plugin import callback_delivery, callbacks, waking
from airflow_provider_runway.plugin.definition import RunwayPlugin
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key
from airflow_provider_runway.utils.watches import WatchEntry, watch_key

from .conftest import option
from .database import Database
from .deferred import NONCE, WAITS, Waiting, forget_triggers, stored

KEY, SECRET, NAME = "k3y-of-mine", "whsec-demo-key", "AIRFLOW_CONN_RUNWAY_DEFAULT"
BODY = {"code": 200, "msg": "All generated successfully.", "data": {"task_id": "kie-1", "video_url": "https://m/v"}}
TOKEN = CallbackToken(
    conn_id="runway_default",
    dag_id="clips",
    run_id="manual__1",
    task_id="video",
    nonce=NONCE,
    expires_at=int(time.time()) + 3600,
)
CALLED = {"task_id": "kie-1", "state": "called"}
HAS_STORE = AIRFLOW >= (3, 3)


class Kie:
    """KIE.AI, who calls."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def call(
        self, token: CallbackToken | str = TOKEN, body: object = BODY, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        text = token if isinstance(token, str) else token.sign(KEY)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer: httpx.Response = self.client.post(f"/runway/callback/{text}", content=content, headers=headers)
        return answer

    def sign(self, task_id: str = "kie-1", at: float | None = None, key: str = SECRET) -> dict[str, str]:
        stamp = str(int(time.time() if at is None else at))
        return {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": signature(key, task_id, stamp)}


@pytest.fixture
def kie(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kie]:
    forget_triggers()
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    monkeypatch.setenv(NAME, json.dumps({"conn_type": "runway", "password": KEY}))
    server = FastAPI()
    for mounted in RunwayPlugin().fastapi_apps:
        server.mount(mounted["url_prefix"], mounted["app"])
    yield Kie(TestClient(server, raise_server_exceptions=True))
    forget_triggers()


@pytest.fixture
def secret(kie: Kie, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account has a webhook key."""
    connection = {"conn_type": "runway", "password": KEY, "extra": {"webhook_secret": SECRET}}
    monkeypatch.setenv(NAME, json.dumps(connection))


@pytest.fixture
def waiting(database: Database, kie: Kie) -> Waiting:
    return Waiting(database).defer()


def untouched(waiting: Waiting) -> bool:
    seen = waiting.seen()
    return (seen.state, seen.event) == ("deferred", None) and waiting.trigger()[1] == WAITS


# --- a task is woken


def test_a_call_wakes_the_task_that_waits(kie: Kie, waiting: Waiting) -> None:
    answer = kie.call()

    assert (answer.status_code, answer.json()) == (200, {"status": "woken"})
    seen = waiting.seen()
    assert (seen.state, seen.trigger_id, seen.event) == ("scheduled", None, CALLED)
    assert seen.kept == {"deadline": 4102444800.0}


@pytest.mark.parametrize(
    "body",
    [
        {"code": 400, "msg": "Get image info failed.", "data": {"task_id": "kie-1"}},
        {"code": 200, "msg": "success", "data": {"result_video_url": "https://m/v"}, "taskId": "kie-1"},
        {"code": 400, "msg": "No.", "data": None, "taskId": "kie-1"},
        {"code": 501, "msg": "", "data": {"taskId": "kie-1", "state": "fail"}},
        {"code": 500, "msg": "who knows", "data": None},
        {"data": {"task_id": "kie-9", "taskId": "kie-1"}},
    ],
)
def test_a_call_of_any_shape_wakes(kie: Kie, waiting: Waiting, body: object) -> None:
    assert kie.call(body=body).json() == {"status": "woken"}
    assert waiting.seen().event == CALLED


@pytest.mark.parametrize("stage", ["text", "first"])
def test_a_call_that_comes_before_a_song_is_complete_wakes_nothing(kie: Kie, waiting: Waiting, stage: str) -> None:
    early = {"code": 200, "data": {"callbackType": stage, "task_id": "kie-1", "data": []}}
    answer = kie.call(body=early)
    assert (answer.status_code, answer.json()) == (200, {"status": "early"})
    assert untouched(waiting)


def test_of_a_task_of_the_unified_api_the_id_is_compared_as_kie_gave_it(database: Database, kie: Kie) -> None:
    waiting = Waiting(database).defer(waits={**WAITS, "runway_task_id": "jobs:kie-1"})

    assert kie.call().json() == {"status": "woken"}
    assert waiting.seen().event == {"task_id": "jobs:kie-1", "state": "called"}


def test_a_call_for_one_mapped_task_wakes_no_other(database: Database, kie: Kie) -> None:
    first, second = (Waiting(database, map_index=index).defer() for index in (0, 1))

    assert kie.call(replace(TOKEN, map_index=1)).json() == {"status": "woken"}
    assert untouched(first)
    assert second.seen().state == "scheduled"


def test_a_call_that_comes_twice_wakes_once(kie: Kie, waiting: Waiting) -> None:
    kie.call()
    seen = waiting.seen()

    assert kie.call().status_code == 200
    assert waiting.seen() == seen


def test_of_calls_that_come_at_once_one_wakes(kie: Kie, waiting: Waiting) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [*pool.map(lambda _: kie.call().json()["status"], range(12))]

    assert answers.count("woken") == 1
    assert {*answers} <= {"woken", "kept", "ignored"}
    assert waiting.seen().event == CALLED


def test_a_trigger_that_fires_just_now_is_not_overtaken(
    kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = waking.find

    def find_and_lose(*args: Any) -> Any:
        found = find(*args)
        waiting.becomes("queued")
        return found

    monkeypatch.setattr(callback_delivery, "find", find_and_lose)

    assert kie.call().json()["status"] in {"kept", "ignored"}
    assert (waiting.seen().state, waiting.seen().event) == ("queued", None)


# --- not before it is safe


@before(3, 4, "the scheduler follows at once")
def test_a_task_that_has_only_just_left_its_worker_is_woken_later_by_a_trigger(database: Database, kie: Kie) -> None:
    waiting = Waiting(database).defer(age=5)
    _, _, begun = waiting.trigger()

    assert kie.call().json() == {"status": "wakes_later"}
    assert (waiting.seen().state, waiting.seen().event) == ("deferred", None)
    name, arguments, created = waiting.trigger()
    assert (name, arguments["event"], created) == ("RunwayWakeTrigger", CALLED, begun)
    assert arguments["wake_at"] == pytest.approx(begun.timestamp() + 30)
    assert kie.call().json() == {"status": "ignored"}
    assert waiting.trigger()[1] == arguments


@before(3, 4, "the scheduler follows at once")
def test_how_soon_is_safe_can_be_said(database: Database, kie: Kie) -> None:
    Waiting(database).defer(age=5)
    with option("shortest_deferral", "4"):
        assert kie.call().json() == {"status": "woken"}


@since(3, 4, "the scheduler follows at once")
def test_a_task_that_has_only_just_left_its_worker_is_woken_at_once(database: Database, kie: Kie) -> None:
    waiting = Waiting(database).defer(age=0)

    assert kie.call().json() == {"status": "woken"}
    assert waiting.seen().event == CALLED


@before(3, 4, "the scheduler follows at once")
def test_a_clock_that_runs_ahead_puts_nothing_off_for_long(database: Database, kie: Kie) -> None:
    waiting = Waiting(database).defer(age=-3600)

    assert kie.call().json() == {"status": "wakes_later"}
    assert waiting.trigger()[1]["wake_at"] <= time.time() + 30


@since(3, 2, "triggers have queues")
@before(3, 4, "the scheduler follows at once")
def test_the_trigger_that_wakes_later_runs_where_the_other_did(database: Database, kie: Kie) -> None:
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    waiting = Waiting(database).defer(age=5, queue="videos")
    kie.call()

    with create_session(scoped=False) as session:
        trigger: Any = session.get(Trigger, waiting.seen().trigger_id)
        assert trigger.queue == "videos"


# --- calls that change nothing


def test_a_forged_call_changes_nothing(kie: Kie, waiting: Waiting) -> None:
    assert kie.call(TOKEN.sign("another key")).status_code == 401
    assert untouched(waiting)


def test_a_call_that_names_another_connection_is_forged(
    kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({"conn_type": "http", "password": KEY}))

    for conn_id in ("other", "nobody", "../x", "", "a" * 300):
        assert kie.call(replace(TOKEN, conn_id=conn_id)).status_code == 401
    assert untouched(waiting)


@pytest.mark.parametrize(
    "where", [{"dag_id": "other"}, {"run_id": "other"}, {"task_id": "other"}, {"map_index": 0}, {"dag_id": "\ud800"}]
)
def test_a_misaddressed_call_changes_nothing(kie: Kie, waiting: Waiting, where: dict[str, Any]) -> None:
    answer = kie.call(replace(TOKEN, **where))

    assert answer.status_code == 200 or "\ud800" in where.values()
    assert untouched(waiting)


def test_a_call_for_another_kie_task_changes_nothing(kie: Kie, waiting: Waiting) -> None:
    assert kie.call(body={"code": 200, "data": {"task_id": "kie-2"}}).json() == {"status": "ignored"}
    assert untouched(waiting)


def test_a_late_call_for_a_submission_before_changes_nothing(database: Database, kie: Kie) -> None:
    waits = {**WAITS, "nonce": "newer"}
    waiting = Waiting(database).defer(waits=waits)

    assert kie.call().json() == {"status": "ignored"}
    assert waiting.trigger()[1] == waits
    assert not (HAS_STORE and stored())


@pytest.mark.parametrize("waits", [{}, {"runway_task_id": "kie-1"}, {"nonce": None}, {"nonce": ["x"]}])
def test_a_task_that_expects_no_call_is_not_woken(database: Database, kie: Kie, waits: dict[str, Any]) -> None:
    waiting = Waiting(database).defer(waits=waits)

    assert kie.call().json() == {"status": "ignored"}
    assert waiting.seen().state == "deferred"


def test_a_trigger_whose_arguments_cannot_be_read_is_left_alone(database: Database, kie: Kie) -> None:
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    waiting = Waiting(database).defer()
    with create_session(scoped=False) as session:
        trigger: Any = session.get(Trigger, waiting.seen().trigger_id)
        trigger.encrypted_kwargs = "of another key"

    assert kie.call().json() == {"status": "ignored"}
    assert waiting.seen().state == "deferred"


def test_an_expired_call_changes_nothing(kie: Kie, waiting: Waiting) -> None:
    assert kie.call(replace(TOKEN, expires_at=int(time.time()) - 1)).status_code == 410
    assert untouched(waiting)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_malformed_call_changes_nothing(kie: Kie, waiting: Waiting, body: bytes) -> None:
    assert kie.call(body=body).status_code == 400
    assert untouched(waiting)


def test_an_oversized_call_changes_nothing(kie: Kie, waiting: Waiting) -> None:
    large = b"{" + b" " * LARGEST_BODY + b"}"

    assert kie.call(body=large).status_code == 413
    assert kie.call(body=b"{}", headers={"content-length": "9" * 30}).status_code == 413
    chunks = iter([large[:9], large[9:], large])
    assert kie.client.post(f"/runway/callback/{TOKEN.sign(KEY)}", content=chunks).status_code == 413
    assert untouched(waiting)


@pytest.mark.parametrize("path", ["", "/", "/x", "/1.A.B", "/%00", "/../api/videos", "/x/y"])
def test_what_is_no_address_of_ours_is_not_found_or_malformed(kie: Kie, path: str) -> None:
    assert kie.client.post(f"/runway/callback{path}", content=b"{}").status_code in {400, 401, 404, 405}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_changes_nothing(kie: Kie, waiting: Waiting, method: str) -> None:
    assert kie.client.request(method, f"/runway/callback/{TOKEN.sign(KEY)}").status_code == 405
    assert untouched(waiting)


@pytest.mark.parametrize("state", ["success", "skipped", "removed", "upstream_failed"])
def test_a_task_that_is_over_stays_so_and_kie_stops(database: Database, kie: Kie, state: str) -> None:
    waiting = Waiting(database).becomes(state)

    answer = kie.call()

    assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})
    assert waiting.seen().state == state
    assert not (HAS_STORE and stored())


# --- the webhook key


@pytest.mark.usefixtures("secret")
def test_a_signed_call_wakes_however_old_it_is(kie: Kie, waiting: Waiting, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, callbacks.__name__):
        assert kie.call(headers=kie.sign(at=time.time() - 7200)).json() == {"status": "woken"}

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
def test_a_call_without_a_good_signature_changes_nothing(kie: Kie, waiting: Waiting, wrong: dict[str, str]) -> None:
    headers: Any = {name: text.encode("latin-1") for name, text in {**kie.sign(), **wrong}.items()} if wrong else {}

    assert kie.call(headers=headers).status_code == 401
    assert kie.call(headers=kie.sign(key="another")).status_code == 401
    assert kie.call(headers=kie.sign("kie-2")).status_code == 401
    assert kie.call(body={"code": 200, "data": None}, headers=kie.sign("")).status_code == 401
    assert untouched(waiting)


@pytest.mark.usefixtures("secret")
def test_a_replayed_call_does_nothing_once_its_task_has_moved_on(kie: Kie, waiting: Waiting) -> None:
    headers = kie.sign()
    kie.call(headers=headers)
    waiting.becomes("success")

    assert kie.call(headers=headers).json() == {"status": "ignored"}
    assert waiting.seen().state == "success"
    again = waiting.defer(waits={**WAITS, "nonce": "newer", "runway_task_id": "kie-2"})
    assert kie.call(headers=headers).json() == {"status": "ignored"}
    assert again.seen().state == "deferred"


# --- a task that is not waiting


ELSEWHERE = ["queued", "scheduled", "up_for_retry", "up_for_reschedule", "failed", "restarting", None]


@pytest.mark.parametrize("state", ELSEWHERE)
def test_what_is_said_to_a_task_that_is_not_waiting_is_kept_in_the_records_folder(
    database: Database, kie: Kie, tmp_path: Path, state: str | None
) -> None:
    waiting = Waiting(database).becomes(state)
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")
    with option("records", str(tmp_path)):
        assert kie.call().json() == {"status": "kept"}
        assert kie.call(body={"code": 501, "taskId": "kie-2"}).json() == {"status": "kept"}
        entry = CallbackEntry.from_json(RecordsFolder(str(tmp_path)).get(of, callback_key(NONCE)))

    assert waiting.seen().state == state
    assert entry is not None
    assert (entry.nonce, entry.task_ids, entry.code) == (NONCE, ("kie-1", "kie-2"), 501)
    assert not entry.is_signed
    assert RecordsFolder(str(tmp_path)).entries(of) == []


@since(3, 3, "it has a task state store")
def test_where_there_is_no_folder_it_is_kept_in_the_task_state_store(database: Database, kie: Kie) -> None:
    Waiting(database).becomes("up_for_retry")

    assert kie.call().json() == {"status": "kept"}
    kie.call(body={"code": 501, "taskId": "kie-2"})

    [(key, value)] = stored().items()
    entry = CallbackEntry.from_json(value)
    assert key == callback_key(NONCE)
    assert entry is not None
    assert entry.task_ids == ("kie-1", "kie-2")


@before(3, 3, "there is no task state store")
def test_where_it_cannot_be_kept_kie_need_not_call_again(database: Database, kie: Kie) -> None:
    Waiting(database).becomes("up_for_retry")

    assert kie.call().json() == {"status": "ignored"}


def test_a_task_that_may_be_about_to_wait_is_to_be_called_again(database: Database, kie: Kie) -> None:
    waiting = Waiting(database)

    answer = kie.call()
    waiting.defer()

    assert (answer.status_code, answer.json()) == (425, {"status": "too_early"})
    assert kie.call().json() == {"status": "woken"}


def test_a_task_that_waits_to_learn_its_id_is_woken_and_finds_it(database: Database, kie: Kie, tmp_path: Path) -> None:
    waiting = Waiting(database).defer(waits={"runway_conn_id": "runway_default", "nonce": NONCE})
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")

    with option("records", str(tmp_path)):
        assert kie.call().json() == {"status": "woken"}

    assert waiting.seen().event == {"task_id": None, "state": "called"}
    assert RecordsFolder(str(tmp_path)).get(of, callback_key(NONCE))["task_ids"] == ["kie-1"]


def test_a_folder_that_cannot_be_written_has_kie_call_again(
    database: Database, kie: Kie, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Waiting(database).becomes("up_for_retry")
    with option("records", str(tmp_path / "missing")):
        answer = kie.call()

    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert len([each for each in caplog.records if each.name == callbacks.__name__]) == 1


# --- floods, and what a call may cost


@pytest.fixture
def statements(kie: Kie) -> Iterator[list[str]]:
    told: list[str] = []

    def tell(*args: Any) -> None:
        told.append(args[2])

    event.listen(Engine, "before_cursor_execute", tell)
    yield told
    event.remove(Engine, "before_cursor_execute", tell)


def test_a_forged_call_does_not_touch_the_database(kie: Kie, waiting: Waiting, statements: list[str]) -> None:
    kie.call()
    statements.clear()

    assert kie.call(TOKEN.sign("another key")).status_code == 401
    assert kie.call("1.x.y").status_code == 400
    assert statements == []


def test_a_flood_of_unknown_connections_reads_few(
    kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(callbacks, "_CONNECTIONS_PER_SECOND", 0.001)
    monkeypatch.setattr(callbacks, "_SELDOM", 1e9)
    server = FastAPI()
    server.mount("/runway/callback", callbacks.make_app())
    kie.client = TestClient(server)
    kie.call(replace(TOKEN, task_id="other"))
    statuses = [kie.call(replace(TOKEN, conn_id=f"nobody_{number}")).status_code for number in range(60)]

    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert statuses.count(401) < 30
    assert kie.call().json() == {"status": "woken"}
    assert len([each for each in caplog.records if each.name == callbacks.__name__]) <= 2


def test_a_flood_of_good_calls_is_paced(kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "_CALLS_AT_ONCE", 3)
    monkeypatch.setattr(callbacks, "_CALLS_PER_SECOND", 0.001)
    server = FastAPI()
    server.mount("/runway/callback", callbacks.make_app())
    kie.client = TestClient(server)

    assert [kie.call().status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_body_that_drips_is_given_up(kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_calls_are_counted_in_airflows_metrics(kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(callbacks, "count", counted.append)

    kie.call()
    kie.call("nonsense")

    assert counted == ["runway.callbacks.woken", "runway.callbacks.malformed"]


# --- versions, checks, and the rest of the app


def test_where_airflow_is_not_what_is_known_calls_are_off_with_one_line(
    kie: Kie, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "airflow_provider_runway.plugin.callback_delivery", None)
    server = FastAPI()
    server.mount("/runway/callback", callbacks.make_app())
    kie.client = TestClient(server)

    assert kie.call().json() == {"status": "off"}
    assert kie.call().status_code == 200
    assert untouched(waiting)
    assert caplog.text.count("callbacks wake no task") == 1


@pytest.mark.usefixtures("secret")
def test_a_check_is_answered_without_the_database(kie: Kie, waiting: Waiting, statements: list[str]) -> None:
    check = replace(TOKEN, dag_id="", run_id="", task_id="check")
    body = {"code": 200, "data": {"task_id": "check-1"}}

    answer = kie.call(check, body, kie.sign("check-1"))

    version = ".".join(map(str, AIRFLOW))
    assert answer.json() == {"status": "check", "is_signed": True, "wakes": True, "airflow": version}
    assert kie.call(check, body).status_code == 401
    assert statements == []
    assert untouched(waiting)


def test_nothing_else_of_the_page_is_open(kie: Kie) -> None:
    assert kie.client.get("/runway/api/videos").status_code == 401
    assert kie.client.get("/runway/").status_code == 401


# --- no input is too odd


ODD = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["data", "code", "taskId", "task_id"]), inner),
    max_leaves=8,
)


@ODD
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_too_odd(kie: Kie, waiting: Waiting, content: bytes) -> None:
    assert kie.call(body=content).status_code in {200, 400, 429}


@ODD
@given(TEXT, TEXT, TEXT, st.integers(-(2**40), 2**40), st.none() | TEXT, TEXT)
def test_no_names_are_too_odd(  # noqa: PLR0917 - as many as a token has
    kie: Kie, dag_id: str, run_id: str, task_id: str, map_index: int, region: str | None, nonce: str
) -> None:
    names: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "region": region}

    answer = kie.call(replace(TOKEN, **names, map_index=map_index, nonce=nonce))

    assert answer.status_code in {200, 429}


@ODD
@given(
    st.from_regex(r"[A-Za-z0-9._~%-]{1,200}", fullmatch=True),
    st.dictionaries(
        st.from_regex(r"[a-z-]{1,20}", fullmatch=True),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
        max_size=3,
    ),
)
def test_no_address_and_no_headers_are_too_odd(kie: Kie, token: str, headers: dict[str, str]) -> None:
    headers.pop("content-length", None)
    headers.pop("transfer-encoding", None)
    try:
        answer = kie.call(token, headers=headers)
    except httpx.InvalidURL:
        return
    assert 400 <= answer.status_code < 500


def test_a_burst_wakes_each_task_once(database: Database, kie: Kie) -> None:
    tasks = [Waiting(database, map_index=index).defer() for index in range(40)]
    calls = [replace(TOKEN, map_index=index % 40) for index in range(50)]

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(kie.call, calls)]

    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["status"] for answer in answers].count("woken") == 40
    assert {task.seen().state for task in tasks} == {"scheduled"}


# --- probes: calls of our own, which show whether KIE.AI's would arrive

PROBE = TOKEN.as_probe(TOKEN.expires_at)


def watched(folder: Path) -> WatchEntry | None:
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")
    return WatchEntry.from_json(RecordsFolder(str(folder)).get(of, watch_key(NONCE)))


def test_what_a_probe_shows_is_kept_in_the_records_folder(kie: Kie, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        assert kie.call(PROBE).json() == {"status": "watched"}
        first = watched(tmp_path)
        kie.call(PROBE)
        kie.call(replace(TOKEN, nonce="another"))
        kie.call(PROBE)

    last = watched(tmp_path)
    assert first is not None
    assert last is not None
    assert first.since == first.until
    assert (last.since, last.until > first.until) == (first.since, True)
    assert first.called_at is None
    assert last.called_at is not None
    assert untouched(waiting)


@since(3, 3, "it has a task state store")
def test_where_there_is_no_folder_what_a_probe_shows_is_in_the_task_state_store(kie: Kie, waiting: Waiting) -> None:
    assert kie.call(PROBE).json() == {"status": "watched"}

    [(key, value)] = stored().items()
    assert key == watch_key(NONCE)
    assert WatchEntry.from_json(value) is not None


@before(3, 3, "there is no task state store")
def test_where_nothing_can_be_kept_a_probe_shows_nothing(kie: Kie, waiting: Waiting) -> None:
    assert kie.call(PROBE).json() == {"status": "ignored"}


def test_kies_own_address_makes_no_probe(kie: Kie, waiting: Waiting) -> None:
    version, _, mac = TOKEN.sign(KEY).split(".")
    payload = PROBE.sign(KEY).split(".")[1]

    assert kie.call(f"{version}.{payload}.{mac}").status_code == 401


@pytest.mark.usefixtures("secret")
def test_a_probe_is_asked_for_a_signature_as_kie_is(kie: Kie, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        assert kie.call(PROBE).status_code == 401
        assert kie.call(PROBE, headers=kie.sign()).json() == {"status": "watched"}


def malformed(kie: Kie, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    assert kie.call(body=b"{").status_code == 400


def undelivered(kie: Kie, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> Any:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(callback_delivery, "find", broken)
        assert kie.call().status_code == 503


@pytest.mark.parametrize("refuse", [malformed, undelivered])
def test_a_call_that_was_turned_away_is_held_against_the_receiver(
    kie: Kie, waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuse: Any
) -> None:
    with option("records", str(tmp_path)):
        kie.call(PROBE)
        refuse(kie, monkeypatch)
        kie.call(PROBE)

    entry = watched(tmp_path)
    assert entry is not None
    assert entry.is_void
    assert "turned away" in str(entry.doubt(time.time(), time.time()))


def test_a_forged_call_is_not_held_against_the_receiver(kie: Kie, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        kie.call(PROBE)
        kie.call(TOKEN.sign("another key"))
        kie.call("1.A.B")
        kie.call(PROBE)

    entry = watched(tmp_path)
    assert entry is not None
    assert not entry.is_void


def test_what_is_turned_away_unseen_is_held_against_all(
    kie: Kie, waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with option("records", str(tmp_path)):
        kie.call(PROBE)
        monkeypatch.setattr(UnverifiedToken, "read", lambda _text: 1 / 0)
        assert kie.call().status_code == 503
        monkeypatch.undo()
        monkeypatch.setenv(NAME, json.dumps({"conn_type": "runway", "password": KEY}))
        kie.call(PROBE)

    entry = watched(tmp_path)
    assert entry is not None
    assert entry.is_void


def test_a_probe_of_a_receiver_that_began_later_leaves_the_gap(kie: Kie, waiting: Waiting, tmp_path: Path) -> None:
    with option("records", str(tmp_path)):
        kie.call(PROBE)
        first = watched(tmp_path)
        server = FastAPI()
        server.mount("/runway/callback", callbacks.make_app())
        kie.client = TestClient(server)
        assert kie.call(PROBE).json() == {"status": "watched"}

    assert first is not None
    assert watched(tmp_path) == first
