"""How many videos there are, and what they have cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from airflow_provider_runway.plugin import totals as module
from airflow_provider_runway.plugin.cache import Cache

from .database import FAILURE, NOW, RUNWAY, Database


def totals(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.get("api/totals", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_videos_are_counted_by_day_and_dag(database: Database, viewer: TestClient) -> None:
    today, before = NOW.date().isoformat(), (NOW - timedelta(days=3)).date().isoformat()
    for number in range(3):
        database.video(run_id=f"r{number}")
    database.video("hares", "r", runway={"credits": 110.5}, started=NOW - timedelta(days=3))
    database.video("hares", "r2", started=NOW - timedelta(days=35))
    database.task(run_id="f1", state="failed", runway=RUNWAY, failure=FAILURE)
    database.task(run_id="f2", state="failed", runway=RUNWAY, failure={**FAILURE, "paid": True})
    database.task(run_id="f3", state="failed", runway=RUNWAY, failure={**FAILURE, "paid": None})
    database.task(run_id="s1", state="skipped", runway=RUNWAY, failure=FAILURE)
    database.task(run_id="s2", state="skipped", runway=RUNWAY)  # by a rule of the DAG

    assert totals(viewer)["days"] == [
        {"day": before, "dag_id": "hares", "videos": 1, "failed": 0, "refused": 0, "credits": 110.5, "dollars": 0.5525},
        {"day": today, "dag_id": "clips", "videos": 3, "failed": 3, "refused": 1, "credits": 48.0, "dollars": 0.24},
    ]
    assert [day["dag_id"] for day in totals(viewer, dag_id="hares")["days"]] == ["hares"]
    assert [day["dag_id"] for day in totals(viewer, until=(NOW - timedelta(days=1)).isoformat())["days"]] == ["hares"]
    assert len(totals(viewer, since=(NOW - timedelta(days=40)).isoformat())["days"]) == 3


def test_what_waits_is_counted_with_its_price(database: Database, viewer: TestClient) -> None:
    for number, state in enumerate(("running", "deferred", "queued")):
        database.task(run_id=f"w{number}", state=state, runway={**RUNWAY, "credits": 10})

    assert totals(viewer) == {"is_whole": True, "days": [], "waiting": {"videos": 3, "credits": 30.0, "dollars": 0.15}}


def test_where_there_is_more_than_is_added_up_the_oldest_is_missing_and_that_is_said(
    database: Database, viewer: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        database.video(run_id=f"r{number}", started=NOW - timedelta(days=number))
    assert totals(viewer)["is_whole"]

    monkeypatch.setattr(module, "_MOST_ROWS", 2)
    found = totals(viewer)

    days = [(NOW - timedelta(days=number)).date().isoformat() for number in (1, 0)]
    assert ([day["day"] for day in found["days"]], found["is_whole"]) == (days, False)


def test_tasks_that_pay_nothing_are_no_videos_of_their_own(database: Database, viewer: TestClient) -> None:
    database.video()
    for operator in ("RunwayVideoSensor", "RunwayToObjectStorageOperator"):
        database.video(task_id=operator, operator=operator)

    assert [day["videos"] for day in totals(viewer)["days"]] == [1]


@pytest.mark.parametrize("price", ["1e999", "many", -1e300, [], {"a": 1}, True, None, 1e400], ids=repr)
def test_a_price_that_is_none_counts_for_nothing(database: Database, viewer: TestClient, price: Any) -> None:
    database.video(runway={"credits": price})

    [day] = totals(viewer)["days"]

    assert day["videos"] == 1
    assert day["credits"] in {0.0, 1.0}


def test_the_beginning_of_time_has_nothing_before_it(viewer: TestClient) -> None:
    assert viewer.get("api/totals", params={"until": "0001-01-02T00:00:00Z"}).status_code == 422


def test_they_are_added_up_once_in_half_a_minute_for_all_of_the_same_rights(
    database: Database, viewer: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(module, "_kept", Cache(30.0, lambda: seconds[0]))
    database.video("clips")
    database.video("hares")
    since = (NOW - timedelta(days=5)).isoformat()
    assert len(totals(viewer, since=since)["days"]) == 2
    database.video("owls")

    assert len(totals(viewer, since=since)["days"]) == 3, "another DAG may be read: other rights"
    database.video("owls", "again")
    assert sum(day["videos"] for day in totals(viewer, since=since)["days"]) == 3
    assert [day["dag_id"] for day in totals(viewer, since=since, dag_id="hares")["days"]] == ["hares"]
    seconds[0] = 31.0
    assert sum(day["videos"] for day in totals(viewer, since=since)["days"]) == 4
