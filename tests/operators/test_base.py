"""One try of an operator: what it sends, records, shows and returns."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fakes import GivenTime

from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.operators.submission import RETENTION
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import (
    Sandbox,
)

from .support import FOX, Task, dying, is_waiting

KEYS = set(VideoResult.__annotations__)


def moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    assert parsed.utcoffset() == timedelta(0)
    return parsed


def extension_of(task_id: str, **parameters: Any) -> Task:
    return Task(
        lambda: RunwayExtendOperator(
            task_id="more", runway_task_id=task_id, prompt="It looks up", **{"deferrable": False, **parameters}
        )
    )


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_video_is_made(kie: Sandbox, given_time: GivenTime, deferrable: bool) -> None:
    task = Task(deferrable=deferrable)

    result = task.run()

    [charge] = kie.ledger.charges
    assert result["task_id"] == charge.task_id
    assert result["state"] == "success"
    assert result["video_url"].startswith(f"{kie.url}/media/{charge.task_id}")
    assert result["image_url"].startswith(kie.url)
    assert result["video_id"]
    assert (result["kind"], result["parent_task_id"], result["saved_to"]) == ("runway", None, None)
    assert (result["credits_estimate"], result["schema_version"]) == (12, 1)
    assert set(result) == KEYS
    assert json.loads(json.dumps(result)) == result
    assert moment(result["submitted_at"]) <= moment(result["completed_at"]) <= datetime.now(timezone.utc)
    assert moment(result["expires_at"]) - moment(result["completed_at"]) == timedelta(days=14)
    assert task.pushed["task_id"] == charge.task_id
    assert set(task.pushed) == {"runway", "task_id"}


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_video_is_extended(kie: Sandbox, given_time: GivenTime, deferrable: bool) -> None:
    first = Task(deferrable=False).run()["task_id"]

    result = extension_of(first, deferrable=deferrable).run()

    assert result["parent_task_id"] == first
    assert result["task_id"] == kie.tasks[-1].task_id != first
    assert result["state"] == "success"
    assert set(result) == KEYS


def test_what_was_asked_for_is_what_is_sent(kie: Sandbox, given_time: GivenTime) -> None:
    Task(duration="10", aspect_ratio="9:16", watermark="ours", deferrable=False).run()

    [task] = kie.tasks
    assert (task.prompt, task.seconds, task.cost) == ("A fox in the snow", 10, 30)
    assert task.width < task.height


def test_without_waiting_the_submitted_task_is_handed_over(kie: Sandbox) -> None:
    task = Task(wait_for_completion=False)

    result = task.start()

    [charge] = kie.ledger.charges
    assert result["task_id"] == charge.task_id
    assert result["state"] == "submitted"
    assert {name for name, value in result.items() if value is None} == {
        "parent_task_id", "video_url", "image_url", "video_id", "completed_at", "expires_at", "saved_to",
        "sha256", "size", "thumbnail_saved_to", "credits",
    }  # fmt: skip
    assert set(result) == KEYS
    assert kie.ledger.of("record") == ()


def test_the_results_are_pushed_key_by_key() -> None:
    assert RunwayGenerateOperator(**FOX).multiple_outputs is True
    assert not RunwayGenerateOperator(**FOX, multiple_outputs=False).multiple_outputs


def test_a_task_that_waits_holds_no_worker_and_has_polled_nothing_yet(kie: Sandbox) -> None:
    before = time.time()
    task = Task(timeout=600, poll_interval=7)

    waiting = task.start()

    assert is_waiting(waiting)
    [charge] = kie.ledger.charges
    deadline = waiting.trigger_arguments.pop("deadline")
    assert before + 600 <= deadline <= time.time() + 600
    assert before - 1 <= waiting.trigger_arguments.pop("submitted_at") <= time.time()
    assert waiting.trigger_arguments == {
        "runway_conn_id": "runway_default",
        "runway_task_id": charge.task_id,
        "kind": "runway",
        "poll_interval": 7,
        "profile": "generate-5s-720p",
    }
    assert waiting.method == "execute_complete"
    assert waiting.timeout > timedelta(seconds=600 + 7)
    assert kie.ledger.of("record") == ()


def test_nothing_that_waits_or_is_kept_has_the_key_or_a_link(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=0)
    task = Task()

    waiting = task.start()
    event = waiting.wait()
    task.resume(waiting, event)

    kept = json.dumps([waiting.trigger_arguments, waiting.arguments, event, task.store.rows])
    assert kie.key not in kept
    assert "http" not in kept


def test_the_intent_is_recorded_before_the_submission_and_the_id_right_after(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    submissions_at = list[tuple[str, int]]()
    write = task.store.set

    def note(key: str, value: Any, **options: Any) -> None:
        write(key, value, **options)
        submissions_at.append((value["stage"], len(kie.ledger.submissions)))

    monkeypatch.setattr(task.store, "set", note)
    task.start()

    assert submissions_at == [("intent", 0), ("submitted", 1)]
    record = task.store.record
    assert record is not None
    assert record["task_id"] == kie.tasks[0].task_id
    assert moment(record["intended_at"]) <= moment(record["submitted_at"])
    assert task.store.retentions == [RETENTION, RETENTION]
    assert timedelta(days=14) < RETENTION


def test_success_is_noted_last_once_airflow_has_taken_it(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=0)
    task = Task()

    task.run()

    assert task.store.stages == ["intent", "submitted", "finished", "runway_success"]
    assert task.store.get("runway_success") == {"task_id": kie.tasks[0].task_id, "try_number": 1}
    assert set(task.store.retentions) == {RETENTION}


@pytest.mark.parametrize("deferrable", [True, False])
def test_before_airflow_3_3_it_works_without_a_record_and_says_what_a_retry_costs(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], deferrable: bool
) -> None:
    result = Task(deferrable=deferrable, has_store=False).run()

    assert result["state"] == "success"
    assert result["submitted_at"]
    assert capfd.readouterr().out.count("if this try fails once it has submitted, no retry can go on with the") == 1


def test_the_log_says_what_is_paid_and_that_killing_does_not_stop_it(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.configure(seconds=0)

    Task(duration=10).run()

    out = capfd.readouterr().out
    [task] = kie.tasks
    assert f"task {task.task_id}, for about 30 credits ($0.15)" in out
    assert "killing this Airflow task neither stops nor refunds the video" in out
    assert f"The video of task {task.task_id} is ready, " in out
    assert " s after it was submitted. KIE.AI keeps it until about" in out
    assert kie.key not in out
    assert "/media/" not in out


@pytest.mark.parametrize("has_store", [True, False])
def test_being_killed_says_what_is_paid_and_what_a_retry_does(
    kie: Sandbox, capfd: pytest.CaptureFixture[str], has_store: bool
) -> None:
    task = Task(has_store=has_store)
    task.operator.on_kill()
    assert "Killed before anything was submitted." in capfd.readouterr().out

    task.start()
    capfd.readouterr()
    task.operator.on_kill()

    said = capfd.readouterr().out
    assert f"Killed. KIE.AI cannot cancel a task: {kie.tasks[0].task_id} stays paid." in said
    assert ("goes on with it and pays nothing" in said) is has_store
    assert ("submits and pays again" in said) is not has_store


@pytest.mark.parametrize("target", [KieClient, TaskState])
def test_being_killed_while_it_submits_claims_no_more_than_is_known(
    kie: Sandbox, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, target: Any
) -> None:
    task = Task()
    with dying(monkeypatch, target, "submit" if target is KieClient else "read_submission"):
        task.run_into_crash()

    task.operator.on_kill()

    said = capfd.readouterr().out
    assert f"if a video was submitted just now, it goes on being made and is paid. Look at {kie.url}/logs." in said


def test_a_paid_task_that_cannot_be_recorded_is_waited_for_all_the_same(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.configure(seconds=0)
    task = Task(deferrable=False)
    write = task.store.set

    def fail_for_the_id(key: str, value: Any, **options: Any) -> None:
        if value["stage"] == "submitted":
            raise OSError("the API server is away")
        write(key, value, **options)

    monkeypatch.setattr(task.store, "set", fail_for_the_id)

    assert task.run()["state"] == "success"

    assert given_time.pauses[:3] == [1.0, 3.0, 9.0]
    assert "is paid and could not be recorded" in capfd.readouterr().out
    assert len(kie.ledger.submissions) == 1


def test_a_paid_task_is_recorded_as_soon_as_the_store_is_back(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, faults = Task(), [OSError("away"), OSError("away")]
    write = task.store.set

    def fail_twice_for_the_id(key: str, value: Any, **options: Any) -> None:
        if value["stage"] == "submitted" and faults:
            raise faults.pop()
        write(key, value, **options)

    monkeypatch.setattr(task.store, "set", fail_twice_for_the_id)

    assert is_waiting(task.start())

    assert task.store.stages == ["intent", "submitted"]
