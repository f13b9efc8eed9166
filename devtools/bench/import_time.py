"""What importing the operators adds to a process that has imported ``airflow.sdk``, beside other providers.

``python -m devtools.bench.import_time`` measures in fresh processes, one after another, and prints medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import NamedTuple

# What most DAGs of this provider import, in one process.
OURS = "airflow_provider_runway, operators and sensor"
# By its name, what is imported together.
IMPORTED: Mapping[str, tuple[str, ...]] = {
    OURS: ("airflow_provider_runway.operators.runway", "airflow_provider_runway.sensors.runway"),
    **{
        module: (module,)
        for module in (
            "airflow_provider_runway.operators.runway",
            "airflow_provider_runway.sensors.runway",
            "airflow_provider_runway.transfers.runway_to_object_storage",
            "airflow.providers.http.operators.http",
            "airflow.providers.dbt.cloud.operators.dbt",
            "airflow.providers.databricks.operators.databricks",
        )
    },
}
# The most that the project allows itself.
LIMIT_MS = 20.0

_PROBE = """
import importlib, json, sys, time
from airflow.sdk import DAG, BaseOperator, BaseHook
before, start = len(sys.modules), time.process_time()
try:
    for module in sys.argv[1:]:
        importlib.import_module(module)
except ImportError:
    result = None
else:
    result = [(time.process_time() - start) * 1000, len(sys.modules) - before]
print(json.dumps(result))
"""


class ImportTime(NamedTuple):
    """What an import takes.

    :param ms: Milliseconds of processor time.
    :param modules: Modules that it brings along.
    """

    ms: float
    modules: int


def measure_imports(processes: int) -> Mapping[str, ImportTime]:
    """Measure each of :data:`IMPORTED` that is installed, compiled to bytecode as ``pip install`` leaves it.

    :param processes: Fresh processes for each; what counts is the median.
    """
    with tempfile.TemporaryDirectory(prefix="runway-bench-") as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        measured = {name: _measure(modules, processes, environment) for name, modules in IMPORTED.items()}
    return {name: time for name, time in measured.items() if time is not None}


def main() -> int:
    """Measure and print; returns 1 if ours take longer than the project allows itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=5, help="fresh processes for each")
    times = measure_imports(parser.parse_args().processes)
    print(f"{'imported':62} {'ms':>8} {'modules':>8}")
    for name in IMPORTED:
        if name in times:
            print(f"{name:62} {times[name].ms:8.1f} {times[name].modules:8d}")
        else:
            print(f"{name:62} {'not installed':>17}")
    print(f"\n{OURS}, add {times[OURS].ms:.1f} ms to airflow.sdk; the limit is {LIMIT_MS:.0f} ms.")
    return 0 if times[OURS].ms <= LIMIT_MS else 1


def _measure(modules: tuple[str, ...], processes: int, environment: Mapping[str, str]) -> ImportTime | None:
    """The median import time; ``None`` if there is no such module. The first process of all compiles them."""
    command = [sys.executable, "-c", _PROBE, *modules]
    results = []
    for _ in range(1 + processes):
        output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        results.append(json.loads(output.splitlines()[-1]))
        if results[-1] is None:
            return None
    return ImportTime(statistics.median(float(ms) for ms, _ in results[1:]), int(results[-1][1]))


if __name__ == "__main__":
    sys.exit(main())
