"""What goes wrong with the connection and the service while a sensor waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from fakes import GivenTime, fake_context
from versions import TaskDeferralError

from airflow_provider_runway.exceptions import PollingFailedError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

from .modes import MODES, deferred, resumed, sensor, waited


def test_looks_that_go_wrong_are_waited_through_and_end_the_try_if_they_go_on(
    kie: Sandbox, made: str, airflow_time: GivenTime
) -> None:
    for mode in MODES[:2]:
        kie.fault(Refuse(500), on="record", times=5)
        assert waited(sensor(made, **mode))["state"] == "success"

    kie.reset()
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))
    kie.fault(Refuse(500), on="record")
    for mode in MODES[:2]:
        with pytest.raises(PollingFailedError, match="6 polls in a row"):
            waited(sensor(task_id, **mode))


@pytest.mark.parametrize("mode", MODES)
def test_a_key_that_is_wrong_fails_for_good(
    kie: Sandbox, made: str, monkeypatch: pytest.MonkeyPatch, mode: dict[str, Any]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "k3y-of-nobody"))

    with pytest.raises(AirflowFailException, match="AuthenticationError") as caught:
        waited(sensor(made, **mode))

    assert "k3y-of-nobody" not in str(caught.value)


@pytest.mark.parametrize("mode", MODES)
def test_a_connection_without_a_key_fails_for_good(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, mode: dict[str, Any]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps({"conn_type": "runway"}))

    with pytest.raises(AirflowFailException, match="ConnectionSettingsError: Connection 'runway_default'"):
        waited(sensor("task-1", **mode))


@pytest.fixture(params=["no key", "bad value", "missing", "wrong key"])
def broken(
    kie: Sandbox, made: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[], str]:
    """Breaks the connection in one way, and returns what the error says then."""

    def breaks() -> str:
        how: str = request.param
        if how == "wrong key":
            kie.configure(keys=["another"])
            return "code 401"
        if how == "missing":
            monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
            return "runway_default"
        bad = {"conn_type": "runway", **({"password": "k", "extra": {"timeout": -1}} if how == "bad value" else {})}
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(bad))
        return "extra 'timeout'" if how == "bad value" else "There is no API key"

    return breaks


@pytest.mark.parametrize("quietly", [{}, {"silent_fail": True}])
@pytest.mark.parametrize("mode", MODES)
def test_a_broken_connection_is_no_video_that_comes_late(
    made: str, broken: Callable[[], str], mode: dict[str, Any], quietly: dict[str, Any]
) -> None:
    said = broken()

    with pytest.raises(AirflowFailException, match=said):
        sensor(made, **mode, soft_fail=True, **quietly).execute(fake_context())


def test_a_connection_that_breaks_while_the_sensor_waits_is_no_video_that_comes_late(
    made: str, broken: Callable[[], str]
) -> None:
    waiting = sensor(made, soft_fail=True)
    deferral = deferred(waiting)
    said = broken()

    with pytest.raises(AirflowFailException, match=said):
        resumed(waiting, deferral, {"task_id": made, "state": "fault", "error": "The trigger gave up."})


def test_a_service_that_cannot_be_reached_is_no_video_that_comes_late(
    kie: Sandbox, made: str, airflow_time: GivenTime
) -> None:
    kie.fault(Refuse(500), on="record")

    with pytest.raises(PollingFailedError):
        waited(sensor(made, soft_fail=True))


@pytest.mark.parametrize(
    ("quietly", "error"), [({}, AirflowFailException), ({"never_fail": True}, AirflowSkipException)]
)
def test_a_connection_that_lost_its_key_while_waiting_fails_for_good(
    kie: Sandbox, made: str, monkeypatch: pytest.MonkeyPatch, quietly: dict[str, Any], error: type[Exception]
) -> None:
    waiting = sensor(made, **quietly)
    deferral = deferred(waiting)
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps({"conn_type": "runway"}))

    with pytest.raises(error) as caught:
        resumed(waiting, deferral)

    said = f"{caught.value} {caught.value.__cause__}"  # Airflow has its own words for a skip
    assert "Connection 'runway_default': There is no API key" in said


@pytest.mark.parametrize(
    ("error", "skips"), [("Trigger failure", False), ("Trigger timeout", True), (None, False)], ids=str
)
def test_a_trigger_that_dies_of_a_fault_is_nothing_to_skip_for(error: str | None, skips: bool) -> None:
    sensor = RunwayVideoSensor(task_id="wait", runway_task_id="task-1", soft_fail=True)
    ended = {} if error is None else {"error": error}

    with pytest.raises(AirflowSkipException if skips else TaskDeferralError):
        sensor.resume_execution("__fail__", ended, fake_context())
