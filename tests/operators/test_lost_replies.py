"""What becomes of a submission whose answer was lost, where KIE is to call."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import AmbiguousSubmissionError, GenerationFailedError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.lost_replies import LostReply
from airflow_provider_runway.operators.runway import RunwayAlephOperator
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

from .support import FOX, SNOW, Deferred, Task, is_waiting, posts

CALLED = {"task_id": None, "state": "called"}
TIMEOUT = {"task_id": None, "state": "timeout"}


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch, given_time: GivenTime) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", "https://airflow.example")
    monkeypatch.setattr(RunwayWakeTrigger, "clock", given_time.clock)


def state_of(task: Task) -> TaskState:
    with RunwayHook() as hook:
        return EarlierTries(hook, task.context, hook.log).state


def nonce_of(task: Task) -> str:
    submission = state_of(task).read_submission()
    assert submission is not None
    assert submission.nonce is not None
    return submission.nonce


def kie_calls(task: Task, *kie_tasks: str, nonce: str | None = None) -> None:
    """What the receiver keeps of calls that name these KIE tasks."""
    nonce = nonce or nonce_of(task)
    at = "2026-11-26T10:00:00+00:00"
    entry = CallbackEntry(nonce=nonce, task_ids=kie_tasks, code=200, called_at=at, is_signed=True)
    state_of(task).set(callback_key(nonce), entry.to_json())


def lose_the_answer(kie: Sandbox, task: Task) -> Any:
    kie.fault(CutAfter(), on="submit", times=1)
    return task.start()


def waits_for_the_call(outcome: Any) -> bool:
    return (
        isinstance(outcome, Deferred)
        and outcome.trigger_class is RunwayWakeTrigger
        and outcome.method == "execute_called"
        and "runway_task_id" not in outcome.trigger_arguments
    )


def ends(task: Task, outcome: Any) -> Any:
    """The result, with a video that is waited for."""
    while isinstance(outcome, Deferred):
        outcome = task.resume(outcome)
    return outcome


def test_the_call_for_it_is_waited_for_in_the_triggerer_and_brings_the_video_that_is_paid(kie: Sandbox) -> None:
    task = Task()

    waiting = lose_the_answer(kie, task)

    assert waits_for_the_call(waiting)
    assert waiting.trigger_arguments["nonce"] == nonce_of(task)
    assert waiting.timeout > timedelta(minutes=30)
    kie_calls(task, kie.tasks[0].task_id)
    going_on = task.resume(waiting, CALLED)
    assert is_waiting(going_on)
    assert task.store.record is not None
    assert (task.store.record["stage"], task.store.record["task_id"]) == ("submitted", kie.tasks[0].task_id)
    assert ends(task, going_on)["task_id"] == kie.tasks[0].task_id
    assert posts(kie) == len(kie.ledger.charges) == 1


def test_a_call_that_came_while_the_answer_was_awaited_is_not_missed(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    submit = KieClient.submit

    def called_meanwhile(client: KieClient, request: Any, **options: Any) -> str:
        try:
            return submit(client, request, **options)
        finally:
            kie_calls(task, kie.tasks[0].task_id)

    monkeypatch.setattr(KieClient, "submit", called_meanwhile)

    going_on = lose_the_answer(kie, task)

    assert is_waiting(going_on)
    assert going_on.trigger_arguments["runway_task_id"] == kie.tasks[0].task_id
    assert task.pushed["task_id"] == kie.tasks[0].task_id
    assert posts(kie) == 1


def test_where_no_call_comes_it_fails_as_without_callbacks(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    waiting = lose_the_answer(kie, task)

    with pytest.raises(AirflowFailException, match="It may be paid"):
        task.resume(waiting)

    assert sum(given_time.pauses) == pytest.approx(1800, abs=60)
    with pytest.raises(AirflowFailException, match="It may be paid"):
        task.start()
    assert posts(kie) == 1


def test_a_call_that_comes_after_that_is_found_by_the_cleared_task(kie: Sandbox) -> None:
    task = Task()
    waiting = lose_the_answer(kie, task)
    with pytest.raises(AirflowFailException, match="It may be paid"):
        task.resume(waiting)
    kie_calls(task, kie.tasks[0].task_id)
    task.clear()

    assert ends(task, task.start())["task_id"] == kie.tasks[0].task_id
    assert posts(kie) == 1


@pytest.mark.parametrize("called", [(), ("no-such-task",), ("another",)])
def test_a_call_that_brings_no_id_of_it_changes_nothing(kie: Sandbox, called: tuple[str, ...]) -> None:
    Task(prompt="A bear").start()
    another = kie.tasks[0].task_id
    task = Task()
    waiting = lose_the_answer(kie, task)
    kie_calls(task, *(another if each == "another" else each for each in called))

    again = task.resume(waiting, CALLED)

    assert waits_for_the_call(again)
    assert again.trigger_arguments["nonce"] == waiting.trigger_arguments["nonce"]
    assert task.store.record is not None
    assert task.store.record["stage"] == "intent"
    own = next(each.task_id for each in kie.tasks if each.task_id != another)
    kie_calls(task, another, own)
    assert ends(task, task.resume(again, CALLED))["task_id"] == own


def test_calls_that_come_to_nothing_are_bounded(kie: Sandbox) -> None:
    task = Task()
    waiting, wakes = lose_the_answer(kie, task), 0
    while "nonce" in waiting.trigger_arguments:
        waiting, wakes = task.resume(waiting, CALLED), wakes + 1

    assert wakes == 5
    kie_calls(task, kie.tasks[0].task_id)
    assert ends(task, task.resume(waiting, TIMEOUT))["task_id"] == kie.tasks[0].task_id


def test_an_entry_for_another_submission_is_not_read(kie: Sandbox) -> None:
    task = Task()
    waiting = lose_the_answer(kie, task)
    entry = {
        **CallbackEntry(
            nonce="0" * 32, task_ids=(kie.tasks[0].task_id,), code=200, called_at="x", is_signed=True
        ).to_json()
    }
    state_of(task).set(callback_key(nonce_of(task)), entry)

    assert waits_for_the_call(task.resume(waiting, CALLED))


def test_while_kie_cannot_say_what_the_task_is_it_is_looked_up_again_in_a_minute(kie: Sandbox) -> None:
    task = Task()
    waiting = lose_the_answer(kie, task)
    kie_calls(task, kie.tasks[0].task_id)
    kie.fault(Refuse(500), on="record", times=50)

    again = task.resume(waiting, CALLED)

    assert waits_for_the_call(again)
    soon = again.trigger_arguments["wake_at"]
    assert soon < waiting.trigger_arguments["wake_at"]
    kie.clear_faults()
    assert ends(task, task.resume(again))["task_id"] == kie.tasks[0].task_id


def test_a_task_that_waits_in_its_worker_looks_for_the_call_there(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(deferrable=False)
    look, looks = LostReply._look, list[int]()

    def looking(reply: LostReply, intent: Submission) -> Any:
        looks.append(1)
        if len(looks) == 3:
            kie_calls(task, kie.tasks[0].task_id)
        return look(reply, intent)

    monkeypatch.setattr(LostReply, "_look", looking)

    assert lose_the_answer(kie, task)["task_id"] == kie.tasks[0].task_id
    assert len(looks) == 3
    assert posts(kie) == 1


def test_a_task_that_does_not_wait_for_its_video_waits_for_its_id(kie: Sandbox) -> None:
    task = Task(wait_for_completion=False)
    waiting = lose_the_answer(kie, task)
    assert waits_for_the_call(waiting)
    kie_calls(task, kie.tasks[0].task_id)

    result = task.resume(waiting, CALLED)

    assert (result["task_id"], result["state"]) == (kie.tasks[0].task_id, "submitted")


def test_what_may_be_sent_again_is_only_after_the_call_has_not_come(kie: Sandbox) -> None:
    task = Task(on_ambiguous_submit="resubmit")
    waiting = lose_the_answer(kie, task)
    assert waits_for_the_call(waiting)

    with pytest.raises(AmbiguousSubmissionError, match="A retry submits it again") as caught:
        task.resume(waiting)
    assert caught.value.retryable
    assert posts(kie) == 1
    assert ends(task, task.start())["state"] == "success"
    assert posts(kie) == 2


def test_a_try_that_has_sent_nothing_itself_waits_for_the_call_and_then_submits(kie: Sandbox) -> None:
    task = Task(on_ambiguous_submit="resubmit")
    task.store.after = Stage.INTENT
    task.run_into_crash()
    task.store.after = None

    assert ends(task, task.start())["state"] == "success"
    assert posts(kie) == 1


def test_a_video_that_failed_is_what_the_call_says_of_it(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = KieClient.submit

    def lost(client: KieClient, request: Any, **options: Any) -> str:
        submit(client, request, **options)
        raise AmbiguousSubmissionError("No answer.")

    monkeypatch.setattr(KieClient, "submit", lost)
    kie.fault(Fail("Your content was flagged by moderation"), times=1)
    task = Task()
    waiting = task.start()
    assert waits_for_the_call(waiting)
    kie.advance(120)
    kie_calls(task, kie.tasks[0].task_id)

    with pytest.raises((AirflowFailException, GenerationFailedError), match="Its credits come back"):
        task.resume(waiting, CALLED)

    assert posts(kie) == 1


def test_another_request_is_submitted_whatever_has_become_of_the_one_before(kie: Sandbox) -> None:
    task = Task()
    lose_the_answer(kie, task)
    kie_calls(task, kie.tasks[0].task_id)

    changed = task.changed(prompt="A bear")

    assert ends(changed, changed.start())["task_id"] == kie.tasks[1].task_id


@pytest.mark.parametrize("age", [timedelta(hours=2), -timedelta(hours=2)])
def test_a_task_of_another_time_is_not_taken_for_it(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, age: timedelta
) -> None:
    jobs(kie, monkeypatch)
    task = Task()
    waiting = lose_the_answer(kie, task)
    bare = kie.tasks[0].task_id.removeprefix("jobs:")
    kie_calls(task, bare)
    row = json.loads(task.store.rows["runway_submission"])
    row["intended_at"] = (datetime.fromisoformat(row["intended_at"]) + age).isoformat()
    task.store.rows["runway_submission"] = json.dumps(row)

    with suppress(AirflowFailException):  # it has waited for long enough
        assert waits_for_the_call(task.resume(waiting, CALLED))
    assert task.store.record is not None
    assert task.store.record["stage"] == "intent"


def jobs(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = json.loads(kie.connection_json())
    connection["extra"] = {**connection["extra"], "api": "jobs"}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))


def test_of_two_that_ask_the_same_a_record_tells_which_by_the_address_it_calls(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs(kie, monkeypatch)
    Task().start()
    task = Task()
    waiting = lose_the_answer(kie, task)
    first, own = (each.task_id.removeprefix("jobs:") for each in kie.tasks)
    kie_calls(task, first)
    waiting = task.resume(waiting, CALLED)
    assert waits_for_the_call(waiting)
    kie_calls(task, first, own)

    assert ends(task, task.resume(waiting, CALLED))["task_id"] == f"jobs:{own}"


def test_a_task_whose_own_address_has_long_expired_is_another_one(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs(kie, monkeypatch)
    with monkeypatch.context() as days_ago:
        days_ago.setattr("airflow_provider_runway.operators.own_callbacks.LIFETIME", -86_400)
        Task().start()
    task = Task()
    waiting = lose_the_answer(kie, task)
    old, own = (each.task_id.removeprefix("jobs:") for each in kie.tasks)
    kie_calls(task, old, own)

    assert ends(task, task.resume(waiting, CALLED))["task_id"] == f"jobs:{own}"


def test_a_task_of_another_submission_is_not_taken_for_it(
    kie: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    other = Task(lambda: _generate("other"), has_store=False)
    other.context["ti"].task_id = "other"
    other.start = _as_other(other)  # type: ignore[method-assign]
    assert is_waiting(other.start())
    task = Task(has_store=False)
    waiting = lose_the_answer(kie, task)
    first, own = (each.task_id for each in kie.tasks)
    kie_calls(task, first)

    waiting = task.resume(waiting, CALLED)

    assert waits_for_the_call(waiting)
    kie_calls(task, own)
    assert ends(task, task.resume(waiting, CALLED))["task_id"] == own


def _generate(task_id: str) -> Any:
    from airflow_provider_runway.operators.runway import RunwayGenerateOperator

    return RunwayGenerateOperator(**{**FOX, "task_id": task_id})


def _as_other(task: Task) -> Callable[[], Any]:
    new = task._new_context

    def context() -> Any:
        made = new()
        made["ti"].task_id = "other"
        return made

    task._new_context = context  # type: ignore[method-assign]
    start: Callable[[], Any] = type(task).start.__get__(task)
    return start


def test_aleph_is_recovered_as_well(kie: Sandbox) -> None:
    task = Task(lambda: RunwayAlephOperator(**SNOW))
    waiting = lose_the_answer(kie, task)
    kie_calls(task, kie.tasks[0].task_id)

    assert ends(task, task.resume(waiting, CALLED))["task_id"] == kie.tasks[0].task_id


def test_without_an_address_it_fails_at_once(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL")

    with pytest.raises(AirflowFailException, match="It may be paid"):
        lose_the_answer(kie, Task())


def test_where_nothing_outlives_a_try_it_fails_at_once(kie: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="It may be paid"):
        lose_the_answer(kie, Task(has_store=False))
