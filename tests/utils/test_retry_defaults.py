"""Where nobody says how often a task is tried again, it is tried as often as is safe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, TaskGroup, task
from dag_bag import DagSerialization
from versions import AIRFLOW

from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import (
    RunwayAlephOperator,
    RunwayExtendOperator,
    RunwayGenerateOperator,
)
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.utils import retry_defaults, versions

ID = "33b814b1387e4b56bca876ead007f37a"
# Before 3.3 there is no record by itself, and all is as Airflow has it.
PAUSE = timedelta(minutes=1) if AIRFLOW >= (3, 3) else timedelta(minutes=5)


def decorated(**parameters: Any) -> None:
    @task.runway(task_id="video", aspect_ratio="16:9", **parameters)
    def video(title: str) -> str:
        return title

    video("A fox")


def decorated_and_mapped(**parameters: Any) -> None:
    @task.runway(task_id="video", aspect_ratio="16:9", **parameters)
    def video(title: str, style: str) -> str:
        return f"{title}, {style}"

    video.partial(style="in watercolours").expand(title=["A fox", "A hare"])


MAKERS: dict[str, Callable[..., object]] = {
    "generate": lambda **more: RunwayGenerateOperator(task_id="video", prompt="A fox", aspect_ratio="16:9", **more),
    "extend": lambda **more: RunwayExtendOperator(task_id="video", prompt="A fox", runway_task_id=ID, **more),
    "aleph": lambda **more: RunwayAlephOperator(task_id="video", prompt="A fox", video_url="https://a.b/c.mp4", **more),
    "job": lambda **more: KieJobOperator(task_id="video", model="sora-2", input={}, **more),
    "sensor": lambda **more: RunwayVideoSensor(task_id="video", runway_task_id=ID, **more),
    "mapped": lambda **more: RunwayGenerateOperator.partial(task_id="video", aspect_ratio="16:9", **more).expand(
        prompt=["A fox", "A hare"]
    ),
    "mapped sensor": lambda **more: RunwayVideoSensor.partial(task_id="video", **more).expand(runway_task_id=[ID]),
    "decorated": decorated,
    "decorated and mapped": decorated_and_mapped,
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[..., object]:
    return MAKERS[request.param]


def retries_of(dag: DAG) -> tuple[int, timedelta]:
    """What the scheduler goes by."""
    [video] = DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks
    return video.retries, video.retry_delay


def test_a_task_that_nobody_has_told_is_tried_again_twice_after_a_minute(make: Callable[..., object]) -> None:
    with DAG("clips", schedule=None) as dag:
        make()

    assert retries_of(dag) == ((2, PAUSE) if AIRFLOW >= (3, 3) else (0, PAUSE))


@pytest.mark.parametrize("retries", [0, 5])
def test_what_the_task_says_counts(make: Callable[..., object], retries: int) -> None:
    with DAG("clips", schedule=None) as dag:
        make(retries=retries, retry_delay=timedelta(seconds=7))

    assert retries_of(dag) == (retries, timedelta(seconds=7))


@pytest.mark.parametrize("retries", [0, 5])
def test_what_the_dag_says_counts(make: Callable[..., object], retries: int) -> None:
    with DAG("clips", schedule=None, default_args={"retries": retries}) as dag:
        make()

    assert retries_of(dag) == (retries, PAUSE)


def test_what_the_group_says_counts(make: Callable[..., object]) -> None:
    none: Any = {"retries": 0}
    with DAG("clips", schedule=None, default_args={"retries": 5}) as dag, TaskGroup("group", default_args=none):
        make()

    assert retries_of(dag)[0] == 0


def test_tasks_of_others_are_left_alone() -> None:
    with DAG("clips", schedule=None) as dag:
        BaseOperator(task_id="other")

    assert retries_of(dag)[0] == 0


@pytest.mark.parametrize(
    ("version", "environment", "file", "default"),
    [
        ("3.3.2", None, None, 2),
        ("3.4.0b2", None, None, 2),
        ("3.2.2", None, None, 0),
        ("3.1.8", None, None, 0),
        ("3.3.2", "0", None, 0),
        ("3.3.2", "4", None, 4),
        ("3.3.2", None, "0", 0),
        ("3.3.2", None, "3", 3),
        ("3.2.2", "4", None, 4),
    ],
)
def test_what_the_configuration_says_counts_and_below_3_3_nothing_else(
    monkeypatch: pytest.MonkeyPatch, version: str, environment: str | None, file: str | None, default: int
) -> None:
    monkeypatch.setattr("airflow.__version__", version)
    if environment is not None:
        monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TASK_RETRIES", environment)
    conf: Any = type(versions.conf)()
    if file is not None:
        conf.read_dict({"core": {"default_task_retries": file}})
    monkeypatch.setattr(retry_defaults, "conf", conf)

    assert retry_defaults.default_of("default_task_retries", 2) == default


@pytest.mark.parametrize("wrong", ["a text", 7])
def test_the_decorator_takes_a_function(wrong: Any) -> None:
    with pytest.raises(TypeError):
        task.runway(wrong)
