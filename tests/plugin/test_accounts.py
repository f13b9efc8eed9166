"""Balances and links, asked of KIE with a connection's key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.models.connection import Connection
from airflow.utils.session import create_session
from sqlalchemy import delete
from starlette.testclient import TestClient

from airflow_provider_runway.plugin import accounts, pages
from airflow_provider_runway.plugin.cache import Cache
from airflow_provider_runway.sandbox import Refuse, Sandbox

from .conftest import Login
from .database import Database

KEY = "sk-" + "k" * 40


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_balances", Cache())
    monkeypatch.setattr(pages, "_cache", Cache())


@pytest.fixture
def op(login: Login) -> TestClient:
    return login("op")


def test_what_is_left_is_told_and_the_key_is_not(kie: Sandbox, op: TestClient) -> None:
    answer = op.get("api/balances")

    [balance] = answer.json()
    assert (balance["conn_id"], balance["error"]) == ("runway_default", None)
    assert balance["dollars"] == pytest.approx(balance["credits"] * 0.005, abs=0.01)
    assert json.loads(kie.connection_json())["password"] not in answer.text


def test_kie_is_asked_once_a_minute_at_most(kie: Sandbox, op: TestClient) -> None:
    for _ in range(5):
        op.get("api/balances")

    assert sum(kie.ledger.counts.values()) == 1


def test_one_account_that_cannot_be_asked_keeps_nothing_from_the_others(
    kie: Sandbox, op: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_session() as session:
        session.add(Connection(conn_id="clips", conn_type="runway", password=KEY, host="http://127.0.0.1:9"))
        session.add(Connection(conn_id="keyless", conn_type="runway"))
        session.add(Connection(conn_id="other", conn_type="http", password=KEY))
    try:
        answer = op.get("api/balances")
    finally:
        with create_session() as session:
            session.execute(delete(Connection).where(Connection.conn_id.in_(("clips", "keyless", "other"))))

    found = {balance["conn_id"]: balance for balance in answer.json()}
    assert set(found) == {"runway_default", "clips", "keyless"}
    assert found["runway_default"]["error"] is None
    assert found["clips"]["credits"] is None
    assert found["clips"]["error"]
    assert "key" in found["keyless"]["error"]
    assert KEY not in answer.text


def test_without_any_connection_there_is_no_balance(op: TestClient) -> None:
    assert op.get("api/balances").json() == []


def test_connections_that_the_viewer_may_not_read_have_no_balance(kie: Sandbox, viewer: TestClient) -> None:
    assert viewer.get("api/balances").json() == []
    assert sum(kie.ledger.counts.values()) == 0


def test_of_many_connections_those_count_that_the_viewer_may_read(database: Database) -> None:
    with create_session() as session:
        session.add_all(Connection(conn_id=f"c{number:02}", conn_type="runway") for number in range(30))
    with create_session() as session:
        assert accounts.connection_ids(session, lambda conn_id: conn_id > "c24") == [
            "runway_default", *(f"c{number}" for number in range(25, 30))
        ]  # fmt: skip
        assert len(accounts.connection_ids(session)) == 20


def renew(client: TestClient, **changes: Any) -> Any:
    options: dict[str, Any] = {"headers": {"Content-Type": "application/json"}, **changes}
    return client.post("api/videos/clips/manual__1/video/-1/link", **options)


def test_a_link_is_renewed_for_who_may_edit(kie: Sandbox, database: Database, login: Login) -> None:
    from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook

    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))
        kie.advance(600)
        dead = hook.get_task(task_id).video_url
    database.task(
        runway={"conn_id": "runway_default"},
        return_value={"task_id": task_id, "video_url": dead, "kind": "runway", "state": "success"},
    )

    answer = renew(login("user"))

    assert answer.status_code == 200, answer.text
    assert answer.json()["video_url"].startswith(kie.url)
    assert answer.json()["video_url"] != dead
    assert answer.json()["expires_at"]
    assert renew(login("viewer")).status_code == 403
    assert renew(login(None)).status_code == 401
    assert renew(login("user"), headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize("forged", [None, {}, {"task_id": 7}, {"task_id": "x", "video_url": "http://x", "kind": "odd"}])
def test_what_made_no_video_has_no_link(kie: Sandbox, database: Database, login: Login, forged: Any) -> None:
    database.task(runway={"conn_id": "runway_default"}, return_value=forged)

    assert renew(login("user")).status_code == 404
    assert sum(kie.ledger.counts.values()) == 0


@pytest.mark.parametrize("conn_id", ["none", "other"])
def test_a_key_goes_to_kie_alone(kie: Sandbox, database: Database, login: Login, conn_id: str) -> None:
    with create_session() as session:
        session.add(Connection(conn_id="other", conn_type="http", password=KEY, host=kie.url))
    database.video(runway={"conn_id": conn_id})
    try:
        answer = renew(login("user"))
    finally:
        with create_session() as session:
            session.execute(delete(Connection).where(Connection.conn_id == "other"))

    assert answer.status_code == 502
    assert KEY not in answer.text
    assert sum(kie.ledger.counts.values()) == 0


def test_what_kie_says_is_told(kie: Sandbox, database: Database, login: Login) -> None:
    database.video()
    kie.fault(Refuse(401), times=1)

    answer = renew(login("user"))

    assert answer.status_code == 502
    assert "API key" in answer.json()["detail"]


def test_media_of_a_sandbox_on_this_machine_are_allowed_by_the_page(kie: Sandbox, viewer: TestClient) -> None:
    policy = viewer.get("").headers["content-security-policy"]

    assert "media-src 'self' https: blob: http://127.0.0.1:*;" in policy


def test_without_a_sandbox_they_are_not(viewer: TestClient) -> None:
    assert "127.0.0.1" not in viewer.get("").headers["content-security-policy"]


@pytest.mark.parametrize(("role", "told"), [("user", False), ("op", True)])
def test_only_who_may_read_a_connection_learns_what_is_wrong_with_it(
    kie: Sandbox, database: Database, login: Login, role: str, told: bool
) -> None:
    with create_session() as session:
        session.add(Connection(conn_id="other", conn_type="http", password=KEY, host="inner.example"))
    answers = []
    try:
        for conn_id in ("other", "none", "a\0b"):
            database.clear()
            database.video(runway={"conn_id": conn_id})
            answers.append(renew(login(role)))
    finally:
        with create_session() as session:
            session.execute(delete(Connection).where(Connection.conn_id == "other"))

    assert [answer.status_code for answer in answers] == [502, 502, 404]
    other, none = (answer.json()["detail"].replace("'other'", "it").replace("'none'", "it") for answer in answers[:2])
    assert (other != none) is told
    assert "inner.example" not in other
