from __future__ import annotations

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
from fakes import GivenTime, fake_context, now
from versions import AirflowRescheduleException, TaskDeferralTimeout

from airflow_provider_runway.exceptions import InvalidRequestError, PollingFailedError
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import Expire, Fail, Missing, Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

from .modes import MODES, RESCHEDULED, deferred, resumed, sensor, waited


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
        "seen": "queued",
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
