"""What all operators that pay have in common."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

from .support import FOX, JOB


@pytest.mark.parametrize("value", [0, -1, "12", True, float("nan"), float("inf"), [12]])
def test_a_bound_that_is_no_number_of_credits_is_refused_while_the_dag_is_parsed(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="max_credits must be a number of credits, above zero"):
        RunwayGenerateOperator(**FOX, max_credits=value)


def test_a_dag_may_bound_all_its_tasks() -> None:
    with DAG("bounded", schedule=None, default_args={"max_credits": 55}):
        assert KieJobOperator(**JOB).max_credits == 55
        assert RunwayGenerateOperator(**FOX, max_credits=12).max_credits == 12
    assert KieJobOperator(**JOB).max_credits is None
