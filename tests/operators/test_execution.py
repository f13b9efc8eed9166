"""One try of an operator: what it sends, records, shows and returns."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    GenerationFailedError,
    MissingVideoError,
    NotSentError,
    PollingFailedError,
    RunwayError,
    ServerError,
    WaitTimeoutError,
)
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.operators.submission import RETENTION
from airflow_provider_runway.results import VideoResult
from airflow_provider_runway.sandbox import (
    CutAfter,
    CutBefore,
    Delay,
    Expire,
    Fail,
    Garbage,
    Missing,
    NoTaskId,
    NoUrl,
    Refuse,
    Sandbox,
    States,
)

from .support import FOX, Deferred, Task, is_waiting

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
    assert task.pushed == {"task_id": charge.task_id}


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
        "sha256", "size", "thumbnail_saved_to",
    }  # fmt: skip
    assert set(result) == KEYS
    assert kie.ledger.of("record") == ()


def test_the_results_are_pushed_key_by_key() -> None:
    assert RunwayGenerateOperator(**FOX).multiple_outputs is True
    assert not RunwayGenerateOperator(**FOX, multiple_outputs=False).multiple_outputs


def test_a_task_that_waits_holds_no_worker_and_has_looked_at_nothing_yet(kie: Sandbox) -> None:
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


def test_success_is_recorded_last_with_airflows_bound_of_tries(kie: Sandbox, given_time: GivenTime) -> None:
    kie.configure(seconds=0)
    task = Task()

    task.run()

    assert task.store.stages == ["intent", "submitted", "finished"]
    assert task.store.record
    assert task.store.record["max_tries"] == task.max_tries


REFUSALS = [
    (Refuse(401), False),
    (Refuse(402), False),
    (Refuse(422), False),
    (Refuse(433), False),
    (Refuse(451), False),
    (Refuse(505), False),
    (Refuse(500), True),
    (Garbage("html", http_status=403, accepted=False), False),
]


@pytest.mark.parametrize(("refusal", "retryable"), REFUSALS)
def test_a_refusal_is_forgotten_and_retried_only_where_that_can_help(
    kie: Sandbox, given_time: GivenTime, refusal: Refuse, retryable: bool
) -> None:
    kie.fault(refusal, on="submit", times=1)
    task = Task(deferrable=False)

    with pytest.raises(ServerError if retryable else AirflowFailException):
        task.run()

    assert task.store.stages == ["intent", "forgotten"]
    assert task.store.record is None
    assert kie.ledger.charges == ()
    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_a_wrong_key_fails_for_good_and_says_so_without_the_key(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.key, "k3y-of-nobody"))

    with pytest.raises(AirflowFailException, match=r"AuthenticationError: .*the API key is missing, wrong") as caught:
        Task().run()

    assert "k3y-of-nobody" not in str(caught.value)


@pytest.mark.parametrize("password", ["", "two words"])
def test_a_missing_or_odd_key_fails_for_good_before_anything_is_recorded_or_sent(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    connection = {"conn_type": "runway", "host": kie.url, "password": password}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    task = Task()

    with pytest.raises(AirflowFailException, match="ConnectionSettingsError: Connection 'runway_default'"):
        task.run()

    assert task.store.stages == []
    assert kie.ledger.requests == ()


def test_an_invalid_request_fails_for_good_before_anything_is_recorded_or_sent(kie: Sandbox) -> None:
    task = Task(lambda: _rendered(duration="{{ 7 }}"))

    with pytest.raises(AirflowFailException, match=r"InvalidRequestError: .* Nothing was sent"):
        task.run()

    assert task.store.stages == []
    assert kie.ledger.requests == ()


def _rendered(**parameters: Any) -> RunwayGenerateOperator:
    operator = RunwayGenerateOperator(**{**FOX, **parameters})
    operator.render_template_fields({})
    return operator


def test_what_cannot_be_recorded_is_not_sent(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task()

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError("the API server is away")

    monkeypatch.setattr(task.store, "set", refuse)
    with pytest.raises(OSError, match="away"):
        task.run()

    assert kie.ledger.requests == ()


@pytest.mark.parametrize("value", [{}, [], "record", {"version": 1, "stage": "submitted"}])
def test_a_record_that_cannot_be_read_is_not_taken_for_none(kie: Sandbox, value: Any) -> None:
    task = Task()
    task.store.rows["runway_submission"] = json.dumps(value)

    with pytest.raises(AirflowFailException, match=r"UnreadableRecordError: .*runway_submission"):
        task.run()

    assert kie.ledger.requests == ()
    assert task.store.stages == []


def test_a_store_that_cannot_be_asked_is_not_taken_for_an_empty_one(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()

    def away(*_args: object) -> None:
        raise OSError("the API server is away")

    monkeypatch.setattr(task.store, "get", away)
    with pytest.raises(OSError, match="away"):
        task.run()

    assert kie.ledger.requests == ()


AMBIGUOUS = [
    CutAfter(),
    CutBefore(),
    NoTaskId(),
    Garbage("html", http_status=200),
    Garbage("truncated"),
    Garbage("empty"),
    Garbage("shape"),
    Garbage("null"),
    Garbage("html", http_status=502),
    Refuse(504, http_status=504, accepted=True),
    Refuse(502, http_status=502),
    Refuse(408),
]


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=repr)
def test_a_submission_of_unknown_outcome_fails_for_good_and_is_never_sent_again(
    kie: Sandbox, given_time: GivenTime, fault: Any
) -> None:
    kie.fault(fault, on="submit", times=1)
    task = Task()

    with pytest.raises(AirflowFailException, match="AmbiguousSubmissionError: It is unknown whether") as caught:
        task.run()
    assert isinstance(caught.value.__cause__, AmbiguousSubmissionError)
    for fact in ("https://kie.ai/logs", "'A fox in the snow'", "request "):
        assert fact in str(caught.value)
    assert task.store.stages == ["intent"]

    task.clear()
    with pytest.raises(AirflowFailException, match="AmbiguousSubmissionError: An earlier try was about to submit"):
        task.run()
    assert len(kie.ledger.submissions) == 1


def test_an_answer_that_takes_too_long_is_of_unknown_outcome(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, given_time: GivenTime
) -> None:
    connection = {**json.loads(kie.connection_json()), "extra": {"timeout": 0.1}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    kie.fault(Delay(0.5), on="submit")

    with pytest.raises(AirflowFailException, match=r"AmbiguousSubmissionError: .*ReadTimeout"):
        Task().run()

    assert len(kie.ledger.submissions) <= 1


@pytest.mark.parametrize("fault", AMBIGUOUS[:3], ids=repr)
def test_a_submission_of_unknown_outcome_is_sent_again_by_the_next_try_where_that_was_asked_for(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], fault: Any
) -> None:
    kie.fault(fault, on="submit", times=1)
    task = Task(on_ambiguous_submit="resubmit", deferrable=False)

    with pytest.raises(RunwayError):
        task.run()
    assert kie.ledger.counts["submit"] == 1

    assert task.run()["state"] == "success"
    assert kie.ledger.counts["submit"] == 2
    assert "The video may be paid twice" in capfd.readouterr().out


def test_where_nobody_listens_nothing_was_sent_and_a_retry_submits(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(deferrable=False)
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", kie.connection_json().replace(kie.url, "http://127.0.0.1:9"))
        with pytest.raises(NotSentError):
            task.run()
    assert task.store.record is None

    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


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

    with pytest.raises(PollingFailedError, match=r"looks in a row at task .* went wrong"):
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

    with pytest.raises((MissingVideoError, PollingFailedError), match="has given no video for"):
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
    assert again.arguments == pytest.approx(waiting.arguments, abs=1)


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


@pytest.mark.parametrize("deferrable", [True, False])
def test_before_airflow_3_3_it_works_without_a_record_and_says_what_a_retry_costs(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], deferrable: bool
) -> None:
    result = Task(deferrable=deferrable, has_store=False).run()

    assert result["state"] == "success"
    assert result["submitted_at"]
    assert capfd.readouterr().out.count("a retry of this task will not find this submission and will pay again") == 1


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


def test_being_killed_says_that_the_video_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    RunwayGenerateOperator(**FOX).on_kill()

    assert "KIE.AI cannot cancel a task" in capfd.readouterr().out


def test_a_paid_task_that_cannot_be_recorded_is_waited_for_all_the_same(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    kie.configure(seconds=0)
    task, pauses = Task(deferrable=False), list[float]()
    write = task.store.set

    def fail_for_the_id(key: str, value: Any, **options: Any) -> None:
        if value["stage"] == "submitted":
            raise OSError("the API server is away")
        write(key, value, **options)

    monkeypatch.setattr(task.store, "set", fail_for_the_id)
    monkeypatch.setattr("time.sleep", pauses.append)

    assert task.run()["state"] == "success"

    assert len(pauses) >= 3
    assert "is paid and could not be recorded" in capfd.readouterr().out
    assert len(kie.ledger.submissions) == 1


def test_a_paid_task_is_recorded_as_soon_as_the_store_is_back(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    task, faults = Task(), [OSError("away"), OSError("away")]
    write = task.store.set

    def fail_twice_for_the_id(key: str, value: Any, **options: Any) -> None:
        if value["stage"] == "submitted" and faults:
            raise faults.pop()
        write(key, value, **options)

    monkeypatch.setattr(task.store, "set", fail_twice_for_the_id)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    assert is_waiting(task.start())

    assert task.store.stages == ["intent", "submitted"]
