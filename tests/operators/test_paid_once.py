"""The table "What a retry pays", row by row, wherever the record of a submission is kept, and where none is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout
from airflow.sdk.io import store
from fakes import GivenTime
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem
from versions import TaskDeferralError

from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    GenerationFailedError,
    NotSentError,
    ServerError,
    WaitTimeoutError,
)
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.sandbox import CutAfter, Expire, Fail, Refuse, Sandbox
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

from .support import Crash, Task, is_waiting

# Where records are kept, by name: whether there is a folder, and a store of Airflow's (3.3 and later).
BACKENDS = {
    "the state store": (None, True),
    "a folder on disk": ("disk", False),
    "a folder on disk beside the state store": ("disk", True),
    "a folder on S3": ("s3", False),
    "nowhere": (None, False),
}


@dataclass
class Play:
    """A task and what befalls it.

    :param again: What else is asked for in the next try.
    """

    kie: Sandbox
    has_store: bool
    keeps_record: bool
    again: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.task = self.new()

    def new(self, **parameters: Any) -> Task:
        self.parameters |= parameters
        self.task = Task(has_store=self.has_store, **self.parameters)
        return self.task

    @property
    def posts(self) -> int:
        return len(self.kie.ledger.submissions)

    def fails(self, error: type[Exception], parameters: dict[str, Any] | None = None) -> None:
        """One try that fails; where a video is paid and no record kept, for good."""
        with pytest.raises(error):
            self.new(**(parameters or {})).run()

    def dies(self, stage: Stage, when: str) -> None:
        """One try that dies before or after a stage of its submission is recorded."""
        with dying_at(stage, when):
            self.task.run_into_crash()


@contextmanager
def dying_at(stage: Stage, when: str) -> Iterator[None]:
    def dying(write: Callable[..., Any]) -> Callable[..., Any]:
        def written(state: TaskState, submission: Submission, *args: Any, **options: Any) -> Any:
            if submission.stage is not stage:
                return write(state, submission, *args, **options)
            if when == "after":
                write(state, submission, *args, **options)
            raise Crash

        return written

    with pytest.MonkeyPatch.context() as patch:
        for name in ("begin", "write_submission"):
            patch.setattr(TaskState, name, dying(getattr(TaskState, name)))
        yield


def not_sent(play: Play) -> None:
    connection = {**json.loads(play.kie.connection_json()), "host": "http://127.0.0.1:1"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
        play.fails(NotSentError)


def refused(code: int, error: type[Exception]) -> Callable[[Play], None]:
    def before(play: Play) -> None:
        play.kie.fault(Refuse(code), on="submit", times=8)
        play.fails(error)
        play.kie.clear_faults()

    return before


def lost_in_the_queue(play: Play) -> None:
    play.kie.fault(Refuse(429), on="submit", times=1)
    assert not is_waiting(play.task.start())
    play.kie.clear_faults()


def a_template_that_fails(play: Play) -> None:
    play.task.try_number = 1
    operator = play.task.operator
    operator.prompt = "{{ params.nobody.knows }}"
    with pytest.raises(AirflowFailException):
        operator.render_template_fields(play.task.context)


def killed(stage: Stage, when: str) -> Callable[[Play], None]:
    return lambda play: play.dies(stage, when)


def killed_while_it_waits(play: Play) -> None:
    assert is_waiting(play.task.start())


def ready_meanwhile(play: Play) -> None:
    killed_while_it_waits(play)
    play.kie.advance(120)


def timed_out(play: Play) -> None:
    play.fails(WaitTimeoutError if play.keeps_record else AirflowFailException, {"timeout": 5})
    play.parameters.pop("timeout")


def another_fault_while_it_waits(play: Play) -> None:
    waiting = play.task.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow_provider_runway.operators.finish.finished_result", _break)
        with pytest.raises(RuntimeError if play.keeps_record else AirflowFailException):
            play.task.resume(waiting)


def _break(*_: object, **__: object) -> None:
    raise RuntimeError("nobody expected this")


def failed(text: str, error: type[Exception]) -> Callable[[Play], None]:
    def before(play: Play) -> None:
        play.kie.fault(Fail(text), times=1)
        play.fails(error)

    return before


def no_answer(play: Play) -> None:
    play.kie.fault(CutAfter(), on="submit", times=1)
    play.fails(AirflowFailException)


def no_answer_where_it_may_be_sent_again(play: Play) -> None:
    play.kie.fault(CutAfter(), on="submit", times=1)
    play.fails(AmbiguousSubmissionError, {"on_ambiguous_submit": "resubmit"})


def another_request(play: Play) -> None:
    play.dies(Stage.SUBMITTED, "after")
    play.again["prompt"] = "A bear in the rain"


def deleted(play: Play) -> None:
    waiting = play.task.start()
    play.kie.fault(Expire(), times=1)
    with pytest.raises(AirflowFailException):
        play.task.resume(waiting)
    play.kie.clear_faults()


def returned_but_failed(play: Play) -> None:
    play.task.airflow_makes_of_success = "failed"
    assert play.task.run()["state"] == "success"


def succeeded(play: Play) -> None:
    assert play.task.run()["state"] == "success"


def killed_while_a_refusal_is_waited_out_in_the_worker(play: Play) -> None:
    def die(_seconds: float) -> None:
        raise Crash

    play.kie.fault(Refuse(429), on="submit", times=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunwayHook, "clock", replace(RunwayHook.clock, sleep=die))
        play.new(deferrable=False).run_into_crash()
    play.kie.clear_faults()


SUBMITS, WAITS_ON, REFUSES = "submits", "waits on", "refuses"


@dataclass(frozen=True)
class Row:
    """What happened before, and what the next try does about it: a retry, and one that a person has cleared."""

    before: Callable[[Play], None]
    retry: str | None
    cleared: str
    unrecorded_retry: str | None
    unrecorded_cleared: str = SUBMITS


ROWS = {
    "no connection could be made": Row(not_sent, SUBMITS, SUBMITS, SUBMITS),
    "KIE refused the request": Row(refused(422, AirflowFailException), SUBMITS, SUBMITS, SUBMITS),
    "KIE could not take it": Row(refused(500, ServerError), SUBMITS, SUBMITS, SUBMITS),
    "it was lost while it queued": Row(lost_in_the_queue, SUBMITS, SUBMITS, REFUSES),
    "it was killed while it waited in the worker to be sent again": Row(
        killed_while_a_refusal_is_waited_out_in_the_worker, SUBMITS, SUBMITS, REFUSES
    ),
    "a template could not be rendered": Row(a_template_that_fails, SUBMITS, SUBMITS, SUBMITS),
    "the process died before the intent": Row(killed(Stage.INTENT, "before"), SUBMITS, SUBMITS, REFUSES),
    "it died between intent and request": Row(killed(Stage.INTENT, "after"), REFUSES, REFUSES, REFUSES),
    "it died between request and id": Row(killed(Stage.SUBMITTED, "before"), REFUSES, REFUSES, REFUSES),
    "it died after the id was recorded": Row(killed(Stage.SUBMITTED, "after"), WAITS_ON, WAITS_ON, REFUSES),
    "it was lost while it waited": Row(killed_while_it_waits, WAITS_ON, WAITS_ON, REFUSES),
    "the wait timed out": Row(timed_out, WAITS_ON, WAITS_ON, REFUSES),
    "another fault struck while it waited": Row(another_fault_while_it_waits, WAITS_ON, WAITS_ON, REFUSES),
    "the video got ready meanwhile": Row(ready_meanwhile, WAITS_ON, WAITS_ON, REFUSES),
    "it died before the end was recorded": Row(killed(Stage.FINISHED, "before"), WAITS_ON, WAITS_ON, REFUSES),
    "KIE failed it for moderation": Row(
        failed("Flagged by moderation", AirflowFailException), SUBMITS, SUBMITS, SUBMITS
    ),
    "KIE failed it for a fault of its own": Row(
        failed("Generation failed, please try again later", GenerationFailedError), SUBMITS, SUBMITS, SUBMITS
    ),
    "no answer came": Row(no_answer, REFUSES, REFUSES, REFUSES),
    "no answer came, and it may be sent again": Row(no_answer_where_it_may_be_sent_again, SUBMITS, SUBMITS, SUBMITS),
    "the request has changed": Row(another_request, SUBMITS, SUBMITS, REFUSES),
    "KIE has deleted the video": Row(deleted, SUBMITS, SUBMITS, REFUSES),
    "it was returned, and Airflow did not take it": Row(returned_but_failed, WAITS_ON, WAITS_ON, REFUSES),
    "the task had succeeded": Row(succeeded, None, SUBMITS, None),
}


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3FileSystem]:
    """S3, played by moto, with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    place = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    client = boto3.client("s3", **place, aws_access_key_id="key", aws_secret_access_key="secret")
    client.create_bucket(Bucket="records")
    client.close()
    yield S3FileSystem(key="key", secret="secret", client_kwargs=place, skip_instance_cache=True)
    server.stop()


@pytest.fixture(params=BACKENDS)
def play(
    request: pytest.FixtureRequest,
    kie: Sandbox,
    given_time: GivenTime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Play:
    folder, has_store = BACKENDS[request.param]
    if folder == "disk":
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    elif folder == "s3":
        s3 = store.ObjectStore("s3", None, fs=request.getfixturevalue("bucket"))
        monkeypatch.setitem(store._STORE_CACHE, "s3", s3)
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", f"s3://records/{tmp_path.name}")
    return Play(kie, has_store, keeps_record=request.param != "nowhere")


def cases() -> Iterator[Any]:
    """Each row, backend and next try. On S3, which is slow, a cleared task where it is to do otherwise than a retry."""
    for (name, row), backend, is_cleared in product(ROWS.items(), BACKENDS, (False, True)):
        if backend != "a folder on S3" or not is_cleared or row.cleared != row.retry:
            yield pytest.param(
                backend, row, is_cleared, id=f"{backend}-{name}-{'the cleared task' if is_cleared else 'the retry'}"
            )


@pytest.mark.parametrize(("play", "row", "is_cleared"), list(cases()), indirect=["play"])
def test_what_happened_before_decides_what_the_next_try_pays(
    play: Play, row: Row, is_cleared: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    expected = (
        (row.cleared if is_cleared else row.retry)
        if play.keeps_record
        else (row.unrecorded_cleared if is_cleared else row.unrecorded_retry)
    )
    if expected is None:
        return  # Airflow retries no task that has succeeded
    row.before(play)
    before, kie_tasks = play.posts, [task.task_id for task in play.kie.tasks]
    earlier = play.task
    task = play.new(**play.again)
    task.follow(earlier)
    if is_cleared:
        task.clear()

    if expected == REFUSES:
        with pytest.raises(AirflowFailException, match="It may be paid"):
            task.run()
        assert play.posts == before
        return
    result = task.run()
    assert result["state"] == "success"
    assert (result["task_id"] in kie_tasks) is (expected == WAITS_ON)
    assert play.posts == before + (expected == SUBMITS)
    if is_cleared and not play.keeps_record and row.unrecorded_retry == REFUSES:
        assert "is paid all the same" in capfd.readouterr().out


@pytest.mark.parametrize("before", [timed_out, another_fault_while_it_waits])
def test_where_no_record_is_kept_a_try_that_fails_says_how_to_have_the_video(
    kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str], before: Callable[[Play], None]
) -> None:
    before(Play(kie, has_store=False, keeps_record=False))

    last = capfd.readouterr().out.strip().splitlines()[-1]
    assert f"RunwayVideoSensor(runway_task_id='{kie.ledger.charges[0].task_id}', kind='runway')" in last
    assert "[runway] records" in last
    assert "A retry" not in last


@pytest.mark.parametrize("died_in", ["the wait for the video", "the admission queue"])
def test_where_no_record_is_kept_a_trigger_that_died_ends_the_try_for_good_if_something_is_paid(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, died_in: str
) -> None:
    task = Task(has_store=False)
    if died_in == "the admission queue":
        kie.fault(Refuse(429), on="submit", times=1)
    task.start()
    is_paid = bool(kie.ledger.charges)

    with pytest.raises(AirflowFailException if is_paid else TaskDeferralError):
        task.operator.resume_execution("__fail__", {"error": "Trigger failure"}, task.context)

    kie.clear_faults()
    if is_paid:
        with pytest.raises(AirflowFailException, match="no record is kept"):
            task.run()
    else:
        assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_where_no_record_is_kept_a_timeout_of_airflows_is_final_too(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: object, **__: object) -> None:
        raise AirflowTaskTimeout

    task = Task(has_store=False, deferrable=False)
    with monkeypatch.context() as patch:
        patch.setattr("airflow_provider_runway.hooks.runway.RunwayHook.wait", run_out)
        with pytest.raises(AirflowFailException, match="is paid"):
            task.run()


def test_to_be_refused_for_now_again_and_again_leaves_nothing_in_doubt(play: Play) -> None:
    play.kie.fault(Refuse(429), on="submit", times=3)
    first = play.task.run()
    assert first["state"] == "success"
    assert play.posts == 4

    play.task.clear()
    assert play.task.run()["task_id"] != first["task_id"]
    assert len(play.kie.ledger.charges) == 2


def broken_while_its_request_is_made(task: Task) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow_provider_runway.operators.runway.RunwayGenerateOperator.build_request", _break)
        with pytest.raises(RuntimeError):
            task.start()


def broken_while_it_is_rendered(task: Task) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow.sdk.BaseOperator.render_template_fields", _break)
        patch.setattr("airflow_provider_runway.operators.runway.RunwayGenerateOperator.execute", _render)
        with pytest.raises(RuntimeError):
            task.start()


def _render(operator: Any, context: Any) -> None:
    operator.render_template_fields(context)


@pytest.mark.parametrize("second", [broken_while_its_request_is_made, broken_while_it_is_rendered])
@pytest.mark.parametrize("is_paid", [True, False], ids=["after a paid one", "after a refused one"])
def test_where_no_record_is_kept_a_try_that_fails_before_it_decides_tells_the_next_one_no_more_than_it_knows(
    kie: Sandbox, given_time: GivenTime, second: Callable[[Task], None], is_paid: bool
) -> None:
    task = Task(has_store=False)
    if is_paid:
        task.start()  # and is killed
    else:
        kie.fault(Refuse(500), on="submit", times=1)
        with pytest.raises(ServerError):
            task.start()
    second(task)

    if is_paid:
        with pytest.raises(AirflowFailException, match="It may be paid"):
            task.run()
    else:
        assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def test_where_no_record_is_kept_each_of_several_tries_that_paid_nothing_lets_the_next_one_submit(
    kie: Sandbox, given_time: GivenTime
) -> None:
    task = Task(has_store=False)
    for _ in range(2):
        kie.fault(Refuse(429), on="submit", times=1)
        queued = task.start()
        kie.clear_faults()
        kie.fault(Refuse(500), on="submit", times=1)
        with pytest.raises(ServerError):
            task.resume(queued)
        kie.clear_faults()

    assert task.run()["state"] == "success"
    assert len(kie.ledger.charges) == 1


def lost_reply(play: Play) -> Any:
    play.kie.fault(CutAfter(), on="submit", times=1)
    return play.task.start()


def killed_before_the_id(play: Play) -> Any:
    play.dies(Stage.SUBMITTED, "before")
    earlier = play.task
    play.new().follow(earlier)
    return play.task.start()


@pytest.mark.parametrize("is_called", [True, False], ids=["KIE calls", "no call comes"])
@pytest.mark.parametrize("before", [lost_reply, killed_before_the_id])
def test_where_kie_is_to_call_a_lost_id_costs_time_and_no_video(
    play: Play, before: Callable[[Play], Any], is_called: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", "https://airflow.example")
    monkeypatch.setattr(RunwayWakeTrigger, "clock", RunwayHook.clock)
    if not play.keeps_record:
        with pytest.raises(AirflowFailException, match="It may be paid"):
            before(play)
        return
    waiting = before(play)
    assert waiting.method == "execute_called"
    if not is_called:
        with pytest.raises(AirflowFailException, match="It may be paid"):
            play.task.resume(waiting)
        assert play.posts == 1
        return
    nonce = waiting.trigger_arguments["nonce"]
    with RunwayHook() as hook:
        state = EarlierTries(hook, play.task.context, hook.log).state
    called = CallbackEntry(
        nonce=nonce, task_ids=(play.kie.tasks[0].task_id,), code=200, called_at="2026-11-26T10:00:00Z", is_signed=True
    )
    state.set(callback_key(nonce), called.to_json())
    outcome = play.task.resume(waiting, {"task_id": None, "state": "called"})
    while is_waiting(outcome):
        outcome = play.task.resume(outcome)
    assert (outcome["state"], outcome["task_id"]) == ("success", play.kie.tasks[0].task_id)
    assert play.posts == len(play.kie.ledger.charges) == 1
