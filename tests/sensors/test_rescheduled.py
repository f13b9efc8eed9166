"""A sensor in reschedule mode, each of whose polls is a process of its own."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import FakeStore, GivenTime, fake_context
from versions import AirflowRescheduleException

from airflow_provider_runway.exceptions import PollingFailedError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.sandbox import Refuse, Sandbox

from .modes import RESCHEDULED, sensor


def polled_once(task_id: str, store: FakeStore | None, *, try_number: int = 1) -> None:
    """One poll of a sensor that is rescheduled after it, in a process of its own."""
    context = fake_context(store)
    context["ti"].try_number = try_number
    with pytest.raises(AirflowRescheduleException):
        sensor(task_id, **RESCHEDULED).execute(context)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sensor's time, to be moved on by a test."""
    now = [1_800_000_000.0]
    monkeypatch.setattr(RunwayHook, "clock", Clock(time=lambda: now[0]))
    return now


def test_a_sensor_that_is_rescheduled_remembers_for_how_long_a_task_was_missing(
    kie: Sandbox, given_time: GivenTime, wall: list[float]
) -> None:
    store = FakeStore()
    for _ in range(4):
        polled_once("no-such-task", store)
        wall[0] += 35

    with pytest.raises(AirflowFailException, match=r"KIE\.AI has no record of task no-such-task"):
        sensor("no-such-task", **RESCHEDULED).execute(fake_context(store))


def test_a_sensor_that_is_rescheduled_remembers_faults_until_a_poll_goes_well_and_not_into_its_next_try(
    kie: Sandbox, made: str, given_time: GivenTime
) -> None:
    store = FakeStore()
    kie.fault(Refuse(500), on="record")
    for _ in range(5):
        polled_once(made, store)
    kie.clear_faults()
    polled_once(made, store)
    kie.fault(Refuse(500), on="record")
    for _ in range(5):
        polled_once(made, store)
    with pytest.raises(PollingFailedError, match="6 polls in a row"):
        sensor(made, **RESCHEDULED).execute(fake_context(store))

    polled_once(made, store, try_number=2)


def test_looks_that_go_well_write_down_only_what_has_changed(kie: Sandbox, made: str) -> None:
    store = FakeStore()
    polled_once(made, store)
    rows = dict(store.rows)
    store.rows["runway_poll_failures"] += " "
    polled_once(made, store)

    assert json.loads(rows["runway_poll_failures"])["state"] == "queued"
    assert store.rows["runway_poll_failures"] == rows["runway_poll_failures"] + " "


def test_a_sensor_that_is_rescheduled_remembers_that_a_poll_has_seen_the_task(
    kie: Sandbox, made: str, given_time: GivenTime, wall: list[float]
) -> None:
    store = FakeStore()
    polled_once(made, store)
    kie.fault(Refuse(422, "recordInfo is null"), on="record")
    for _ in range(25):
        polled_once(made, store)
        wall[0] += 35

    wall[0] += 60
    with pytest.raises(AirflowFailException, match=r"KIE\.AI has no record of task"):
        sensor(made, **RESCHEDULED).execute(fake_context(store))


def test_before_airflow_3_3_a_rescheduled_sensor_looks_on(kie: Sandbox, given_time: GivenTime) -> None:
    for _ in range(8):
        polled_once("no-such-task", None)
