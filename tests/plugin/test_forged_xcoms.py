"""Any task may push an XCom of our names, with anything in it: the page goes on, for all others too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.utils.session import create_session
from sqlalchemy import text
from starlette.testclient import TestClient

from .database import FAILURE, RESULT, RUNWAY, XCOMS, Database

MOMENTS = ("submitted_at", "completed_at", "expires_at", "expected_at")
PATHS = ("api/videos", "api/videos?q=fox", "api/videos?state=saved", "api/videos?model=runway", "api/totals")


def shown(client: TestClient) -> list[str]:
    answers = [client.get(path) for path in PATHS]
    assert [answer.status_code for answer in answers] == [200] * len(PATHS)
    return sorted(card["task_id"] for card in answers[0].json()["videos"])


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59+00:00", "9999-12-31", "0001-01-01T00:00:00-14:00", "0001-01-01"]
)
@pytest.mark.parametrize("state", ["success", "failed", "deferred"])
def test_a_moment_of_no_era_is_not_reckoned_with(
    database: Database, viewer: TestClient, moment: str, state: str
) -> None:
    for number in range(3):  # enough for expectations
        database.video(run_id=f"run-{number}", task_id="honest")
    for name in MOMENTS:
        told = {name: moment}
        database.task(
            task_id=name, state=state, runway={**RUNWAY, **told}, return_value={**RESULT, "expires_at": None, **told}
        )

    assert shown(viewer) == sorted([*MOMENTS, "honest", "honest", "honest"])


@pytest.mark.parametrize("wrapped", [False, True])
def test_text_that_no_encoding_has_is_shown_without_it(database: Database, viewer: TestClient, wrapped: bool) -> None:
    wrap: Any = json.dumps if wrapped else dict
    runway = wrap({**RUNWAY, "prompt": "A fox \ud800", "parameters": {"\udfff": "\ud800"}})
    database.task(state="failed", runway=runway, failure=wrap({**FAILURE, "message": "\ud800"}))

    [card] = viewer.get("api/videos").json()["videos"]

    assert (card["prompt"], card["failure"]["message"]) == ("A fox ?", "?")


@pytest.mark.parametrize(
    "raw",
    [
        "NaN",
        "{",
        "",
        "[" * 5000 + "]" * 5000,
        '"' + "[" * 5000 + '"',
        '{"credits": 1e999}',
        '{"duration": ' + "9" * 400 + "}",
        '{"duration": ' + "9" * 5000 + "}",
        '{"credits": "' + "9" * 5000 + '"}',
        '{"prompt": "' + "x" * 3_000_000 + '"}',
    ],
    ids=lambda raw: raw[:15],
)
@pytest.mark.parametrize("key", ["runway", "return_value", "failure"])
def test_json_that_cannot_be_read_or_is_huge_hides_no_other_video(
    database: Database, viewer: TestClient, key: str, raw: str
) -> None:
    database.video(task_id="honest")
    database.task(task_id="forged", state="failed", runway=RUNWAY, return_value=RESULT, failure=FAILURE)
    with create_session() as session:  # past the types, as old releases and other tools have left it
        table = XCOMS.__tablename__
        changed = session.execute(text(f"UPDATE {table} SET value = :raw WHERE key = :key"), {"raw": raw, "key": key})
        assert changed.rowcount  # type: ignore[attr-defined]

    found = shown(viewer)

    assert "forged" in found
    assert max(len(viewer.get(path).content) for path in PATHS) < 50_000


def test_a_task_that_tells_of_a_video_brings_no_other_task_of_its_operator(
    database: Database, viewer: TestClient
) -> None:
    database.task(task_id="tells", operator="PythonOperator", runway=RUNWAY, return_value=RESULT)
    database.task(task_id="fails", operator="PythonOperator", state="failed", failure=FAILURE)
    for state in ("success", "failed", "running"):
        database.task("others", state, "another", state=state, operator="PythonOperator", return_value={"rows": 7})
    database.task(task_id="ours", state="failed")

    assert shown(viewer) == ["fails", "ours", "tells"]
    totals = viewer.get("api/totals").json()
    assert {(day["dag_id"], day["videos"], day["failed"]) for day in totals["days"]} == {("clips", 1, 2)}
    assert totals["waiting"]["videos"] == 0
