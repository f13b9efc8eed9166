"""Whatever dies, and whenever: what the next try submits is what the contract's table says."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.operators import base, finish
from airflow_provider_runway.operators.submission import RECORD_KEY, Stage
from airflow_provider_runway.sandbox import Fail, Refuse, Sandbox
from airflow_provider_runway.storage.sink import Sink

from .support import Crash, Deferred, Task, dying, is_waiting, posts


def test_dying_before_the_intent_the_next_try_submits(kie: Sandbox, task: Task) -> None:
    task.store.before = Stage.INTENT
    task.run_into_crash()
    assert posts(kie) == 0

    assert task.run()["state"] == "success"
    assert posts(kie) == 1


def test_dying_between_intent_and_submission_the_next_try_cannot_know_and_does_not_submit(
    kie: Sandbox, task: Task
) -> None:
    task.store.after = Stage.INTENT
    task.run_into_crash()

    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()
    assert posts(kie) == 0


def test_dying_during_the_submission_the_next_try_does_not_submit(
    kie: Sandbox, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch, KieClient, "submit"):
        task.run_into_crash()

    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()
    assert posts(kie) == 0


def test_dying_between_submission_and_id_the_next_try_does_not_submit(kie: Sandbox, task: Task) -> None:
    task.store.before = Stage.SUBMITTED
    task.run_into_crash()
    assert posts(kie) == 1

    for _ in range(3):
        with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
            task.run()
        task.clear()
    assert posts(kie) == 1


@pytest.mark.parametrize("deferrable", [True, False])
def test_dying_between_submission_and_id_the_next_try_submits_where_that_was_asked_for(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    task = Task(deferrable=deferrable, on_ambiguous_submit="resubmit")
    task.store.before = Stage.SUBMITTED
    task.run_into_crash()

    assert task.run()["state"] == "success"
    assert posts(kie) == 2


def test_deleting_the_record_as_the_message_says_lets_the_next_try_submit(kie: Sandbox, task: Task) -> None:
    task.store.after = Stage.INTENT
    task.run_into_crash()

    task.store.delete("runway_submission")

    assert task.run()["state"] == "success"
    assert posts(kie) == 1


def test_dying_after_the_id_the_next_try_waits_on(kie: Sandbox, task: Task) -> None:
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()

    result = task.run()

    assert result["task_id"] == kie.ledger.charges[0].task_id
    assert result["submitted_at"]
    assert posts(kie) == 1


@pytest.mark.parametrize("ready", [True, False])
def test_dying_after_the_id_a_video_that_got_ready_meanwhile_is_returned_at_once(
    kie: Sandbox, task: Task, ready: bool
) -> None:
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()
    kie.advance(60 if ready else 1)

    outcome = task.start()

    assert isinstance(outcome, Deferred) is (not ready and task.operator.deferrable)
    assert posts(kie) == 1


def test_dying_while_it_waits_in_the_worker_the_next_try_waits_on(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(deferrable=False)
    with dying(monkeypatch, RunwayHook, "wait"):
        task.run_into_crash()

    assert task.run()["state"] == "success"
    assert posts(kie) == 1


@pytest.mark.parametrize("clears", [0, 1, 3])
def test_losing_a_task_that_waits_in_the_triggerer_the_next_try_waits_on(
    kie: Sandbox, given_time: GivenTime, clears: int
) -> None:
    task = Task()
    assert is_waiting(task.start())

    for _ in range(clears):
        task.clear()
        assert is_waiting(task.start())

    assert task.run()["task_id"] == kie.ledger.charges[0].task_id
    assert posts(kie) == 1


@pytest.mark.parametrize(
    ("target", "name"),
    [(RunwayHook, "get_task"), (base.RunwayVideoOperator, "build_request"), (finish, "finished_result")],
    ids=["before the look", "before anything", "after the look"],
)
def test_dying_after_it_woke_the_next_try_returns_the_video(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, target: Any, name: str
) -> None:
    task = Task()
    waiting = task.start()
    event = waiting.wait()
    owner = type(task.operator) if target is base.RunwayVideoOperator else target
    with dying(monkeypatch, owner, name), pytest.raises(Crash):
        task.resume(waiting, event)

    assert task.run()["state"] == "success"
    assert posts(kie) == 1


@pytest.mark.parametrize("stage", ["before", "after"])
def test_dying_around_the_finish_the_next_try_returns_the_video(kie: Sandbox, task: Task, stage: str) -> None:
    setattr(task.store, stage, Stage.FINISHED)
    task.run_into_crash()

    result = task.run()

    assert result["task_id"] == kie.ledger.charges[0].task_id
    assert result["video_url"]
    assert posts(kie) == 1


def test_dying_in_the_midst_of_a_download_the_next_try_stores_the_video_whole(
    kie: Sandbox, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "fox.mp4"
    task = task.changed(save_to=str(target))
    with dying(monkeypatch, Sink, "flush"):
        task.run_into_crash()
    assert not target.exists()

    result = task.run()

    assert hashlib.sha256(target.read_bytes()).hexdigest() == result["sha256"]
    assert posts(kie) == 1


def test_dying_after_the_video_is_stored_the_next_try_finds_it_stored(kie: Sandbox, task: Task, tmp_path: Path) -> None:
    target = tmp_path / "fox.mp4"
    task = task.changed(save_to=str(target))
    task.store.before = Stage.FINISHED
    task.run_into_crash()
    stored = target.stat().st_ino

    result = task.run()

    assert target.stat().st_ino == stored
    assert hashlib.sha256(target.read_bytes()).hexdigest() == result["sha256"]
    assert posts(kie) == 1


@pytest.mark.parametrize(
    ("message", "submissions"), [("Generation failed, please try again later", 2), ("Flagged by moderation", 1)]
)
def test_dying_before_a_failure_is_seen_the_next_try_decides_by_its_reason(
    kie: Sandbox, task: Task, message: str, submissions: int
) -> None:
    kie.fault(Fail(message), times=1)
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()
    kie.advance(60)

    if submissions == 1:
        with pytest.raises(AirflowFailException, match="moderation"):
            task.run()
    else:
        assert task.run()["state"] == "success"
    assert posts(kie) == submissions
    assert len(kie.ledger.paid) == submissions - 1


def test_an_id_that_a_person_puts_into_the_record_is_waited_for_and_paid_no_more(kie: Sandbox, task: Task) -> None:
    task.store.before = Stage.SUBMITTED
    task.run_into_crash()
    with pytest.raises(AirflowFailException, match=r"records set-id KIE_TASK_ID [0-9a-f]{64}' and clear this task"):
        task.run()

    [charge] = kie.ledger.charges
    record = task.store.get(RECORD_KEY)
    task.store.set(RECORD_KEY, {**record, "stage": "submitted", "task_id": charge.task_id})
    task.clear()

    assert task.run()["task_id"] == charge.task_id
    assert posts(kie) == 1


def test_the_person_is_sent_to_the_log_of_the_try_that_could_not_record_its_id(kie: Sandbox, task: Task) -> None:
    task.store.before = Stage.SUBMITTED
    task.run_into_crash()

    with pytest.raises(AirflowFailException, match="The log of that try may name its task"):
        task.run()


def test_dying_before_a_failure_is_recorded_does_not_lose_it(kie: Sandbox, task: Task) -> None:
    kie.fault(Fail(), times=1)
    task.store.before = Stage.FAILED
    task.run_into_crash()

    assert task.run()["state"] == "success"
    assert posts(kie) == 2
    assert len(kie.ledger.paid) == 1


def test_dying_after_a_refusal_before_it_is_forgotten_is_taken_for_unknown(
    kie: Sandbox, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.fault(Refuse(422), on="submit")
    with dying(monkeypatch, task.store, "delete"):
        task.run_into_crash()
    kie.clear_faults()

    with pytest.raises(AirflowFailException, match="nothing is known of the outcome"):
        task.run()
    assert kie.ledger.charges == ()


def test_a_try_that_airflow_has_given_up_on_finds_no_record_and_sends_nothing(
    kie: Sandbox, given_time: GivenTime, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task instance is gone: Airflow then answers as if nothing were stored, and takes nothing to store."""
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Task instance not found")

    with monkeypatch.context() as gone:
        gone.setattr(task.store, "get", lambda _key, default=None: default)
        gone.setattr(task.store, "set", refuse)
        with pytest.raises(RuntimeError, match="Task instance not found"):
            task.run()

    assert posts(kie) == 1
    assert task.run()["state"] == "success"
    assert posts(kie) == 1


def test_each_task_instance_finds_its_own_record_alone(kie: Sandbox, given_time: GivenTime) -> None:
    one, other = Task(deferrable=False), Task(deferrable=False)

    assert one.run()["task_id"] != other.run()["task_id"]
    assert posts(kie) == 2


@pytest.mark.parametrize("api", ["runway", "jobs"])
def test_of_a_video_that_was_ready_long_before_nobody_claims_when_it_expires_unless_its_record_tells(
    kie: Sandbox,
    given_time: GivenTime,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    api: str,
) -> None:
    connection = {**json.loads(kie.connection_json()), "extra": {"api": api}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    task = Task()
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()
    kie.advance(10 * 24 * 3600)

    result = task.run()

    assert result["state"] == "success"
    if api == "runway":
        assert (result["completed_at"], result["expires_at"]) == (None, None)
        assert "KIE.AI keeps it for 14 days after it was made." in capfd.readouterr().out
    else:
        submitted, completed = (datetime.fromisoformat(result[name]) for name in ("submitted_at", "completed_at"))
        assert timedelta(seconds=30) < completed - submitted < timedelta(minutes=5)
        assert datetime.fromisoformat(result["expires_at"]) == completed + timedelta(days=14)
