"""What users' own type checkers see: `make lint` checks this file as they would check a DAG."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from typing_extensions import assert_type

from airflow_provider_runway.exceptions import GenerationFailedError, RunwayError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook, VideoTask
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

with DAG("typed", schedule=None):
    RunwayGenerateOperator(task_id="made", prompt="Fog.", duration=10, timeout=timedelta(hours=1))
    RunwayExtendOperator(
        task_id="extended", runway_task_id="{{ ti.xcom_pull('made', key='task_id') }}", prompt="It lifts."
    )
    RunwayVideoSensor(task_id="waited", runway_task_id="abc")


def by_hand(hook: RunwayHook) -> VideoTask:
    assert_type(hook.submit(GenerateRequest(prompt="Fog.")), str)
    return hook.get_task("abc", "runway")


def what_it_cost(task: VideoTask) -> str | None:
    assert_type(task.task_id, str)
    return task.video_url


def what_went_wrong(error: RunwayError) -> str | None:
    assert_type(error.retryable, bool)
    assert_type(error.code, "int | None")
    return error.reason if isinstance(error, GenerationFailedError) else error.task_id
