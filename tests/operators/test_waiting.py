"""What a wait bears, what ends it, and what the next try finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import (
    AuthenticationError,
    ConnectionSettingsError,
    GenerationFailedError,
    MissingVideoError,
    PollingFailedError,
    RejectedError,
    WaitTimeoutError,
)
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.sandbox import (
    CutBefore,
    Expire,
    Fail,
    Garbage,
    Missing,
    NoUrl,
    Refuse,
    Sandbox,
    States,
)

from .support import Deferred, Task


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize(
    ("message", "retryable"),
    [
        ("Your content was flagged by moderation", False),
        ("The prompt must be 2048 characters or less", False),
        ("Generation failed, please try again later", True),
        ("The server is busy, too many concurrent tasks", True),
        ("", True),
    ],
)
def test_a_failure_of_kie_is_retried_by_its_reason_and_its_credits_come_back(
    kie: Sandbox, given_time: GivenTime, deferrable: bool, message: str, retryable: bool
) -> None:
    kie.fault(Fail(message), times=1)
    task = Task(deferrable=deferrable)

    with pytest.raises(GenerationFailedError if retryable else AirflowFailException) as caught:
        task.run()

    [charge] = kie.ledger.charges
    assert charge.task_id in str(caught.value)
    assert message in str(caught.value)
    assert task.store.stages[-1] == "failed"
    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 2
    assert len(kie.ledger.paid) == 1


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_wait_that_times_out_says_that_the_video_goes_on_and_the_next_try_waits_on(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    task = Task(deferrable=deferrable, timeout=20)

    with pytest.raises(WaitTimeoutError, match="It is paid and goes on being made") as caught:
        task.run()

    [charge] = kie.ledger.charges
    assert charge.task_id in str(caught.value)
    assert task.store.stages == ["intent", "submitted"]
    kie.advance(60)
    assert task.run()["task_id"] == charge.task_id
    assert len(kie.ledger.submissions) == 1


@pytest.mark.parametrize("deferrable", [True, False])
def test_looks_that_go_wrong_five_times_in_a_row_do_not_fail_a_wait(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    kie.fault(Refuse(500), on="record", times=2)
    kie.fault(CutBefore(), on="record", times=2)
    kie.fault(Garbage("html"), on="record", times=1)

    assert Task(deferrable=deferrable).run()["state"] == "success"


@pytest.mark.parametrize("deferrable", [True, False])
def test_looks_that_keep_going_wrong_end_the_try_and_the_next_one_waits_on(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    number = kie.fault(Refuse(500), on="record")
    task = Task(deferrable=deferrable)

    with pytest.raises(PollingFailedError, match=r"polls in a row of task .* went wrong"):
        task.run()

    assert task.store.stages == ["intent", "submitted"]
    kie.clear_faults(number)
    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 1


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_record_that_is_not_visible_at_once_and_odd_states_are_waited_through(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    kie.fault(Missing(), times=2)
    kie.fault(States(("GENERATING", None, "dreaming", "queueing")))
    kie.fault(NoUrl(), times=1)

    assert Task(deferrable=deferrable).run()["video_url"]


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_success_that_never_gets_a_link_ends_the_try_and_keeps_the_record(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    kie.fault(NoUrl())
    task = Task(deferrable=deferrable)

    with pytest.raises(MissingVideoError, match="has given no video for"):
        task.run()

    assert task.store.stages == ["intent", "submitted"]


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_task_that_kie_loses_fails_for_good_and_clearing_makes_a_new_one(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    number = kie.fault(Missing())
    task = Task(deferrable=deferrable)

    with pytest.raises(AirflowFailException, match=r"TaskNotFoundError: KIE.AI has no record of task"):
        task.run()

    assert task.store.stages[-1] == "gone"
    kie.clear_faults(number)
    task.clear()
    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 2


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_video_that_expired_before_it_was_fetched_fails_for_good(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    kie.fault(Expire(), on="record")

    with pytest.raises(AirflowFailException, match=r"VideoExpiredError: .*KIE.AI has deleted it since"):
        Task(deferrable=deferrable).run()


def test_a_task_woken_too_early_waits_on_until_the_same_deadline(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(timeout=600)
    waiting = task.start()

    again = task.resume(waiting, {"task_id": kie.tasks[0].task_id, "state": "success"})

    assert isinstance(again, Deferred)
    assert again.trigger_arguments["deadline"] == pytest.approx(waiting.trigger_arguments["deadline"], abs=1)
    assert again.arguments.pop("deadline") == pytest.approx(waiting.arguments.pop("deadline"), abs=1)
    assert again.arguments == waiting.arguments


@pytest.mark.parametrize("state", ["timeout", "fault", "gone", "failed"])
def test_a_video_that_got_ready_meanwhile_is_taken_whatever_the_trigger_said(kie: Sandbox, state: str) -> None:
    task = Task()
    waiting = task.start()
    kie.advance(60)

    result = task.resume(waiting, {"task_id": kie.tasks[0].task_id, "state": state, "error": "said the trigger"})

    assert result["state"] == "success"


@pytest.mark.parametrize("error", ["said the trigger", None])
def test_what_the_trigger_could_not_do_is_said_in_its_words(kie: Sandbox, error: str | None) -> None:
    task = Task()
    waiting = task.start()

    with pytest.raises(PollingFailedError, match=error or "The trigger gave up"):
        task.resume(waiting, {"task_id": kie.tasks[0].task_id, "state": "fault", "error": error})

    assert task.store.stages == ["intent", "submitted"]


def test_a_connection_that_vanished_while_waiting_is_a_fault_of_this_try_alone(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    waiting = task.start()
    with monkeypatch.context() as patch:
        patch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
        event = waiting.wait()
    assert event["state"] == "fault"

    with pytest.raises(PollingFailedError, match="runway_default"):
        task.resume(waiting, event)

    kie.advance(60)
    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 1


@pytest.fixture
def rotate(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Another key for the account, or for the connection, or for both."""

    def rotate(*, account: bool = False, connection: bool = False) -> None:
        if account:
            kie.configure(keys=("another-key",))
        if connection:
            changed = kie.connection_json().replace(kie.key, "another-key")
            monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", changed)

    return rotate


def once_submitted(task: Task, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    write = task.store.set

    def note(key: str, value: Any, **options: Any) -> None:
        write(key, value, **options)
        if value.get("stage") == "submitted":
            happens()

    monkeypatch.setattr(task.store, "set", note)


def test_a_key_that_is_changed_while_a_worker_waits_is_taken_up(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, rotate: Callable[..., None]
) -> None:
    task = Task(deferrable=False)
    once_submitted(task, monkeypatch, lambda: rotate(account=True, connection=True))

    assert task.run()["state"] == "success"
    assert len(kie.ledger.submissions) == 1


@pytest.mark.usefixtures("given_time")
@pytest.mark.parametrize(("deferrable", "deleted"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_key_that_is_refused_once_the_video_is_paid_is_no_reason_to_give_it_up(  # noqa: PLR0917 - two are parameters
    kie: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    rotate: Callable[..., None],
    deferrable: bool,
    deleted: bool,
) -> None:
    task = Task(deferrable=deferrable)

    def spoil() -> None:
        rotate(account=True)
        if deleted:
            monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")

    if deferrable:
        waiting = task.start()
        spoil()
        with pytest.raises((AuthenticationError, ConnectionSettingsError)) as caught:
            task.resume(waiting)
    else:
        once_submitted(task, monkeypatch, spoil)
        with pytest.raises((AuthenticationError, ConnectionSettingsError)) as caught:
            task.run()
    [video] = kie.tasks
    assert f"Task {video.task_id} is paid. C" in str(caught.value)
    assert "connection 'runway_default'" in str(caught.value)
    with pytest.raises((AuthenticationError, ConnectionSettingsError)):
        task.run()
    last = capfd.readouterr().out.strip().splitlines()[-1]
    assert f"Task {video.task_id} is paid. C" in last
    assert "Error: Connection 'runway_default'" in last or "There is no connection" in last
    assert "goes on with it and pays nothing" in last

    rotate(connection=True)
    assert task.run()["task_id"] == video.task_id
    assert len(kie.ledger.submissions) == 1


def test_before_anything_is_paid_a_refused_key_and_a_missing_connection_are_final(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], rotate: Callable[..., None]
) -> None:
    rotate(account=True)
    with pytest.raises(AirflowFailException, match=r"onnection 'runway_default'.*Nothing was paid\. Correct"):
        Task().run()
    last = capfd.readouterr().out.strip().splitlines()[-1]
    assert "AuthenticationError: Connection 'runway_default': KIE.AI answered with code 401" in last
    assert "Nothing was paid. Correct the API key of connection 'runway_default'. Then" in last

    monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
    with pytest.raises(
        AirflowFailException,
        match=r"There is no connection 'runway_default' that Airflow can read\. Nothing was paid\.",
    ):
        Task().run()
    assert kie.ledger.charges == ()


@pytest.mark.parametrize("has_store", [True, False])
def test_what_fails_while_a_video_is_paid_ends_with_what_a_retry_does(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], has_store: bool
) -> None:
    task = Task(timeout=20, has_store=has_store)
    with pytest.raises(WaitTimeoutError if has_store else AirflowFailException):
        task.run()

    *_, group, last = capfd.readouterr().out.strip().splitlines()
    assert "::endgroup::" in group
    task_id = kie.tasks[0].task_id
    assert f"WaitTimeoutError: Task {task_id} was not ready in time" in last
    assert f"Task {task_id} is paid." in last
    assert ("pays nothing" in last) is has_store


def test_an_error_of_other_code_says_what_is_paid_too(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("the store is away")

    task = Task(deferrable=False)
    monkeypatch.setattr(TaskState, "write_finished", refuse)
    with pytest.raises(OSError, match="away"):
        task.run()

    assert f"Task {kie.tasks[0].task_id} is paid. A retry" in capfd.readouterr().out.strip().splitlines()[-1]


@pytest.mark.parametrize("deferrable", [True, False])
def test_what_no_retry_can_help_has_a_short_traceback_and_its_cause(
    kie: Sandbox, given_time: GivenTime, deferrable: bool
) -> None:
    kie.fault(Refuse(422), on="submit")

    with pytest.raises(AirflowFailException) as caught:
        Task(deferrable=deferrable).run()

    cause = caught.value.__cause__
    assert isinstance(cause, RejectedError)
    assert (cause.__traceback__, cause.__cause__, cause.__suppress_context__) == (None, None, True)
    assert "Nothing was paid. Change the request" in str(caught.value)
