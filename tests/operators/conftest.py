from __future__ import annotations

import pytest
from fakes import GivenTime

from airflow_provider_runway.sandbox import Sandbox

from .support import Task


@pytest.fixture(params=[True, False], ids=["deferrable", "in the worker"])
def task(request: pytest.FixtureRequest, kie: Sandbox, given_time: GivenTime) -> Task:
    return Task(deferrable=request.param)
