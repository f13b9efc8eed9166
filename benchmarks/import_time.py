"""What importing the operators adds to a process that has imported ``airflow.sdk``, beside other providers.

``python -m benchmarks.import_time`` starts fresh processes, one after another, and prints medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

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

_PROBE = """
import importlib, json, sys, time
from airflow.sdk import DAG, BaseOperator, BaseHook
before, start = len(sys.modules), time.perf_counter()
try:
    importlib.import_module(sys.argv[1])
except ImportError:
    print(json.dumps(None))
else:
    print(json.dumps([(time.perf_counter() - start) * 1000, len(sys.modules) - before]))
"""


def main() -> int:
    """Measure and print; returns 1 if the operators take longer than the project allows itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=5, help="fresh processes for each module")
    processes = parser.parse_args().processes
    medians = {}
    print(f"{'module':62} {'ms':>8} {'modules':>8}")
    for module in MODULES:
        results = [result for result in (_measure(module) for _ in range(processes)) if result is not None]
        if not results:
            print(f"{module:62} {'not installed':>17}")
            continue
        medians[module] = statistics.median(ms for ms, _ in results)
        print(f"{module:62} {medians[module]:8.1f} {results[0][1]:8d}")
    good = medians[OURS] < LIMIT_MS
    print(f"\n{OURS} adds {medians[OURS]:.1f} ms to airflow.sdk; the limit is {LIMIT_MS:.0f} ms.")
    return 0 if good else 1


def _measure(module: str) -> tuple[float, int] | None:
    """Milliseconds and number of modules that an import takes in a fresh process; ``None`` if there is no such one."""
    output = subprocess.run([sys.executable, "-c", _PROBE, module], check=True, capture_output=True, text=True).stdout
    result = json.loads(output.splitlines()[-1])
    return None if result is None else (float(result[0]), int(result[1]))


if __name__ == "__main__":
    sys.exit(main())
