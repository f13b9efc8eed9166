from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
    conf,
)
from fakes import FakeStore, GivenTime, fake_context, now
from versions import AirflowRescheduleException, TaskDeferralError, TaskDeferralTimeout

from airflow_provider_runway.exceptions import InvalidRequestError, PollingFailedError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import Expire, Fail, Missing, Refuse, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

RESCHEDULED: dict[str, Any] = {"deferrable": False, "mode": "reschedule"}
MODES: list[dict[str, Any]] = [
    {"deferrable": True},
    {"deferrable": False, "mode": "poke"},
    {"deferrable": False, "mode": "reschedule"},
]


@pytest.fixture
def made(kie: Sandbox) -> str:
    """The id of a video that is being made: it takes a minute."""
    with RunwayHook() as hook:
        return hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))


@pytest.fixture
def airflow_time(given_time: GivenTime, monkeypatch: pytest.MonkeyPatch) -> GivenTime:
    """Airflow's own pauses between two polls pass at once, too."""
    monkeypatch.setattr("airflow.sdk.bases.sensor.time", given_time.clock)
    return given_time


def sensor(task_id: str, **parameters: Any) -> RunwayVideoSensor:
    return RunwayVideoSensor(task_id="seen", runway_task_id=task_id, **parameters)


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


def test_looks_that_go_well_write_nothing_down(kie: Sandbox, made: str) -> None:
    store = FakeStore()
    for _ in range(3):
        polled_once(made, store)

    assert store.rows == {}


def test_before_airflow_3_3_a_rescheduled_sensor_looks_on(kie: Sandbox, given_time: GivenTime) -> None:
    for _ in range(8):
        polled_once("no-such-task", None)


def deferred(waiting: RunwayVideoSensor) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        waiting.execute(fake_context())
    return caught.value


def resumed(waiting: RunwayVideoSensor, deferral: TaskDeferred, event: dict[str, Any] | None = None) -> Any:
    """Go on in a new process, as Airflow does."""

    async def fire() -> dict[str, Any]:
        [fired] = [fired async for fired in deferral.trigger.run()]
        payload: dict[str, Any] = fired.payload
        return payload

    kwargs = {**(deferral.kwargs or {}), "event": asyncio.run(fire()) if event is None else event}
    again = sensor(waiting.runway_task_id, soft_fail=waiting.soft_fail, never_fail=waiting.never_fail)
    return again.resume_execution(deferral.method_name, json.loads(json.dumps(kwargs)), fake_context())


def waited(waiting: RunwayVideoSensor) -> Any:
    """Run it to its end, in whatever mode."""
    try:
        return waiting.execute(fake_context())
    except TaskDeferred as deferral:
        return resumed(waiting, deferral)


def test_a_video_that_is_ready_is_handed_over_at_once_and_its_times_are_not_made_up(kie: Sandbox, made: str) -> None:
    kie.advance(60)

    for mode in MODES:
        result = sensor(made, **mode).execute(fake_context())

        assert set(result) == set(VideoResult.__annotations__)
        assert (result["task_id"], result["kind"], result["state"]) == (made, "runway", "success")
        assert str(result["video_url"]).startswith(kie.url)
        assert {name for name, value in result.items() if value is None} == {
            "parent_task_id", "submitted_at", "completed_at", "expires_at", "saved_to", "credits_estimate",
            "sha256", "size", "thumbnail_saved_to", "credits",
        }  # fmt: skip
    assert len(kie.ledger.submissions) == 1


def test_a_video_that_is_not_ready_is_waited_for_in_the_triggerer(
    kie: Sandbox, made: str, given_time: GivenTime
) -> None:
    waiting = sensor(made, timeout=600, poke_interval=7)
    before = now()

    deferral = deferred(waiting)

    assert isinstance(deferral.trigger, RunwayVideoTrigger)
    _, arguments = deferral.trigger.serialize()
    deadline = arguments.pop("deadline")
    assert before + 600 <= deadline <= now() + 600
    assert arguments == {
        "runway_conn_id": "runway_default", "runway_task_id": made, "kind": "runway", "poll_interval": 7,
    }  # fmt: skip
    assert deferral.kwargs == {"deadline": deadline, "seen_waiting": True}
    assert deferral.timeout
    assert timedelta(seconds=607) < deferral.timeout < timedelta(seconds=700)
    result = resumed(waiting, deferral)
    assert result["state"] == "success"
    assert datetime.fromisoformat(result["expires_at"]) > datetime.now(timezone.utc) + timedelta(days=13)


def test_a_video_that_is_not_ready_is_waited_for_in_the_worker(
    kie: Sandbox, made: str, airflow_time: GivenTime
) -> None:
    result = sensor(made, deferrable=False, poke_interval=7).execute(fake_context())

    assert result["state"] == "success"
    assert result["completed_at"]
    assert airflow_time.pauses == [7] * 9


def test_a_video_that_is_not_ready_is_polled_again_later(kie: Sandbox, made: str) -> None:
    waiting = sensor(made, **RESCHEDULED, poke_interval=120)

    with pytest.raises(AirflowRescheduleException) as caught:
        waiting.execute(fake_context())

    left = caught.value.reschedule_date - datetime.now(timezone.utc)
    assert timedelta(seconds=115) < left <= timedelta(seconds=120)
    kie.advance(60)
    assert sensor(made, **RESCHEDULED).execute(fake_context())["state"] == "success"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("message", ["Generation failed, please try again later", "Flagged by moderation"])
def test_what_kie_has_failed_fails_for_good_whatever_the_reason(
    kie: Sandbox, airflow_time: GivenTime, mode: dict[str, Any], message: str
) -> None:
    kie.fault(Fail(message))
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))
    if mode.get("mode") == "reschedule":
        kie.advance(60)

    with pytest.raises(AirflowFailException, match=f"GenerationFailedError: .*{message}"):
        waited(sensor(task_id, **mode))


@pytest.mark.parametrize("mode", MODES[:2])
def test_a_task_that_kie_does_not_know_fails_for_good_after_a_grace(
    kie: Sandbox, airflow_time: GivenTime, mode: dict[str, Any]
) -> None:
    with pytest.raises(AirflowFailException, match=r"TaskNotFoundError: KIE.AI has no record of task no-such-task"):
        waited(sensor("no-such-task", **mode))
    assert sum(airflow_time.pauses) >= 30


@pytest.mark.parametrize("mode", MODES)
def test_a_video_that_has_expired_fails_for_good(
    kie: Sandbox, made: str, airflow_time: GivenTime, mode: dict[str, Any]
) -> None:
    kie.advance(60)
    kie.fault(Expire(), on="record")

    with pytest.raises(AirflowFailException, match="VideoExpiredError"):
        waited(sensor(made, **mode))


@pytest.mark.parametrize("mode", MODES[:2])
def test_a_video_that_is_not_ready_in_time_fails_without_retry(
    kie: Sandbox, made: str, airflow_time: GivenTime, mode: dict[str, Any]
) -> None:
    with pytest.raises(AirflowSensorTimeout):
        waited(sensor(made, timeout=20, **mode))


def test_airflows_own_trigger_timeout_fails_without_retry_too(made: str) -> None:
    waiting = sensor(made)

    with pytest.raises(AirflowSensorTimeout):
        waiting.resume_execution("__fail__", {"error": "Trigger timeout"}, fake_context())
    assert issubclass(TaskDeferralTimeout, Exception)


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
@pytest.mark.parametrize("quietly", ["soft_fail", "never_fail"])
def test_where_failing_is_not_wanted_it_skips(
    kie: Sandbox, made: str, airflow_time: GivenTime, mode: dict[str, Any], quietly: str
) -> None:
    kie.advance(60)
    kie.fault(Expire(), on="record")

    with pytest.raises(AirflowSkipException):
        waited(sensor(made, **mode, **{quietly: True}))


@pytest.mark.parametrize("mode", MODES[:2])
def test_where_failing_is_not_wanted_it_skips_when_the_time_is_over(
    kie: Sandbox, made: str, airflow_time: GivenTime, mode: dict[str, Any]
) -> None:
    with pytest.raises(AirflowSkipException):
        waited(sensor(made, timeout=20, soft_fail=True, **mode))


@pytest.mark.parametrize("event", ["success", "failed", "gone", "timeout", "fault"])
def test_a_video_that_got_ready_meanwhile_is_taken_whatever_the_trigger_said(
    kie: Sandbox, made: str, event: str
) -> None:
    waiting = sensor(made)
    deferral = deferred(waiting)
    kie.advance(60)

    result = resumed(waiting, deferral, {"task_id": made, "state": event})

    assert result["state"] == "success"


def test_a_sensor_woken_too_early_waits_on_until_the_same_deadline(kie: Sandbox, made: str) -> None:
    waiting = sensor(made, timeout=600)
    deferral = deferred(waiting)

    with pytest.raises(TaskDeferred) as again:
        resumed(waiting, deferral, {"task_id": made, "state": "success"})

    assert again.value.kwargs == deferral.kwargs
    assert again.value.trigger.serialize() == deferral.trigger.serialize()


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"state": "timeout"}, AirflowSensorTimeout),
        ({"state": "gone", "error": "it is gone"}, AirflowFailException),
        ({"state": "fault", "error": "it went wrong"}, PollingFailedError),
    ],
)
def test_what_the_trigger_said_counts_while_there_is_no_video(
    kie: Sandbox, made: str, event: dict[str, str], error: type[Exception]
) -> None:
    waiting = sensor(made)
    deferral = deferred(waiting)

    with pytest.raises(error, match=event.get("error", "was not ready in time")):
        resumed(waiting, deferral, {"task_id": made, **event})


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


@pytest.mark.parametrize("task_id", ["", "two words", None, 7])
def test_an_id_that_cannot_be_one_is_refused_while_the_dag_is_read(task_id: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^runway_task_id must be the id of a KIE task"):
        sensor(task_id)


def test_an_id_that_renders_to_nothing_fails_for_good(kie: Sandbox) -> None:
    waiting = sensor("{{ '' }}")
    waiting.render_template_fields({})

    with pytest.raises(AirflowFailException, match="InvalidRequestError: runway_task_id must not come to nothing"):
        waiting.execute(fake_context())
    assert kie.ledger.requests == ()


def test_a_kind_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"kind must be 'runway', 'aleph', .* or 'suno-cover'; got 'luma'"):
        sensor("task-1", kind="luma")


def test_a_sensor_has_airflows_timeout_and_ten_seconds_between_looks() -> None:
    waiting = sensor("task-1")

    assert waiting.timeout == conf.getfloat("sensors", "default_timeout")
    assert (waiting.poke_interval, waiting.mode, waiting.soft_fail) == (10, "poke", False)
    assert waiting.multiple_outputs is True


def test_a_record_that_shows_late_is_waited_for(kie: Sandbox, made: str, airflow_time: GivenTime) -> None:
    for mode in MODES[:2]:
        kie.fault(Missing(), times=3)
        assert waited(sensor(made, **mode))["state"] == "success"


def test_the_key_and_the_link_are_in_no_log(
    kie: Sandbox, made: str, airflow_time: GivenTime, capfd: pytest.CaptureFixture[str]
) -> None:
    waited(sensor(made))
    waited(sensor(made, deferrable=False))

    out = capfd.readouterr().out
    assert f"The video of task {made} is ready" in out
    assert kie.key not in out
    assert "/media/" not in out


@pytest.mark.parametrize(
    ("error", "skips"), [("Trigger failure", False), ("Trigger timeout", True), (None, False)], ids=str
)
def test_a_trigger_that_dies_of_a_fault_is_nothing_to_skip_for(error: str | None, skips: bool) -> None:
    sensor = RunwayVideoSensor(task_id="wait", runway_task_id="task-1", soft_fail=True)
    ended = {} if error is None else {"error": error}

    with pytest.raises(AirflowSkipException if skips else TaskDeferralError):
        sensor.resume_execution("__fail__", ended, fake_context())


def test_the_way_back_from_the_trigger_needs_no_template(kie: Sandbox, given_time: GivenTime) -> None:
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))
    kie.advance(120)
    sensor = RunwayVideoSensor(task_id="wait", runway_task_id="{{ gone }}", soft_fail=True)
    context: Any = {"gone": None}
    sensor.render_template_fields(context)

    event = {"event": {"task_id": task_id, "state": "success"}, "deadline": now() + 600}
    result = sensor.resume_execution("execute_complete", event, fake_context())

    assert (result["task_id"], result["state"]) == (task_id, "success")
