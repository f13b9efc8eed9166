"""What is said to a task that is not waiting is kept for whichever try of it looks next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from versions import before, since

from airflow_provider_runway.plugin import callbacks
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

from .callers import CALLED, Caller
from .conftest import option
from .database import Database
from .deferred import NONCE, Waiting, stored

ELSEWHERE = ["queued", "scheduled", "up_for_retry", "up_for_reschedule", "failed", "restarting", None]


@pytest.mark.parametrize("state", ELSEWHERE)
def test_what_is_said_to_a_task_that_is_not_waiting_is_kept_in_the_records_folder(
    database: Database, caller: Caller, tmp_path: Path, state: str | None
) -> None:
    waiting = Waiting(database).becomes(state)
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")
    with option("records", str(tmp_path)):
        assert caller.call().json() == {"status": "kept"}
        assert caller.call(body={"code": 501, "taskId": "kie-2"}).json() == {"status": "kept"}
        entry = CallbackEntry.from_json(RecordsFolder(str(tmp_path)).get(of, callback_key(NONCE)))

    assert waiting.seen().state == state
    assert entry is not None
    assert (entry.nonce, entry.task_ids, entry.code) == (NONCE, ("kie-1", "kie-2"), 501)
    assert not entry.is_signed
    assert RecordsFolder(str(tmp_path)).entries(of) == []


@since(3, 3, "it has a task state store")
def test_where_there_is_no_folder_it_is_kept_in_the_task_state_store(database: Database, caller: Caller) -> None:
    Waiting(database).becomes("up_for_retry")

    assert caller.call().json() == {"status": "kept"}
    caller.call(body={"code": 501, "taskId": "kie-2"})

    [(key, value)] = stored().items()
    entry = CallbackEntry.from_json(value)
    assert key == callback_key(NONCE)
    assert entry is not None
    assert entry.task_ids == ("kie-1", "kie-2")


@before(3, 3, "there is no task state store")
def test_where_it_cannot_be_kept_kie_need_not_call_again(database: Database, caller: Caller) -> None:
    Waiting(database).becomes("up_for_retry")

    assert caller.call().json() == {"status": "ignored"}


def test_a_task_that_may_be_about_to_wait_is_to_be_called_again(database: Database, caller: Caller) -> None:
    waiting = Waiting(database)

    answer = caller.call()
    waiting.defer()

    assert (answer.status_code, answer.json()) == (425, {"status": "too_early"})
    assert caller.call().json() == {"status": "woken"}


def test_a_task_that_waits_to_learn_its_id_is_woken_and_finds_it(
    database: Database, caller: Caller, tmp_path: Path
) -> None:
    waiting = Waiting(database).defer(waits={"runway_conn_id": "runway_default", "nonce": NONCE})
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")

    with option("records", str(tmp_path)):
        assert caller.call().json() == {"status": "woken"}

    assert waiting.seen().event == {"task_id": None, "state": "called"}
    assert RecordsFolder(str(tmp_path)).get(of, callback_key(NONCE))["task_ids"] == ["kie-1"]


@pytest.mark.parametrize(
    "waits",
    [
        {"event": {"task_id": None, "state": "timeout"}, "wake_at": 4102444800.0},  # it was called often enough
        {"event": {"task_id": None, "state": "called"}, "wake_at": 4102444800.0},  # it is woken soon
        {"runway_conn_id": "runway_default", "queued_at": 1.0},  # it is about to submit again, after long silence
    ],
)
def test_what_is_said_to_a_task_that_does_not_know_its_id_is_kept_where_it_is_not_woken(
    database: Database, caller: Caller, tmp_path: Path, waits: dict[str, Any]
) -> None:
    waiting = Waiting(database).defer(waits=waits)
    of = Coordinates(dag_id="clips", run_id="manual__1", task_id="video")

    with option("records", str(tmp_path)):
        assert caller.call().json() == {"status": "kept"}

    assert (waiting.seen().state, waiting.trigger()[1]) == ("deferred", waits)
    assert RecordsFolder(str(tmp_path)).get(of, callback_key(NONCE))["task_ids"] == ["kie-1"]


@pytest.mark.parametrize(
    "waits",
    [
        {"event": CALLED, "wake_at": 4102444800.0},
        {"event": {"task_id": None, "state": "timeout"}, "wake_at": 4102444800.0, "nonce": "newer"},
        {"event": "x"},
    ],
)
def test_what_is_said_to_a_task_that_knows_its_id_or_waits_for_another_is_not_kept(
    database: Database, caller: Caller, tmp_path: Path, waits: dict[str, Any]
) -> None:
    Waiting(database).defer(waits=waits)

    with option("records", str(tmp_path)):
        assert caller.call().json() == {"status": "ignored"}

    assert not any(tmp_path.rglob("value.*"))


def test_a_folder_that_cannot_be_written_has_kie_call_again(
    database: Database, caller: Caller, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Waiting(database).becomes("up_for_retry")
    with option("records", str(tmp_path / "missing")):
        answer = caller.call()

    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert len([each for each in caplog.records if each.name == callbacks.__name__]) == 1
