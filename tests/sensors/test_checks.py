"""What a sensor or a transfer is given, judged at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import fake_context
from operators.support import rendered

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

BOTH = pytest.mark.parametrize("native", [False, True], ids=["texts", "native"])


@BOTH
@pytest.mark.parametrize("soft_fail", [False, True])
@pytest.mark.parametrize("template", ["{{ params.nothing }}", "{{ params.blank }}", "{{ ti.xcom_pull('video') }}"])
def test_a_sensor_without_an_id_fails_at_once_and_claims_nothing(
    kie: Sandbox, template: str, native: bool, soft_fail: bool
) -> None:
    sensor = rendered(RunwayVideoSensor(task_id="seen", runway_task_id=template, soft_fail=soft_fail), native)

    with pytest.raises(AirflowFailException, match="runway_task_id must not come to nothing") as caught:
        sensor.execute(fake_context())
    assert "paid" not in str(caught.value)
    assert kie.ledger.requests == ()


@pytest.mark.parametrize("value", [None, "None", "", " "])
def test_a_sensor_or_a_transfer_that_is_given_no_id_by_another_task_fails_at_once(
    kie: Sandbox, tmp_path: Path, value: Any
) -> None:
    sensor = RunwayVideoSensor(task_id="seen", runway_task_id="task-1")
    transfer = RunwayToObjectStorageOperator(task_id="store", runway_task_id="task-1", save_to=f"{tmp_path}/")
    for waiting in (sensor, transfer):
        waiting.runway_task_id = value
        with pytest.raises(AirflowFailException, match=r"runway_task_id must be the id of a KIE task"):
            waiting.execute(fake_context())
    assert kie.ledger.requests == ()


def test_an_id_that_is_a_number_natively_is_an_id(kie: Sandbox) -> None:
    sensor = rendered(RunwayVideoSensor(task_id="seen", runway_task_id="{{ params.year }}", timeout=1), native=True)
    kie.configure(seconds=0)

    with pytest.raises(AirflowFailException, match="1984"):
        sensor.execute_complete(fake_context(), {"task_id": "1984", "state": "gone", "error": "task 1984 is unknown"})


@pytest.mark.parametrize("name", ["poke_interval", "timeout"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "5", 1e9])
def test_a_time_of_a_sensor_that_cannot_work_is_refused_while_the_dag_is_read(name: str, value: Any) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(InvalidRequestError, match=rf"^{name} must be a time"):
        RunwayVideoSensor(task_id="seen", runway_task_id="task-1", **given)


def test_no_sensor_looks_more_often_than_once_a_second() -> None:
    with pytest.raises(InvalidRequestError, match="poke_interval must be a time of at least 1 s"):
        RunwayVideoSensor(task_id="seen", runway_task_id="task-1", poke_interval=0.9)
