"""What reading a DAG costs, in modules; ``python -m devtools.bench.import_time`` has the milliseconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# Slow to import, and none of them needed to read a DAG.
HEAVY = {"PIL", "aiohttp", "av", "fastapi", "fsspec", "requests", "starlette", "uvicorn"}
READ_WITH_A_DAG = (
    "airflow_provider_runway.get_provider_info",
    "airflow_provider_runway.sandbox.pytest_plugin",
    "airflow_provider_runway.links.runway",
    "airflow_provider_runway.hooks.runway",
    "airflow_provider_runway.triggers.runway",
    "airflow_provider_runway.operators.runway",
    "airflow_provider_runway.operators.kie_job",
    "airflow_provider_runway.sensors.runway",
    "airflow_provider_runway.transfers.runway_to_object_storage",
    "airflow_provider_runway.transfers.video_to_http",
    "airflow_provider_runway.decorators.runway",
    "airflow_provider_runway.operators.upload",
    "airflow_provider_runway.operators.compose",
    "airflow_provider_runway.operators.frame",
    "airflow_provider_runway.plugin.definition",
)
# These are to be as light as can be.
LIGHT = (
    *("operators.runway", "sensors.runway", "transfers.runway_to_object_storage"),
    *("operators.kie_job", "operators.upload", "operators.compose", "operators.frame"),
)
# What they may load beside this package and `airflow.sdk`, whatever they are imported for.
BESIDE_US = {"airflow.sdk.bases.operatorlink", "airflow.sdk.bases.sensor"}
# Parts of this package that are loaded once a task runs.
LATER = (
    *("hooks", "film", "storage", "triggers", "sandbox", "cli", "decorators", "results"),
    *("operators.lifecycle", "operators.named_files", "operators.task_state", "operators.video_job"),
    *("utils.announcements", "utils.asset_events", "utils.config", "utils.failures", "utils.metrics"),
    *("kie.address", "kie.api", "kie.client", "kie.over_aiohttp", "kie.over_httpx", "kie.poll_state"),
    *("kie.job_results", "kie.judging", "kie.prices", "kie.requests", "kie.schedule", "kie.tasks"),
)
PROBE = """
import importlib, json, sys
from airflow.sdk import DAG, BaseHook, BaseOperator
added = {}
for module in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(module)
    added[module] = sorted(set(sys.modules) - before)
print(json.dumps(added))
"""


def imports(*modules: str) -> dict[str, list[str]]:
    """What each of these imports in a fresh process that has imported ``airflow.sdk`` and those before it."""
    command = [sys.executable, "-c", PROBE, *modules]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def added() -> dict[str, list[str]]:
    return imports(*READ_WITH_A_DAG, "aiohttp")


def is_heavy(module: str) -> bool:
    return module.partition(".")[0] in HEAVY or f"{module}.".startswith("airflow.providers.")


@pytest.mark.parametrize("module", READ_WITH_A_DAG)
def test_reading_a_dag_imports_nothing_heavy(added: dict[str, list[str]], module: str) -> None:
    assert list(filter(is_heavy, added[module])) == []


def test_reading_a_dag_imports_no_part_of_the_sandbox_that_serves(added: dict[str, list[str]]) -> None:
    sandbox = {
        name for names in added.values() for name in names if name.startswith("airflow_provider_runway.sandbox.")
    }

    assert sandbox - {"airflow_provider_runway.sandbox.pytest_plugin"} <= {
        f"airflow_provider_runway.sandbox.{name}" for name in ("faults", "ledger", "settings")
    }


def test_operators_sensor_and_transfer_import_what_is_listed_and_nothing_else() -> None:
    ours = "airflow_provider_runway"
    all_of_them = imports(*(f"{ours}.{module}" for module in LIGHT))
    names = {name for names in all_of_them.values() for name in names}
    foreign = {name for name in names if name.partition(".")[0] not in {ours, *sys.stdlib_module_names}}

    assert foreign <= BESIDE_US
    assert [name for name in names if f"{name}.".startswith(tuple(f"{ours}.{part}." for part in LATER))] == []


def test_the_probe_sees_what_is_imported(added: dict[str, list[str]]) -> None:
    """A probe that saw nothing would let everything pass."""
    assert "airflow_provider_runway.operators.runway" in added["airflow_provider_runway.operators.runway"]
    assert any(map(is_heavy, added["aiohttp"]))
    assert is_heavy("airflow.providers.http")
    assert not is_heavy("airflow.providers_manager")
