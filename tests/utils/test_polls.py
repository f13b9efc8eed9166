from __future__ import annotations

from contextlib import suppress

import pytest
from fakes import GivenTime, fake_context
from operators.support import Task

from airflow_provider_runway.kie.errors import TaskNotFoundError
from airflow_provider_runway.sandbox import Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

from .test_metrics import Backend, backend

__all__ = ["backend"]


@pytest.mark.parametrize(("deferrable", "where"), [(True, "triggerer"), (False, "worker")])
def test_polls_are_counted_wherever_they_are_made_and_those_that_fail_by_code(
    kie: Sandbox, given_time: GivenTime, backend: Backend, deferrable: bool, where: str
) -> None:
    kie.fault(Refuse(500), on="record", times=2)
    Task(deferrable=deferrable).run()

    assert backend.counted["runway.polls"] == len(kie.ledger.of("record"))
    assert backend.counted["runway.poll_errors.500"] == 2
    assert backend.tags["runway.poll_errors.500"] == {"conn_id": "runway_default", "where": where}


def test_a_poll_of_a_sensor_that_is_sent_again_is_one(kie: Sandbox, given_time: GivenTime, backend: Backend) -> None:
    sensor = RunwayVideoSensor(task_id="wait", runway_task_id="nobody-knows-it", deferrable=False)
    with sensor.hook, suppress(TaskNotFoundError):
        sensor.poke(fake_context())

    assert (backend.counted["runway.polls"], backend.counted["runway.poll_errors.task_not_found"]) == (1, 1)
