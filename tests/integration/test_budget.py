"""A budget per day in a real Airflow: workers of many processes, and what a person sees of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage.records import RecordsFolder
from devtools.stack.airflow_stack import AirflowStack

from .support import ALLOWED, CREDITS_ALLOWED, TASKS

pytestmark = pytest.mark.stack


def test_of_tasks_at_once_as_many_are_made_as_are_allowed_and_the_others_say_why(
    airflow: AirflowStack, limited: Sandbox, records: Path
) -> None:
    run_id = airflow.rest.trigger("many")

    assert airflow.rest.wait_for_run("many", run_id, 600) == "failed"

    instances = airflow.rest.task_instances("many", run_id)
    made = [each.map_index for each in instances if each.state == "success"]
    refused = [each.map_index for each in instances if each.state == "failed"]
    assert (len(limited.ledger.charges), len(made), len(refused)) == (ALLOWED, ALLOWED, TASKS - ALLOWED)
    [name] = [path.name for path in records.glob("_spent-*")]
    _, account, day = name.split("-", 2)
    books = RecordsFolder(str(records)).ledger(account, date.fromisoformat(day)).books()
    assert books.spent == CREDITS_ALLOWED == limited.ledger.charged
    log = airflow.rest.task_log("many", run_id, "make", map_index=refused[0])
    assert f"Of the daily_credit_limit of {CREDITS_ALLOWED} credits {CREDITS_ALLOWED} are spent today" in log
    assert "Nothing was paid." in log
