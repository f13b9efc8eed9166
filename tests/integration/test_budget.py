"""A budget per day in a real Airflow: workers of many processes, and what a person sees of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from airflow_provider_runway.sandbox import Sandbox, SandboxSettings
from airflow_provider_runway.storage.records import RecordsFolder
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.postgres import postgres_or_sqlite

pytestmark = pytest.mark.stack

TASKS, ALLOWED = 50, 20


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(seconds=1, video_scale=0.1, submissions_per_window=1000)) as sandbox:
        yield sandbox


@pytest.fixture
def airflow(sandbox: Sandbox, tmp_path: Path) -> Iterator[AirflowStack]:
    records = tmp_path / "records"
    records.mkdir()
    extra = {"daily_credit_limit": 12 * ALLOWED, "records": str(records), "submission_limit": 1000}
    connection = {**json.loads(sandbox.connection_json()), "extra": extra}
    env = {"AIRFLOW_CONN_RUNWAY_DEFAULT": json.dumps(connection)}
    with (
        postgres_or_sqlite(tmp_path / "postgres") as database,
        AirflowStack(
            home=tmp_path / "home",
            dags=Path(__file__).parent / "dags_of_budget",
            env=env,
            database=database,
            parallelism=8,
        ) as airflow,
    ):
        airflow.rest.unpause("many")
        yield airflow


def test_fifty_tasks_make_the_twenty_that_are_allowed_and_the_others_say_why(
    airflow: AirflowStack, sandbox: Sandbox, tmp_path: Path
) -> None:
    run_id = airflow.rest.trigger("many")

    assert airflow.rest.wait_for_run("many", run_id, 1500) == "failed"

    instances = airflow.rest.task_instances("many", run_id)
    made = [each.map_index for each in instances if each.state == "success"]
    refused = [each.map_index for each in instances if each.state == "failed"]
    assert (len(sandbox.ledger.charges), len(made), len(refused)) == (ALLOWED, ALLOWED, TASKS - ALLOWED)
    [name] = [path.name for path in (tmp_path / "records").glob("_spent-*")]
    _, account, day = name.split("-", 2)
    books = RecordsFolder(str(tmp_path / "records")).ledger(account, date.fromisoformat(day)).books()
    assert books.spent == 12 * ALLOWED == sandbox.ledger.charged
    log = airflow.rest.task_log("many", run_id, "make", map_index=refused[0])
    assert f"Of the daily_credit_limit of {12 * ALLOWED} credits {12 * ALLOWED} are spent today" in log
    assert "Nothing was paid." in log
