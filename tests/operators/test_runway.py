"""The operators of Runway and Aleph have the parameters of the contract."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator

from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.utils.retry_defaults import RETRIES, RETRY_DELAY

REQUIRED = inspect.Parameter.empty


WAITING = {
    "extra_fields": None,
    "callback_url": None,
    "save_to": None,
    "wait_for_completion": True,
    "deferrable": True,
    "poll_interval": 10,
    "timeout": timedelta(minutes=30),
    "on_ambiguous_submit": "fail",
    "max_credits": None,
    "metadata": False,
    "on_clear": "new",
    "on_refusal": "fail",
    "runway_conn_id": "runway_default",
    "retries": RETRIES,
    "retry_delay": RETRY_DELAY,
}


GENERATE = {
    "prompt": REQUIRED,
    "image_url": None,
    "duration": 5,
    "quality": "720p",
    "aspect_ratio": None,
    "watermark": None,
}


EXTEND = {"runway_task_id": REQUIRED, "prompt": REQUIRED, "quality": "720p", "watermark": None}


ALEPH = {
    "prompt": REQUIRED,
    "video_url": REQUIRED,
    "aspect_ratio": None,
    "seed": None,
    "reference_image_url": None,
    "watermark": None,
    "upload_cn": False,
}


THUMBNAIL = {"thumbnail": False}


JOB = {"model": REQUIRED, "input": REQUIRED}


SENSOR = {
    "runway_task_id": REQUIRED,
    "kind": "runway",
    "deferrable": True,
    "poke_interval": 10,
    "runway_conn_id": "runway_default",
    "retries": RETRIES,
    "retry_delay": RETRY_DELAY,
}


def parameters(operator: type[BaseOperator], stop: type[BaseOperator]) -> dict[str, Any]:
    """The parameters that a class and those above it take, up to Airflow's own, with their defaults."""
    found: dict[str, Any] = {}
    owners = [owner for owner in operator.__mro__[: operator.__mro__.index(stop)] if "__init__" in vars(owner)]
    for owner in owners:
        own = inspect.signature(vars(owner)["__init__"]).parameters.values()
        assert all(each.kind is each.KEYWORD_ONLY for each in own if each.name not in {"self", "kwargs"})
        found |= {each.name: each.default for each in own if each.name not in {"self", "kwargs", *found}}
    return found


@pytest.mark.parametrize(
    ("operator", "stop", "expected"),
    [
        (RunwayGenerateOperator, BaseOperator, GENERATE | THUMBNAIL | WAITING),
        (RunwayExtendOperator, BaseOperator, EXTEND | THUMBNAIL | WAITING),
        (RunwayAlephOperator, BaseOperator, ALEPH | THUMBNAIL | WAITING),
        (KieJobOperator, BaseOperator, JOB | WAITING),
        (RunwayVideoSensor, BaseSensorOperator, SENSOR),
    ],
)
def test_the_parameters_and_their_defaults_are_those_of_the_contract(
    operator: type[BaseOperator], stop: type[BaseOperator], expected: dict[str, Any]
) -> None:
    assert parameters(operator, stop) == expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (RunwayGenerateOperator, {*GENERATE, "extra_fields", "callback_url", "save_to"}),
        (RunwayExtendOperator, {*EXTEND, "extra_fields", "callback_url", "save_to"}),
        (RunwayAlephOperator, {*ALEPH, "extra_fields", "callback_url", "save_to"} - {"upload_cn"}),
        (KieJobOperator, {*JOB, "extra_fields", "callback_url", "save_to"}),
        (RunwayVideoSensor, {"runway_task_id"}),
    ],
)
def test_the_templated_parameters_are_those_of_the_contract(operator: type[BaseOperator], expected: set[str]) -> None:
    assert set(operator.template_fields) == expected
    assert len(operator.template_fields) == len(expected)
