"""A task that is cleared, or asked for something else: which video is made, and which is returned."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import Context
from fakes import GivenTime

from airflow_provider_runway.exceptions import WaitTimeoutError
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.sandbox import Sandbox

from .support import Task, dying, posts


def test_clearing_a_task_that_succeeded_makes_a_new_video_each_time(kie: Sandbox, task: Task) -> None:
    made = {task.run()["task_id"]}

    for number in (2, 3):
        task.clear()
        made.add(task.run()["task_id"])
        assert len(made) == posts(kie) == number


def test_clearing_a_task_that_only_submits_makes_a_new_video(kie: Sandbox) -> None:
    task = Task(wait_for_completion=False)
    first = task.run()["task_id"]

    task.clear()
    assert task.run()["task_id"] != first
    assert posts(kie) == 2


@pytest.mark.parametrize("state", ["running", "failed", "up_for_retry", "skipped", "removed", "", None])
@pytest.mark.parametrize("waits", [True, False])
def test_a_success_that_airflow_refuses_leads_to_the_same_video_however_often_it_is_cleared(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], state: Any, waits: bool
) -> None:
    task = Task(wait_for_completion=waits)
    task.airflow_makes_of_success = state
    first = task.run()["task_id"]

    for _ in range(3):
        task.clear()
        assert task.run()["task_id"] == first

    assert posts(kie) == 1
    assert f"done with task {first}, and nothing tells that Airflow took its success" in capfd.readouterr().out
    task.airflow_makes_of_success = "success"
    assert task.run()["task_id"] == first
    task.clear()
    assert task.run()["task_id"] != first
    assert posts(kie) == 2


def test_dying_before_the_success_is_noted_costs_no_second_video(kie: Sandbox, task: Task) -> None:
    with pytest.MonkeyPatch.context() as patch, dying(patch, TaskState, "mark_success"):
        task.run_into_crash()

    task.clear()
    task.run()

    assert posts(kie) == 1


@pytest.mark.parametrize("broken", ["get_task_states", "get", "set"])
def test_a_success_that_cannot_be_noted_is_none_the_less_and_costs_no_second_video(
    kie: Sandbox,
    task: Task,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: str,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the API server is away")

    def finalize_while_it_is_away() -> None:
        with monkeypatch.context() as away:
            away.setattr(task.context["ti"] if broken == "get_task_states" else task.store, broken, refuse)
            finalize()

    finalize = task._finalize
    with monkeypatch.context() as patch:
        patch.setattr(task, "_finalize", finalize_while_it_is_away)
        first = task.run()["task_id"]
    assert "could not be noted that this task has succeeded (RuntimeError: the API" in caplog.text

    task.clear()
    assert task.run()["task_id"] == first
    assert posts(kie) == 1


def test_a_success_is_noted_of_the_video_that_it_handed_over_alone(kie: Sandbox, task: Task) -> None:
    task.run()
    task.clear()
    task.airflow_makes_of_success = "failed"
    second = task.run()["task_id"]

    task.clear()

    assert task.run()["task_id"] == second
    assert posts(kie) == 2


def test_a_store_that_airflow_empties_on_success_leads_to_a_new_video(kie: Sandbox, task: Task) -> None:
    finalize = task._finalize

    def finalize_once_it_is_empty() -> None:
        task.store.rows.clear()
        finalize()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task, "_finalize", finalize_once_it_is_empty)
        first = task.run()["task_id"]
    assert task.store.rows == {}

    task.clear()
    assert task.run()["task_id"] != first


@pytest.mark.parametrize("callbacks", [None, "one", "several"])
def test_a_users_own_success_callbacks_run_after_the_success_is_noted(
    kie: Sandbox, given_time: GivenTime, callbacks: str | None
) -> None:
    seen = list[object]()

    def own(context: Context) -> None:
        store: Any = context["task_state_store"]
        seen.append(store.get("runway_success"))

    given: Any = {None: None, "one": own, "several": [own, own]}[callbacks]
    task = Task(on_success_callback=given)
    video = task.run()["task_id"]

    assert seen == [{"task_id": video, "try_number": 1}] * {None: 0, "one": 1, "several": 2}[callbacks]


def test_clearing_a_task_that_did_not_finish_waits_on(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(timeout=5)
    with pytest.raises(WaitTimeoutError):
        task.run()
    kie.advance(60)

    task.clear()

    assert task.run()["state"] == "success"
    assert posts(kie) == 1


def test_dying_in_the_second_round_of_a_cleared_task_waits_on_the_second_video(kie: Sandbox, task: Task) -> None:
    first = task.run()["task_id"]
    task.clear()
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()

    second = task.run()["task_id"]

    assert second == kie.ledger.charges[1].task_id != first
    assert posts(kie) == 2


@pytest.mark.parametrize("when", [Stage.SUBMITTED, Stage.INTENT])
def test_a_request_that_has_changed_is_submitted_and_the_old_one_named(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], when: Stage
) -> None:
    task = Task()
    task.store.after = when
    task.run_into_crash()
    changed = Task(prompt="A bear in the rain")
    changed.store = task.store

    assert changed.run()["state"] == "success"

    assert posts(kie) == (2 if when is Stage.SUBMITTED else 1)
    out = capfd.readouterr().out
    assert "The request has changed since an earlier try" in out
    assert ("is paid and not used" in out) is (when is Stage.SUBMITTED)


def test_a_new_callback_address_is_no_new_request(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(callback_url="https://a.example/1")
    task.store.after = Stage.SUBMITTED
    task.run_into_crash()
    moved = Task(callback_url="https://a.example/2")
    moved.store = task.store

    moved.run()

    assert posts(kie) == 1
