"""The report of a task: asked of the page over HTTP, as the connection's user."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from plugin.conftest import Login
from plugin.database import FAILURE, NOW, RUNWAY, Database

from airflow_provider_runway.report.runway import NoReportError, get_report

pytestmark = pytest.mark.airflow


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def connect(**fields: Any) -> None:
        given = {"conn_type": "http", "host": "http://testserver", "password": "token-of-mine", **fields}
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", json.dumps(given))

    connect()
    return connect


@pytest.fixture
def api_server(login: Login) -> httpx.MockTransport:
    """Airflow's API server, as a viewer sees it who has a token or logs in."""
    viewer = login("viewer")
    token = viewer.cookies["_token"]
    viewer.cookies.clear()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            user = json.loads(request.content)
            is_known = user == {"username": "viewer", "password": "pass of mine"}
            return httpx.Response(201 if is_known else 401, json={"access_token": token} if is_known else {})
        if request.headers["authorization"] != f"Bearer {token}":
            return httpx.Response(401)
        answered = viewer.get(str(request.url), headers={"Authorization": f"Bearer {token}"})
        return httpx.Response(answered.status_code, content=answered.content)

    return httpx.MockTransport(answer)


LOGGED_IN = {"login": "viewer", "password": "pass of mine"}


def test_it_tells_what_the_page_has(
    database: Database, api_server: httpx.MockTransport, connection: Callable[..., None]
) -> None:
    connection(**LOGGED_IN)
    for number in range(205):
        database.video(run_id=f"r{number}", saved_to=f"/videos/{number}.mp4")
    database.video("hares", "old", started=NOW - timedelta(days=2))
    database.task("hares", "f", state="failed", runway={**RUNWAY, "task_id": "kie-2"}, failure=FAILURE)
    database.task("hares", "s", state="skipped", runway={**RUNWAY, "task_id": "kie-3"}, failure=FAILURE)
    database.task("hares", "rule", state="skipped")
    database.task("hares", "w", state="deferred", runway={**RUNWAY, "task_id": None}, started=NOW - timedelta(days=1))

    report = get_report(timedelta(hours=24), transport=api_server)

    assert report["total"] == {
        "made": 205,
        "saved": 205,
        "failed": 1,
        "refused": 1,
        "in_doubt": 0,
        "waiting": 1,
        "expiring": 0,
        "credits": 2460.0,
        "credits_in_doubt": 0.0,
        "unpriced": 0,
        "dollars": 12.3,
    }
    assert report["summary"].startswith(
        "Runway videos: 205 made, 205 saved, 1 failed, 1 refused, 1 waiting; 2460 credits"
    )
    assert get_report(timedelta(days=3), "hares", transport=api_server)["total"]["made"] == 1
    assert get_report(timedelta.max, ["hares"], transport=api_server)["total"]["made"] == 1
    assert get_report(datetime(2001, 1, 1), ["hares"], transport=api_server)["total"]["made"] == 1  # noqa: DTZ001 - a naive one
    assert get_report(NOW + timedelta(days=1), ["clips"], transport=api_server)["total"]["made"] == 0


def test_a_video_that_is_deleted_soon_is_told_of(
    database: Database, api_server: httpx.MockTransport, connection: Callable[..., None]
) -> None:
    connection(**LOGGED_IN)
    made = NOW - timedelta(days=13)
    for name in ("a", "b"):
        end = (NOW + timedelta(days=1)).isoformat()
        database.video(run_id=name, started=made, expires_at=end, runway={"task_id": name})

    [report] = [get_report(transport=api_server)]

    assert report["total"]["expiring"] == 1, "both have the same KIE task"
    assert report["expiring"][0]["kie_task_id"] == "kie-1"


@pytest.mark.parametrize(
    "given",
    [
        {"login": "viewer", "password": "wrong"},
        {"password": "no token"},
        {"password": ""},
        {"password": None, "login": "viewer"},
    ],
    ids=str,
)
def test_a_user_that_is_refused_is_told_of_without_the_password(
    api_server: httpx.MockTransport, connection: Callable[..., None], given: dict[str, Any]
) -> None:
    connection(**given)

    with pytest.raises(NoReportError, match=r"answered 401 to /.*'airflow_api' may read DAGs") as refused:
        get_report(transport=api_server)
    assert not given.get("password") or given["password"] not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>a page to log in at</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"videos": [{}], "next": None}),
        httpx.Response(200, json={"videos": None, "next": None}),
        httpx.Response(302, headers={"location": "http://elsewhere.example/"}),
        httpx.Response(500),
    ],
    ids=str,
)
def test_whatever_else_answers_there_gives_no_report(answer: httpx.Response) -> None:
    with pytest.raises(NoReportError, match="http://testserver"):
        get_report(transport=httpx.MockTransport(lambda _: answer))


def test_a_server_that_cannot_be_reached_is_told_of() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(NoReportError, match=r"gave no report \(ConnectError\)"):
        get_report(transport=httpx.MockTransport(fail))


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"host": "airflow.example", "port": 8080}, "http://airflow.example:8080"),
        ({"host": "airflow.example", "schema": "https"}, "https://airflow.example"),
        ({"host": "https://airflow.example/team/"}, "https://airflow.example/team"),
        ({"host": " http://airflow.example:8080 ", "port": 8080}, "http://airflow.example:8080"),
    ],
    ids=str,
)
def test_the_server_is_where_the_connection_says(
    connection: Callable[..., None], fields: dict[str, Any], address: str
) -> None:
    asked = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"videos": [], "next": None})

    connection(**fields)
    assert get_report(transport=httpx.MockTransport(answer))["total"]["made"] == 0
    assert all(url.startswith(f"{address}/runway/api/videos?") for url in asked)
