from __future__ import annotations

import asyncio
import importlib
import json
from dataclasses import replace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.triggers.base import BaseTrigger, TriggerEvent
from fakes import GivenTime, now, until

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.hooks import connections
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import CutBefore, Expire, Fail, Garbage, Missing, NoUrl, Refuse, Sandbox, States
from airflow_provider_runway.triggers import client_lease, shared_poller
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger
from airflow_provider_runway.triggers.shared_poller import SharedPoller

SOON = 10_000_000_000.0


def submit(kie: Sandbox) -> str:
    with RunwayHook() as hook:
        return hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))


def waiting_for(task_id: str, **arguments: Any) -> RunwayVideoTrigger:
    usual = {"runway_conn_id": "runway_default", "runway_task_id": task_id, "deadline": SOON}
    trigger = RunwayVideoTrigger(**{**usual, **arguments})
    # Shorter than what a person may give, so that no test is long.
    trigger.request = replace(trigger.request, poll_interval=arguments.get("poll_interval", 10.0))
    return trigger


async def events(trigger: BaseTrigger) -> list[dict[str, Any]]:
    found = [event async for event in trigger.run()]
    assert all(isinstance(event, TriggerEvent) for event in found)
    return [json.loads(json.dumps(event.payload)) for event in found]


def fired(trigger: BaseTrigger) -> dict[str, Any]:
    (event,) = asyncio.run(events(trigger))
    return event


def test_what_airflow_stores_is_the_arguments_that_were_given_and_nothing_else() -> None:
    trigger = RunwayVideoTrigger("runway_default", "task-1", deadline=1_800_000_000.5)

    assert trigger.serialize() == (
        "airflow_provider_runway.triggers.runway.RunwayVideoTrigger",
        {
            "runway_conn_id": "runway_default",
            "runway_task_id": "task-1",
            "kind": "runway",
            "poll_interval": 10.0,
            "deadline": 1_800_000_000.5,
        },
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"kind": "aleph", "poll_interval": 1.5, "deadline": 7.25},
        {"submitted_at": 1_800_000_000.25, "profile": "generate-5s-720p"},
    ],
)
def test_a_trigger_survives_being_stored(arguments: dict[str, Any]) -> None:
    path, stored = waiting_for("task-1", **arguments).serialize()
    module, name = path.rsplit(".", 1)

    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(stored)))

    assert again.serialize() == (path, stored)


def test_it_fires_once_when_the_video_is_ready(kie: Sandbox, given_time: GivenTime) -> None:
    task_id = submit(kie)

    assert fired(waiting_for(task_id)) == {"task_id": task_id, "state": "success"}
    assert kie.task(task_id).phase == "succeeded"
    assert given_time.pauses[0] <= 10
    assert all(10 <= pause <= 12 for pause in given_time.pauses[1:])


@pytest.mark.parametrize("message", ["Generation failed, please try again later", "Flagged by moderation"])
def test_a_failure_is_told_without_its_reason(kie: Sandbox, given_time: GivenTime, message: str) -> None:
    kie.fault(Fail(message))
    task_id = submit(kie)

    assert fired(waiting_for(task_id)) == {"task_id": task_id, "state": "failed"}


def test_a_task_that_kie_does_not_know_is_gone_after_a_grace(kie: Sandbox, given_time: GivenTime) -> None:
    event = fired(waiting_for("no-such-task"))

    assert (event["task_id"], event["state"]) == ("no-such-task", "gone")
    assert event["error"].startswith("KIE.AI has no record of task no-such-task")
    assert sum(given_time.pauses) >= 30


@pytest.mark.parametrize(
    ("known", "grace"), [({}, 120), ({"seen": "queued"}, 900), ({"submitted_at": 1_700_000_000.0}, 900)]
)
def test_a_task_that_is_known_may_be_without_a_record_for_longer(
    kie: Sandbox, given_time: GivenTime, known: dict[str, Any], grace: float
) -> None:
    trigger = waiting_for("no-such-task", **known)

    assert RunwayVideoTrigger(**trigger.serialize()[1]).request == trigger.request
    assert fired(trigger)["state"] == "gone"
    assert grace <= sum(given_time.pauses) < grace + 130


def test_a_record_that_shows_late_is_waited_for(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Missing(), times=3)

    assert fired(waiting_for(submit(kie)))["state"] == "success"


def test_a_video_that_has_expired_is_gone(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Expire(), on="record")

    event = fired(waiting_for(submit(kie)))

    assert event["state"] == "gone"
    assert "KIE.AI has deleted it since" in event["error"]


def test_the_deadline_ends_the_wait(kie: Sandbox, given_time: GivenTime) -> None:
    task_id = submit(kie)

    assert fired(waiting_for(task_id, deadline=now() + 25)) == {"task_id": task_id, "state": "timeout"}
    assert 20 < sum(given_time.pauses) < 26


def test_a_deadline_that_passed_while_no_triggerer_ran_leaves_one_poll(kie: Sandbox, given_time: GivenTime) -> None:
    task_id = submit(kie)
    assert fired(waiting_for(task_id, deadline=now() - 100))["state"] == "timeout"
    kie.advance(60)

    assert fired(waiting_for(task_id, deadline=now() - 100))["state"] == "success"
    assert given_time.pauses == []


def test_polls_that_go_wrong_in_a_row_do_not_end_the_wait_until_the_sixth(kie: Sandbox, given_time: GivenTime) -> None:
    for fault in (Refuse(500), CutBefore(), Garbage("html"), Garbage("empty"), Refuse(429)):
        kie.fault(fault, on="record", times=1)
    assert fired(waiting_for(submit(kie)))["state"] == "success"

    kie.fault(Refuse(500), on="record")
    event = fired(waiting_for(submit(kie)))
    assert event["state"] == "fault"
    assert event["error"].startswith("6 polls in a row")
    assert "No poll has found a record of it." in event["detail"]


def test_a_pause_that_a_429_asks_for_is_kept_whole(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(429, retry_after=77), on="record", times=1)

    assert fired(waiting_for(submit(kie)))["state"] == "success"
    assert max(given_time.pauses) >= 77


def test_states_that_kie_does_not_document_are_waited_through(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(States(("dreaming", None, "GENERATING", 7)))

    assert fired(waiting_for(submit(kie)))["state"] == "success"


def test_a_success_without_a_link_is_waited_on_and_is_a_fault_if_it_stays(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=0)
    kie.fault(NoUrl(), times=2)
    assert fired(waiting_for(submit(kie)))["state"] == "success"

    kie.fault(NoUrl())
    assert fired(waiting_for(submit(kie)))["state"] == "fault"


def test_a_wrong_key_is_a_fault_at_the_first_poll_and_shows_no_key(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submit(kie)
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "k3y-of-nobody"))

    event = fired(waiting_for(task_id))

    assert event["state"] == "fault"
    assert "the API key is missing, wrong" in event["error"]
    assert "k3y-of-nobody" not in str(event)
    assert len(given_time.pauses) == 1


@pytest.mark.parametrize(
    "connection", [None, {"conn_type": "runway"}, {"conn_type": "runway", "password": "two words"}]
)
def test_a_connection_that_is_missing_or_cannot_work_is_a_fault(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, connection: dict[str, str] | None
) -> None:
    if connection is None:
        monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
    else:
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))

    event = fired(waiting_for("task-1"))

    assert (event["task_id"], event["state"]) == ("task-1", "fault")
    assert "runway_default" in event["error"]


def fails_at_first(monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> list[str]:
    """Have the connection unreadable so many times, and tell of each reading."""
    read, readings = connections._connection, list[str]()

    async def reading(conn_id: str) -> Any:
        readings.append(conn_id)
        if len(readings) <= times:
            raise error
        return await read(conn_id)

    monkeypatch.setattr(connections, "_connection", reading)
    return readings


UNREADABLE = [RuntimeError("hush-hush"), AirflowNotFoundException("not there"), OSError(5, "hush-hush"), KeyError("x")]


@pytest.mark.parametrize("error", UNREADABLE)
def test_a_connection_that_cannot_be_read_for_a_while_does_not_end_the_wait(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    task_id = submit(kie)
    readings = fails_at_first(monkeypatch, error, times=5)

    assert fired(waiting_for(task_id)) == {"task_id": task_id, "state": "success"}
    assert len(readings) == 6


@pytest.mark.parametrize("error", UNREADABLE)
def test_a_connection_that_cannot_be_read_at_all_ends_the_wait_with_a_fault(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    task_id = submit(kie)
    readings = fails_at_first(monkeypatch, error, times=1000)

    event = fired(waiting_for(task_id))

    assert (event["task_id"], event["state"], len(readings)) == (task_id, "fault", 6)
    assert "onnection 'runway_default'" in event["error"]
    assert "hush-hush" not in event["error"]


def test_the_deadline_ends_a_wait_whose_connection_cannot_be_read(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submit(kie)
    fails_at_first(monkeypatch, RuntimeError("x"), times=1000)
    monkeypatch.setattr(client_lease, "_PAUSES", (1000.0,))
    monkeypatch.setattr(shared_poller, "LAST_POLL", 0.0)

    assert fired(waiting_for(task_id, deadline=now()))["state"] == "timeout"


def test_a_connection_that_cannot_be_read_when_the_key_is_refused_is_read_again(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, kept = submit(kie), connections._connection
    right, read = kie.connection_json(), 0

    async def reading(conn_id: str) -> Any:
        nonlocal read
        read += 1
        if read == 2:
            raise RuntimeError("the secrets backend restarts")
        text = right if read > 1 else right.replace(kie.key, "k3y-of-nobody")
        monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", text)
        return await kept(conn_id)

    monkeypatch.setattr(connections, "_connection", reading)

    assert fired(waiting_for(task_id)) == {"task_id": task_id, "state": "success"}


@pytest.mark.parametrize("where", ["wait", "_step"])
def test_a_fault_of_our_own_ends_the_wait_with_an_event(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("hush-hush")

    monkeypatch.setattr(SharedPoller, where, broken)

    event = fired(waiting_for("task-1"))

    assert (event["task_id"], event["state"]) == ("task-1", "fault")
    assert event["error"] == "The triggerer failed (ZeroDivisionError)."
    assert event["detail"] == "The task is paid and goes on at KIE.AI."


def test_a_video_that_is_not_ready_keeps_it_waiting(kie: Sandbox) -> None:
    kie.configure(seconds=3600)
    task_id = submit(kie)

    async def wait_a_little() -> bool:
        trigger = asyncio.create_task(events(waiting_for(task_id, poll_interval=0.1)))
        await until(lambda: len(kie.ledger.of("record")) > 2 or trigger.done())
        still_waiting = not trigger.done()
        trigger.cancel()
        await asyncio.gather(trigger, return_exceptions=True)
        return still_waiting

    assert asyncio.run(wait_a_little())


def test_a_trigger_that_is_cancelled_does_not_fire(kie: Sandbox) -> None:
    task_id = submit(kie)

    async def cancel() -> list[object]:
        trigger = asyncio.create_task(events(waiting_for(task_id, poll_interval=0.1)))
        await until(lambda: len(kie.ledger.of("record")) > 0)
        trigger.cancel()
        return list(await asyncio.gather(trigger, return_exceptions=True))

    assert [type(outcome) for outcome in asyncio.run(cancel())] == [asyncio.CancelledError]


def test_polls_of_a_video_whose_age_is_known_begin_when_it_may_be_ready(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=90)
    known = {"submitted_at": now(), "profile": "generate-5s-720p"}

    assert fired(waiting_for(submit(kie), **known))["state"] == "success"

    assert given_time.pauses[0] >= 10


def test_the_log_tells_each_state_once(kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]) -> None:
    task_id = submit(kie)
    capfd.readouterr()

    fired(waiting_for(task_id, poll_interval=2))

    out = capfd.readouterr().out
    assert [out.count(f"Task {task_id}: {state} after") for state in ("queued", "generating")] == [1, 1]
    assert kie.key not in out
    assert "/media/" not in out


# --- what another version of the provider has stored, and what the service sends


@pytest.mark.parametrize("odd", [{"task_id": ""}, {"task_id": None}, {"kind": "opera"}])
def test_a_task_that_cannot_be_polled_is_a_fault(kie: Sandbox, odd: dict[str, Any]) -> None:
    event = fired(waiting_for(**{"task_id": "task-1", **odd}))

    assert event["state"] == "fault"
    assert "must be" in event["error"]
    assert kie.ledger.requests == ()


@pytest.mark.parametrize("code", [422, 500])
def test_whatever_the_service_says_the_event_holds_one_short_printable_line(
    kie: Sandbox, given_time: GivenTime, code: int
) -> None:
    kie.fault(Refuse(code, "\x1b[31mred\n" * 100_000), on="record")

    event = fired(waiting_for(submit(kie)))

    assert event["error"].isprintable()
    assert len(json.dumps(event)) < 3000


def test_a_video_that_is_ready_is_seen_soon_after_four_polls_under_maintenance(
    kie: Sandbox, given_time: GivenTime
) -> None:
    kie.configure(seconds=3)
    kie.fault(Refuse(455), on="record", times=4)

    assert fired(waiting_for(submit(kie)))["state"] == "success"
    assert sum(given_time.pauses) < 200


@pytest.mark.parametrize("name", ["poll_interval", "deadline", "submitted_at"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), True, "5", [5]])
def test_a_number_that_cannot_work_is_refused_where_the_trigger_is_made(name: str, value: Any) -> None:
    """Otherwise it would come to light among the waits of all tasks of the connection."""
    with pytest.raises(InvalidRequestError, match=rf"^{name} must be a (time|moment)"):
        waiting_for("task-1", **{name: value})


@pytest.mark.parametrize("value", [0, -1, None])
def test_an_interval_that_is_none_is_refused_where_the_trigger_is_made(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^poll_interval must be a time above zero"):
        RunwayVideoTrigger("runway_default", "task-1", poll_interval=value, deadline=SOON)
