"""A sensor that would be back before Airflow has taken note that it was gone stays, or stays away for longer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, TaskDeferred
from fakes import FakeStore, GivenTime, fake_context
from versions import AirflowRescheduleException

from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

from .modes import sensor

OPTION = "AIRFLOW__RUNWAY__SHORTEST_DEFERRAL"


@pytest.fixture(autouse=True)
def _as_nobody_has_set_it(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is left out, on an Airflow that it counts on."""
    monkeypatch.setattr("airflow.__version__", "3.3.2")
    monkeypatch.delenv(OPTION, raising=False)


def pause_of(waiting: RunwayVideoSensor) -> float:
    """Seconds for which it is rescheduled."""
    before = datetime.now(timezone.utc)
    with pytest.raises(AirflowRescheduleException) as caught:
        waiting.execute(fake_context(FakeStore()))
    again: datetime = caught.value.reschedule_date
    return (again - before).total_seconds()


@pytest.mark.parametrize("version", ["3.1.8", "3.3.2", "3.4.0b2"])
@pytest.mark.parametrize(
    ("parameters", "pause"),
    [
        ({"poke_interval": 2}, 30),
        ({"poke_interval": timedelta(seconds=29)}, 30),
        ({"poke_interval": 45}, 45),
        ({"poke_interval": 10, "exponential_backoff": True}, 30),
        ({"poke_interval": 60, "max_wait": 2, "exponential_backoff": True}, 30),
        ({"poke_interval": 60, "timeout": 5, "exponential_backoff": True}, 30),
    ],
)
def test_no_reschedule_is_too_short_on_any_airflow(
    monkeypatch: pytest.MonkeyPatch, made: str, version: str, parameters: dict[str, Any], pause: float
) -> None:
    monkeypatch.setattr("airflow.__version__", version)

    assert pause_of(sensor(made, deferrable=False, mode="reschedule", **parameters)) == pytest.approx(pause, abs=5)


def test_the_option_says_what_is_too_short(monkeypatch: pytest.MonkeyPatch, made: str) -> None:
    monkeypatch.setenv(OPTION, "300")

    assert pause_of(sensor(made, deferrable=False, mode="reschedule")) == pytest.approx(300, abs=5)


def test_a_sensor_whose_time_is_over_before_a_deferral_could_be_looks_on_in_its_worker(
    kie: Sandbox, made: str, given_time: GivenTime
) -> None:
    kie.advance(45)

    result = sensor(made, timeout=29).execute(fake_context())

    assert result["state"] == "success"
    assert result["completed_at"] is not None


def test_its_time_is_kept_there(made: str, given_time: GivenTime) -> None:
    with pytest.raises(AirflowSensorTimeout, match=made):
        sensor(made, timeout=29).execute(fake_context())

    assert sum(given_time.pauses) == pytest.approx(29)


def test_one_that_comes_back_with_little_time_left_stays(kie: Sandbox, made: str, given_time: GivenTime) -> None:
    kie.advance(50)
    deadline = given_time.clock.time() + 20

    result = sensor(made).execute_complete(fake_context(), {"task_id": made, "state": "success"}, deadline)

    assert result["state"] == "success"


@pytest.mark.parametrize(("timeout", "version"), [(40, "3.3.2"), (3600, "3.3.2"), (2, "3.4.0")])
def test_any_other_leaves_its_worker(monkeypatch: pytest.MonkeyPatch, made: str, timeout: float, version: str) -> None:
    monkeypatch.setattr("airflow.__version__", version)

    with pytest.raises(TaskDeferred):
        sensor(made, timeout=timeout).execute(fake_context())


@pytest.mark.parametrize("parameters", [{}, {"deferrable": False, "mode": "reschedule"}])
def test_nonsense_in_the_option_fails_for_good(
    monkeypatch: pytest.MonkeyPatch, made: str, parameters: dict[str, Any]
) -> None:
    monkeypatch.setenv(OPTION, "soon")

    with pytest.raises(AirflowFailException, match=r"\[runway\] shortest_deferral"):
        sensor(made, **parameters).execute(fake_context())
