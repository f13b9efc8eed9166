"""What differs between the versions of Airflow that the tests run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_runway.utils.versions import airflow_version

if TYPE_CHECKING or airflow_version() >= (3, 2):
    from airflow.sdk.exceptions import AirflowRescheduleException, TaskDeferralError, TaskDeferralTimeout
else:
    from airflow.exceptions import AirflowRescheduleException, TaskDeferralError, TaskDeferralTimeout

__all__ = [
    "AIRFLOW",
    "AWAITED",
    "AirflowRescheduleException",
    "TaskDeferralError",
    "TaskDeferralTimeout",
    "before",
    "since",
]

AIRFLOW = airflow_version()
# How a `@task` that is an `async def` ends.
AWAITED = "success" if AIRFLOW >= (3, 2) else "failed"


def since(major: int, minor: int, why: str) -> pytest.MarkDecorator:
    """For tests of what Airflow has from a version on."""
    return pytest.mark.skipif((major, minor) > AIRFLOW, reason=f"Airflow {major}.{minor} and later: {why}")


def before(major: int, minor: int, why: str) -> pytest.MarkDecorator:
    """For tests of what Airflow has before a version."""
    return pytest.mark.skipif((major, minor) <= AIRFLOW, reason=f"Airflow before {major}.{minor}: {why}")
