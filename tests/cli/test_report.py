"""``airflow runway report``, on a real Airflow database."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from plugin.conftest import database, database_file
from plugin.database import FAILURE, NOW, RESULT, RUNWAY, Database

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.plugin import listing
from airflow_provider_runway.plugin.cache import Cache

from .support import Call

__all__ = ["database", "database_file"]
pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("server_context")]


@pytest.fixture
def night(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_operators", Cache(0.0))
    database.video(run_id="a", saved_to="/videos/a.mp4")
    database.task("hares", "b", runway=RUNWAY, return_value={**RESULT, "task_id": "kie-b"})
    database.task(run_id="f", state="failed", runway=RUNWAY, failure=FAILURE)
    database.video(run_id="old", started=NOW - timedelta(days=2))


@pytest.mark.usefixtures("night")
def test_a_table_has_a_line_for_each_dag_and_says_why(call: Call) -> None:
    done = call("report")

    lines = done.out.splitlines()
    assert done.code == 0
    assert "Runway videos: 2 made, 1 saved, 1 failed; 24 credits ($0.12)." in lines[0]
    assert lines[2].split() == [
        *("dag_id", "made", "saved", "failed", "refused", "in_doubt", "waiting", "expiring", "credits", "dollars")
    ]
    assert lines[3].split() == ["clips", "1", "1", "1", "0", "0", "0", "0", "12", "0.06"]
    assert lines[4].split() == ["hares", "1", "0", "0", "0", "0", "0", "0", "12", "0.06"]
    assert lines[5].split()[0] == "all"
    assert "Failed, refused or in doubt (moderation 1):" in lines
    assert lines[-1].startswith("  clips.video of f: moderation. KIE.AI failed task kie-1")


@pytest.mark.usefixtures("night")
def test_json_and_markdown_have_the_same(call: Call) -> None:
    report = call("report", "-o", "json").result

    assert [each["dag_id"] for each in report["dags"]] == ["clips", "hares"]
    assert call("report", "--output", "markdown").out.splitlines()[0] == report["markdown"].splitlines()[0]
    json.dumps(report)


@pytest.mark.usefixtures("night")
def test_some_dags_and_another_time_can_be_asked_for(call: Call) -> None:
    assert call("report", "--dag", "hares", "-o", "json").result["total"]["made"] == 1
    assert call("report", "--dag", "hares", "--dag", "clips", "-o", "json").result["total"]["made"] == 2
    assert call("report", "--dag", "owls", "-o", "json").result["total"]["made"] == 0
    assert call("report", "--since", "3d", "-o", "json").result["total"]["made"] == 3


@pytest.mark.parametrize("since", ["", "yesterday", "-1h", "24", "1e3h", "99999999h", "0001-01-01", "9999-12-31"])
def test_a_time_is_one_or_is_refused(call: Call, database: Database, since: str) -> None:
    done = call("report", f"--since={since}", "-o", "json")

    assert done.code in {0, ExitCode.WRONG}
    assert "Traceback" not in done.err


def test_an_empty_database_has_a_report(call: Call, database: Database) -> None:
    assert call("report").out.splitlines()[3].split() == ["all", *"000000000"]
