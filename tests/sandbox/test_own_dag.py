"""The project in small that the page on testing shows: its tests pass in a fresh home, whatever the DAGs wait."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "own_dag"
PAGE = Path(__file__).parents[2] / "docs" / "testing.md"

PATIENT = """
from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

HOUR = 3600
WAITS = [{}, {"deferrable": False, "mode": "poke"}, {"deferrable": False, "mode": "reschedule"}]

with DAG("patient", schedule=None) as dag:
    for deferrable in (True, False):
        RunwayGenerateOperator(
            task_id=f"made_{deferrable}",
            prompt=f"A fox {deferrable}",
            aspect_ratio="16:9",
            poll_interval=HOUR,
            timeout=timedelta(days=1),
            deferrable=deferrable,
        )
    for number, wait in enumerate(WAITS):
        made = RunwayGenerateOperator(
            task_id=f"begun_{number}", prompt=f"A bear {number}", aspect_ratio="16:9", wait_for_completion=False
        )
        RunwayVideoSensor(
            task_id=f"seen_{number}", runway_task_id=made.output["task_id"], poke_interval=HOUR, timeout=86400, **wait
        )
"""
TESTS = """
from airflow_provider_runway.utils.config import read_shortest_deferral
from patient import dag

def test_nothing_waits_an_hour(runway_sandbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", runway_sandbox.connection_json())
    runway_sandbox.configure(seconds=1)
    assert dag.test().state == "success"
    assert len(runway_sandbox.ledger.paid) == 5
    assert read_shortest_deferral() == 0
"""


@pytest.mark.airflow
def test_the_project_of_the_page_passes_its_own_tests_and_none_waits_as_long_as_its_dag_says(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    (project / "dags" / "patient.py").write_text(PATIENT)
    (project / "tests" / "test_patient.py").write_text(TESTS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]

    # An hour's pause would be far beyond this.
    done = subprocess.run(
        command,
        cwd=project,
        env={**environment, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "3 passed" in done.stdout


def test_the_page_shows_the_project_whole() -> None:
    shown = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)

    for file in PROJECT.rglob("*.py"):
        assert file.read_text() in shown, file.name
