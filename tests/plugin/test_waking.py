"""A call wakes the task that waits for it, once, and not before that is safe."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from versions import before, since

from airflow_provider_runway.plugin import callback_delivery, waking

from .callers import CALLED, TOKEN, Caller, untouched
from .conftest import option
from .database import Database
from .deferred import WAITS, Waiting


def test_a_call_wakes_the_task_that_waits(caller: Caller, waiting: Waiting) -> None:
    answer = caller.call()

    assert (answer.status_code, answer.json()) == (200, {"status": "woken"})
    seen = waiting.seen()
    assert (seen.state, seen.trigger_id, seen.event) == ("scheduled", None, CALLED)
    assert seen.kept == {"deadline": 4102444800.0}


@pytest.mark.parametrize(
    "body",
    [
        {"code": 400, "msg": "Get image info failed.", "data": {"task_id": "kie-1"}},
        {"code": 200, "msg": "success", "data": {"result_video_url": "https://m/v"}, "taskId": "kie-1"},
        {"code": 400, "msg": "No.", "data": None, "taskId": "kie-1"},
        {"code": 501, "msg": "", "data": {"taskId": "kie-1", "state": "fail"}},
        {"code": 500, "msg": "who knows", "data": None},
        {"data": {"task_id": "kie-9", "taskId": "kie-1"}},
    ],
)
def test_a_call_of_any_shape_wakes(caller: Caller, waiting: Waiting, body: object) -> None:
    assert caller.call(body=body).json() == {"status": "woken"}
    assert waiting.seen().event == CALLED


@pytest.mark.parametrize("stage", ["text", "first"])
def test_a_call_that_comes_before_a_song_is_complete_wakes_nothing(
    caller: Caller, waiting: Waiting, stage: str
) -> None:
    early = {"code": 200, "data": {"callbackType": stage, "task_id": "kie-1", "data": []}}
    answer = caller.call(body=early)
    assert (answer.status_code, answer.json()) == (200, {"status": "early"})
    assert untouched(waiting)


def test_of_a_task_of_the_unified_api_the_id_is_compared_as_kie_gave_it(database: Database, caller: Caller) -> None:
    waiting = Waiting(database).defer(waits={**WAITS, "runway_task_id": "jobs:kie-1"})

    assert caller.call().json() == {"status": "woken"}
    assert waiting.seen().event == {"task_id": "jobs:kie-1", "state": "called"}


def test_a_call_for_one_mapped_task_wakes_no_other(database: Database, caller: Caller) -> None:
    first, second = (Waiting(database, map_index=index).defer() for index in (0, 1))

    assert caller.call(replace(TOKEN, map_index=1)).json() == {"status": "woken"}
    assert untouched(first)
    assert second.seen().state == "scheduled"


def test_a_call_that_comes_twice_wakes_once(caller: Caller, waiting: Waiting) -> None:
    caller.call()
    seen = waiting.seen()

    assert caller.call().status_code == 200
    assert waiting.seen() == seen


def test_of_calls_that_come_at_once_one_wakes(caller: Caller, waiting: Waiting) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [*pool.map(lambda _: caller.call().json()["status"], range(12))]

    assert answers.count("woken") == 1
    assert {*answers} <= {"woken", "kept", "ignored"}
    assert waiting.seen().event == CALLED


def test_a_trigger_that_fires_just_now_is_not_overtaken(
    caller: Caller, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = waking.find

    def find_and_lose(*args: Any) -> Any:
        found = find(*args)
        waiting.becomes("queued")
        return found

    monkeypatch.setattr(callback_delivery, "find", find_and_lose)

    assert caller.call().json()["status"] in {"kept", "ignored"}
    assert (waiting.seen().state, waiting.seen().event) == ("queued", None)


# --- not before it is safe


@before(3, 4, "the scheduler follows at once")
def test_a_task_that_has_only_just_left_its_worker_is_woken_later_by_a_trigger(
    database: Database, caller: Caller
) -> None:
    waiting = Waiting(database).defer(age=5)
    _, _, begun = waiting.trigger()

    assert caller.call().json() == {"status": "wakes_later"}
    assert (waiting.seen().state, waiting.seen().event) == ("deferred", None)
    name, arguments, created = waiting.trigger()
    assert (name, arguments["event"], created) == ("RunwayWakeTrigger", CALLED, begun)
    assert arguments["wake_at"] == pytest.approx(begun.timestamp() + 30)
    assert caller.call().json() == {"status": "ignored"}
    assert waiting.trigger()[1] == arguments


@before(3, 4, "the scheduler follows at once")
def test_how_soon_is_safe_can_be_said(database: Database, caller: Caller) -> None:
    Waiting(database).defer(age=5)
    with option("shortest_deferral", "4"):
        assert caller.call().json() == {"status": "woken"}


@since(3, 4, "the scheduler follows at once")
def test_a_task_that_has_only_just_left_its_worker_is_woken_at_once(database: Database, caller: Caller) -> None:
    waiting = Waiting(database).defer(age=0)

    assert caller.call().json() == {"status": "woken"}
    assert waiting.seen().event == CALLED


@before(3, 4, "the scheduler follows at once")
def test_a_clock_that_runs_ahead_puts_nothing_off_for_long(database: Database, caller: Caller) -> None:
    waiting = Waiting(database).defer(age=-3600)

    assert caller.call().json() == {"status": "wakes_later"}
    assert waiting.trigger()[1]["wake_at"] <= time.time() + 30


@since(3, 2, "triggers have queues")
@before(3, 4, "the scheduler follows at once")
def test_the_trigger_that_wakes_later_runs_where_the_other_did(database: Database, caller: Caller) -> None:
    from airflow.models.trigger import Trigger
    from airflow.utils.session import create_session

    waiting = Waiting(database).defer(age=5, queue="videos")
    caller.call()

    with create_session(scoped=False) as session:
        trigger: Any = session.get(Trigger, waiting.seen().trigger_id)
        assert trigger.queue == "videos"


def test_a_burst_wakes_each_task_once(database: Database, caller: Caller) -> None:
    tasks = [Waiting(database, map_index=index).defer() for index in range(40)]
    calls = [replace(TOKEN, map_index=index % 40) for index in range(50)]

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(caller.call, calls)]

    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["status"] for answer in answers].count("woken") == 40
    assert {task.seen().state for task in tasks} == {"scheduled"}
