"""What importing the operators adds to a process that has imported ``airflow.sdk``, beside other providers.

``python -m devtools.bench.import_time`` measures in fresh processes, one after another, and prints medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

OURS = "airflow_provider_runway.operators.runway"
MODULES = (
    OURS,
    "airflow_provider_runway.sensors.runway",
    "airflow_provider_runway.transfers.runway_to_object_storage",
    "airflow.providers.http.operators.http",
    "airflow.providers.dbt.cloud.operators.dbt",
    "airflow.providers.databricks.operators.databricks",
)
# The most that the project allows itself.
LIMIT_MS = 30.0

# Imports ``airflow.sdk`` once, and the module in as many copies of that process as asked for.
_PROBE = """
import importlib, json, os, sys, time
from airflow.sdk import DAG, BaseOperator, BaseHook
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        before, start = len(sys.modules), time.perf_counter()
        try:
            importlib.import_module(sys.argv[1])
        except ImportError:
            result = None
        else:
            result = [(time.perf_counter() - start) * 1000, len(sys.modules) - before]
        os.write(1, (json.dumps(result) + "\\n").encode())
        os._exit(0)
    os.wait()
"""


class ImportTime(NamedTuple):
    """What a module's import takes.

    :param ms: Milliseconds.
    :param modules: Modules that it brings along.
    """

    ms: float
    modules: int


def measure_imports(processes: int) -> Mapping[str, ImportTime]:
    """Measure each of :data:`MODULES` that is installed.

    :param processes: Fresh processes for each; what counts is the median.
    """
    measured = {module: _measure(module, processes) for module in MODULES}
    return {module: time for module, time in measured.items() if time is not None}


def main() -> int:
    """Measure and print; returns 1 if the operators take longer than the project allows itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=5, help="fresh processes for each module")
    times = measure_imports(parser.parse_args().processes)
    print(f"{'module':62} {'ms':>8} {'modules':>8}")
    for module in MODULES:
        if module in times:
            print(f"{module:62} {times[module].ms:8.1f} {times[module].modules:8d}")
        else:
            print(f"{module:62} {'not installed':>17}")
    print(f"\n{OURS} adds {times[OURS].ms:.1f} ms to airflow.sdk; the limit is {LIMIT_MS:.0f} ms.")
    return 0 if times[OURS].ms < LIMIT_MS else 1


def _measure(module: str, processes: int) -> ImportTime | None:
    """The median of a module's import times; ``None`` if there is no such module."""
    command = [sys.executable, "-c", _PROBE, module, str(processes)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    results = [json.loads(line) for line in output.splitlines()[-processes:]]
    if None in results:
        return None
    return ImportTime(statistics.median(float(ms) for ms, _ in results), int(results[0][1]))


if __name__ == "__main__":
    sys.exit(main())
