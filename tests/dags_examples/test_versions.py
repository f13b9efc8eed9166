"""The examples are read on every version of Airflow that the provider supports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .support import EXAMPLES

# What ``airflow.sdk`` has from 3.3 on, and 3.2 has not.
NEW_IN_3_3 = (
    "AssetAccessControl", "BaseDeadlineReference", "DayWindow", "ExceptionRetryPolicy", "FanOutMapper",
    "FixedKeyMapper", "HourWindow", "MinimumCount", "MonthWindow", "NEVER_EXPIRE", "PartitionedAtRuntime",
    "QuarterWindow", "ResumableJobMixin", "RetryAction", "RetryDecision", "RetryPolicy", "RetryRule", "RollupMapper",
    "SegmentWindow", "WaitForAll", "WeekWindow", "Window", "YearWindow", "deadline_reference", "lineage", "result",
)  # fmt: skip

AS_3_2 = """
import runpy, sys
import airflow.sdk as sdk
from airflow.sdk import BaseOperator

new, *files = sys.argv[1:]
asked, usual = set(new.split(",")), sdk.__getattr__
def old(name):
    if name in asked:
        raise AttributeError(f"module 'airflow.sdk' has no attribute {name!r}")
    return usual(name)
sdk.__getattr__ = old
for name in asked & set(vars(sdk)):
    delattr(sdk, name)
for file in files:
    runpy.run_path(file)
    print(file)
"""


def test_no_example_needs_what_airflow_has_from_3_3_on(tmp_path: Path) -> None:
    files = sorted(str(file) for file in EXAMPLES.glob("*.py"))
    command = [sys.executable, "-c", AS_3_2, ",".join(NEW_IN_3_3), *files]

    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-3000:]
    assert [line for line in done.stdout.splitlines() if line in files] == files


def test_the_names_are_those_that_airflow_has() -> None:
    import airflow.sdk

    if not hasattr(airflow.sdk, "RetryPolicy"):
        pytest.skip("this Airflow is older")
    assert [name for name in NEW_IN_3_3 if name not in airflow.sdk.__all__] == []
