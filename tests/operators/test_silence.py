"""Where a submission of unknown outcome is sent again because KIE would have called for it, and has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import FakeTaskInstance, GivenTime

from airflow_provider_runway.exceptions import AmbiguousSubmissionError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.plugin.contacts import Contacts
from airflow_provider_runway.sandbox import CutAfter, CutBefore, Sandbox
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key
from airflow_provider_runway.utils.watches import LONGEST_GAP, PROBE_PAUSE, WatchEntry, watch_key

from .support import Deferred, Task, posts

CALLED = {"task_id": None, "state": "called"}
SILENT = "resubmit_if_silent"


class Receiver:
    """The receiver of calls, and what KIE calls it for: its probes come right here."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.contacts = Contacts(now())
        self.is_away: Callable[[float], bool] = lambda _age: False
        self.restarts_at = float("inf")
        self.probes = list[float]()
        self.kie_calls = True
        self.task: Task | None = None
        self._began = now()

    def take(self, settings: Settings, token: CallbackToken, now: float) -> bool:
        age = now - self._began
        self.probes.append(age)
        if self.is_away(age) or self.task is None:
            return False
        if age >= self.restarts_at:
            self.contacts, self.restarts_at = Contacts(now), float("inf")
        if self.kie_calls:
            self.contacts.heard(token, settings, now)
        probe = token.as_probe(int(now) + 300)
        self.contacts.heard(probe, settings, now)
        state, key = state_of(self.task), watch_key(token.nonce)
        contact = self.contacts.contact(probe, now)
        state.set(key, WatchEntry.after(WatchEntry.from_json(state.get(key)), token.nonce, contact).to_json())
        return True


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, given_time: GivenTime) -> Receiver:
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", "https://airflow.example")
    monkeypatch.setattr(RunwayWakeTrigger, "clock", given_time.clock)
    made = Receiver(given_time.clock.time)
    monkeypatch.setattr("airflow_provider_runway.operators.silence.send_probe", made.take)
    monkeypatch.setattr("airflow_provider_runway.hooks.callbacks.send_probe", made.take)
    return made


def state_of(task: Task) -> TaskState:
    with RunwayHook() as hook:
        return EarlierTries(hook, task.context, hook.log).state


def made(receiver: Receiver, **parameters: Any) -> Task:
    task = receiver.task = Task(on_ambiguous_submit=SILENT, **parameters)
    return task


def loses_the_answer(kie: Sandbox, task: Task) -> Any:
    kie.fault(CutBefore(), on="submit", times=1)
    return task.start()


def ends(task: Task, outcome: Any) -> Any:
    while isinstance(outcome, Deferred):
        outcome = task.resume(outcome)
    return outcome


def fails(task: Task, outcome: Any) -> None:
    with pytest.raises(AirflowFailException, match="It may be paid"):
        ends(task, outcome)


def test_where_kie_would_have_called_and_has_not_the_next_try_submits(kie: Sandbox, receiver: Receiver) -> None:
    task = made(receiver)
    waiting = loses_the_answer(kie, task)

    with pytest.raises(AmbiguousSubmissionError, match="A retry submits it again") as caught:
        task.resume(waiting)

    assert caught.value.retryable
    assert receiver.probes[0] < 1
    assert max(receiver.probes) == pytest.approx(1800, abs=PROBE_PAUSE + 1)
    assert ends(task, task.start())["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_nothing_outlasts_the_longest_time_that_videos_take_in_vain(kie: Sandbox, receiver: Receiver) -> None:
    task = made(receiver, timeout=900)
    waiting = loses_the_answer(kie, task)

    assert waiting.trigger_arguments["wake_at"] == pytest.approx(receiver.now() + 900, abs=2)
    with pytest.raises(AmbiguousSubmissionError):
        task.resume(waiting)


def test_a_process_that_was_killed_while_it_submitted_leaves_it_to_the_next_try(
    kie: Sandbox, receiver: Receiver
) -> None:
    task = made(receiver)
    task.store.after = Stage.INTENT
    task.run_into_crash()
    task.store.after = None

    assert ends(task, task.start())["state"] == "success"
    assert posts(kie) == 1


@pytest.mark.parametrize("poll_interval", [10, 300])
def test_in_a_worker_it_is_the_same(kie: Sandbox, receiver: Receiver, poll_interval: float) -> None:
    task = made(receiver, deferrable=False, poll_interval=poll_interval)

    with pytest.raises(AmbiguousSubmissionError, match="A retry submits it again"):
        loses_the_answer(kie, task)

    assert len(receiver.probes) >= 1800 / (PROBE_PAUSE + 10)
    assert task.start()["state"] == "success"


@pytest.mark.parametrize(
    ("away", "reason"),
    [
        (lambda age: age < 100, "calls would not have arrived"),
        (lambda age: 600 < age < 700, "calls would not have arrived"),
        (lambda age: age > 1700, "calls would not have arrived"),
        (lambda _age: True, "nothing shows that a call would have arrived"),
    ],
)
def test_where_a_call_may_have_been_missed_it_is_not_sent_again(
    kie: Sandbox,
    receiver: Receiver,
    capsys: pytest.CaptureFixture[str],
    away: Callable[[float], bool],
    reason: str,
) -> None:
    receiver.is_away = away
    task = made(receiver)

    fails(task, loses_the_answer(kie, task))

    assert f"proves nothing: {reason}" in capsys.readouterr().out
    assert posts(kie) == 1
    with pytest.raises(AirflowFailException):
        task.start()
    assert posts(kie) == 1


def test_a_short_absence_does_not_matter_while_the_receiver_lives(kie: Sandbox, receiver: Receiver) -> None:
    receiver.is_away = lambda age: 600 < age < 600 + LONGEST_GAP - 2 * PROBE_PAUSE
    task = made(receiver)

    with pytest.raises(AmbiguousSubmissionError, match="A retry submits it again"):
        ends(task, loses_the_answer(kie, task))


def test_a_receiver_that_was_restarted_may_have_missed_a_call(
    kie: Sandbox, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.restarts_at = 900
    task = made(receiver)

    fails(task, loses_the_answer(kie, task))

    assert "calls would not have arrived all that time" in capsys.readouterr().out
    assert posts(kie) == 1


def test_where_kie_never_calls_its_silence_says_nothing(
    kie: Sandbox, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.kie_calls = False
    task = made(receiver)

    fails(task, loses_the_answer(kie, task))

    assert "has not called for any other video" in capsys.readouterr().out
    assert posts(kie) == 1


@pytest.mark.parametrize("kind", ["turned away", "another key"])
def test_a_receiver_that_does_not_take_its_calls_says_nothing(
    kie: Sandbox, receiver: Receiver, given_time: GivenTime, kind: str
) -> None:
    task = made(receiver)
    waiting = loses_the_answer(kie, task)
    given_time.clock.sleep(5)
    submission = state_of(task).read_submission()
    assert submission is not None
    token = CallbackToken(
        conn_id="runway_default", dag_id="d", run_id="r", task_id="t", nonce=str(submission.nonce), expires_at=1
    )
    with RunwayHook() as hook:
        settings = hook.settings
    if kind == "turned away":
        receiver.contacts.turned_away(token, receiver.now())
    else:
        receiver.contacts._connections["runway_default"].keys = ("another", settings.webhook_secret)

    fails(task, waiting)
    assert posts(kie) == 1


def test_a_timeout_within_which_such_a_video_may_not_be_ready_says_nothing(
    kie: Sandbox, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    task = made(receiver, timeout=600)

    fails(task, loses_the_answer(kie, task))

    said = capsys.readouterr().out
    assert "silence will prove nothing: such videos may take 900 s, and timeout is 600 s" in said
    assert posts(kie) == 1


def test_a_call_for_something_else_is_no_silence(
    kie: Sandbox, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    task = made(receiver)
    waiting = loses_the_answer(kie, task)
    submission = state_of(task).read_submission()
    assert submission is not None
    nonce = str(submission.nonce)
    entry = CallbackEntry(nonce=nonce, task_ids=("none-of-it",), code=200, called_at="x", is_signed=True)
    state_of(task).set(callback_key(nonce), entry.to_json())

    fails(task, task.resume(waiting, CALLED))

    assert "it has called, for what could not be told" in capsys.readouterr().out
    assert posts(kie) == 1


def test_what_cannot_be_read_says_nothing(
    kie: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task = made(receiver)
    waiting = loses_the_answer(kie, task)
    event = waiting.wait()
    get = TaskState.get

    def failing(state: TaskState, key: str) -> Any:
        if key.startswith("runway_watch"):
            raise OSError
        return get(state, key)

    monkeypatch.setattr(TaskState, "get", failing)

    with pytest.raises(AirflowFailException):
        task.resume(waiting, event)
    assert "cannot be read (OSError)" in capsys.readouterr().out


def test_without_callbacks_it_fails_as_ever(kie: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL")
    task = made(receiver)

    with pytest.raises(AirflowFailException, match="It may be paid"):
        loses_the_answer(kie, task)
    with pytest.raises(AirflowFailException, match="It may be paid"):
        task.start()
    assert posts(kie) == 1
    assert receiver.probes == []


def test_where_no_record_is_kept_it_fails_as_ever(kie: Sandbox, receiver: Receiver) -> None:
    task = receiver.task = Task(has_store=False, on_ambiguous_submit=SILENT)

    with pytest.raises(AirflowFailException, match="It may be paid"):
        loses_the_answer(kie, task)
    assert posts(kie) == 1


@pytest.mark.parametrize("others", ["fail", "resubmit"])
def test_nobody_else_sends_probes(kie: Sandbox, receiver: Receiver, others: str) -> None:
    task = receiver.task = Task(on_ambiguous_submit=others)

    waiting = loses_the_answer(kie, task)
    waiting.wait()

    assert receiver.probes == []
    assert "probed" not in waiting.trigger_arguments


def test_what_the_trigger_keeps_is_no_secret(kie: Sandbox, receiver: Receiver) -> None:
    task = made(receiver)

    kept = loses_the_answer(kie, task).trigger_arguments["probed"]

    assert set(kept) == {"conn_id", "dag_id", "run_id", "task_id", "map_index", "region", "nonce", "expires_at"}


def test_a_call_that_comes_while_it_queues_to_submit_again_still_brings_what_is_paid(
    kie: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = made(receiver)
    kie.fault(CutAfter(), on="submit", times=1)
    waiting = task.start()
    with pytest.raises(AmbiguousSubmissionError, match="A retry submits it again"):
        task.resume(waiting)
    monkeypatch.setattr(FakeTaskInstance, "get_ti_count", lambda _self, **_which: 21)
    queueing = task.start()
    assert queueing.trigger_class is RunwayAdmissionTrigger
    submission = state_of(task).read_submission()
    assert submission is not None
    paid = kie.tasks[0].task_id
    entry = CallbackEntry(
        nonce=str(submission.nonce), task_ids=(paid,), code=200, called_at=submission.intended_at, is_signed=True
    )
    state_of(task).set(callback_key(entry.nonce), entry.to_json())

    assert ends(task, queueing)["task_id"] == paid
    assert posts(kie) == len(kie.ledger.charges) == 1
