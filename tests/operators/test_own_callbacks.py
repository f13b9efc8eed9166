"""Where KIE is asked to call, what of it is kept, and what a call does to a task that waits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.exceptions import AmbiguousSubmissionError, InvalidRequestError, RejectedError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie import client as client_module
from airflow_provider_runway.kie.callback_tokens import CallbackToken, UnverifiedToken
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.operators.folder_records import coordinates
from airflow_provider_runway.operators.submission import Submission
from airflow_provider_runway.sandbox import CutAfter, Fail, NoUrl, Refuse, Sandbox
from airflow_provider_runway.triggers.runway import RunwayVideoTrigger
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

from .support import Deferred, Task, is_waiting, posts

BASE = "https://airflow.example"
OWN = "https://films.example/called?x=1"
CALLED = "called"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What goes to KIE."""
    requests = list[Request]()
    submit = KieClient.submit

    def note(client: KieClient, request: Request, **options: Any) -> str:
        requests.append(request)
        return submit(client, request, **options)

    monkeypatch.setattr(client_module.KieClient, "submit", note)
    return requests


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch, given_time: GivenTime, sent: list[Request]) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", BASE)
    monkeypatch.setattr(RunwayWakeTrigger, "clock", given_time.clock)


def token_of(request: Request) -> CallbackToken:
    assert request.callback_url is not None
    start = f"{BASE}/runway/callback/"
    assert request.callback_url.startswith(start)
    with RunwayHook() as hook:
        key = hook.settings.address.api_key
    return UnverifiedToken.read(request.callback_url.removeprefix(start)).verify(key, time.time())


def call_of(waiting: Deferred) -> dict[str, Any]:
    return {"task_id": waiting.trigger_arguments["runway_task_id"], "state": CALLED}


def polls(kie: Sandbox) -> int:
    return sum(each.purpose == "record" for each in kie.ledger.requests)


# --- what KIE is asked for


@pytest.mark.usefixtures("base", "given_time")
@pytest.mark.parametrize("has_store", [True, False])
def test_kie_is_asked_to_call_by_a_token_that_names_the_task_and_the_submission(
    sent: list[Request], has_store: bool
) -> None:
    task = Task(has_store=has_store)

    waiting = task.start()

    assert is_waiting(waiting)
    token, of = token_of(sent[0]), coordinates(task.context["ti"])
    assert (token.conn_id, token.dag_id, token.run_id) == ("runway_default", of.dag_id, of.run_id)
    assert (token.task_id, token.map_index, token.region) == (of.task_id, of.map_index, of.region)
    assert waiting.trigger_arguments["nonce"] == token.nonce
    if has_store:
        assert task.store.record is not None
        assert task.store.record["nonce"] == token.nonce


@pytest.mark.usefixtures("given_time")
def test_the_address_of_the_connection_counts_before_that_of_the_configuration(
    kie: Sandbox, base: None, sent: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = json.loads(kie.connection_json())
    connection["extra"] = {**connection.get("extra", {}), "callback_base_url": "https://other.example/air"}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))

    Task().start()

    assert str(sent[0].callback_url).startswith("https://other.example/air/runway/callback/")


@pytest.mark.usefixtures("base", "given_time")
def test_in_a_records_folder_the_submission_has_the_same_nonce(
    sent: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))

    Task(has_store=False).start()

    [entry] = (each for each in tmp_path.glob("*/1.json") if not each.parent.name.startswith("_"))
    written = json.loads(entry.read_text())
    assert written["nonce"] == written["value"]["nonce"] == token_of(sent[0]).nonce


@pytest.mark.usefixtures("base", "given_time")
def test_an_address_of_the_users_own_passes_through_untouched(sent: list[Request]) -> None:
    task = Task(callback_url=OWN)

    waiting = task.start()

    assert sent[0].callback_url == OWN
    assert not {"nonce", "calls"} & waiting.trigger_arguments.keys()
    assert task.store.record is not None
    assert "nonce" not in task.store.record


@pytest.mark.usefixtures("given_time")
def test_without_an_address_nothing_is_changed(kie: Sandbox, sent: list[Request]) -> None:
    task = Task()

    waiting = task.start()

    assert sent[0].callback_url is None
    assert not {"nonce", "calls"} & waiting.trigger_arguments.keys()
    assert task.store.record is not None
    assert "nonce" not in task.store.record


@pytest.mark.usefixtures("base", "given_time")
def test_the_token_is_kept_nowhere(
    sent: list[Request], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    task = Task()
    with caplog.at_level(0):
        waiting = task.start()
        task.resume(waiting)

    token = str(sent[0].callback_url).rpartition("/")[2]
    kept = [waiting.trigger_arguments, waiting.arguments, task.store.rows, task.pushed, task.operator.callback_url]
    assert token not in json.dumps(kept)
    assert token not in caplog.text + "".join(capsys.readouterr())


@pytest.mark.usefixtures("given_time")
@pytest.mark.parametrize("fault", [Refuse(422), Refuse(504)])
def test_an_answer_that_sends_the_token_back_does_not_show_it(
    kie: Sandbox, base: None, monkeypatch: pytest.MonkeyPatch, fault: Refuse, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = list[str]()
    submit = KieClient.submit

    def echoed(client: KieClient, request: Request, **options: Any) -> str:
        urls.append(str(request.callback_url))
        kie.fault(Refuse(fault.code, f"bad url: {urls[-1][-80:]}"), on="submit", times=1)
        return submit(client, request, **options)

    monkeypatch.setattr(KieClient, "submit", echoed)
    task = Task()
    with pytest.raises((RejectedError, AirflowFailException, AmbiguousSubmissionError)) as caught:
        task.resume(task.start())

    signature, error = urls[0].rpartition(".")[2], caught.value
    seen: BaseException | None = error
    while seen is not None:
        assert signature not in str(seen)
        assert signature not in repr(seen)
        seen = seen.__cause__
    said = str(error) + capsys.readouterr().out
    assert "bad url" in said
    assert signature not in json.dumps([task.store.rows, task.pushed]) + said


@pytest.mark.usefixtures("base", "given_time")
def test_names_too_long_for_a_token_are_polled_for(
    sent: list[Request], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("airflow_provider_runway.kie.callback_tokens.LONGEST_TOKEN", 50)

    with caplog.at_level(0):
        waiting = Task().start()

    assert sent[0].callback_url is None
    assert "nonce" not in waiting.trigger_arguments
    assert caplog.text.count("is not asked to call back") <= 1


@pytest.mark.usefixtures("given_time")
def test_nonsense_in_the_configuration_is_refused_before_anything_is_sent(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", "airflow.example")

    with pytest.raises((InvalidRequestError, AirflowFailException), match="callback_base_url"):
        Task().start()

    assert posts(kie) == 0


@pytest.mark.usefixtures("given_time")
def test_a_try_that_reattaches_waits_for_the_call_of_that_submission(
    kie: Sandbox, base: None, sent: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    first = task.start()
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", "https://moved.example")

    second = task.start()

    assert posts(kie) == 1
    assert second.trigger_arguments["nonce"] == first.trigger_arguments["nonce"]


@pytest.mark.usefixtures("base", "given_time")
def test_each_submission_has_a_nonce_of_its_own(kie: Sandbox, sent: list[Request]) -> None:
    kie.fault(Fail("Generation failed, please try again later"), times=1)
    task = Task()
    first = task.start()
    kie.advance(120)

    second = task.start()

    assert posts(kie) == 2
    assert token_of(sent[0]).nonce != token_of(sent[1]).nonce
    assert first.trigger_arguments["nonce"] != second.trigger_arguments["nonce"] == token_of(sent[1]).nonce


@pytest.mark.parametrize("odd", [None, 7, "", "../../etc", "0" * 31, "G" * 32, ["a"], {"a": 1}])
def test_a_nonce_that_is_none_is_as_if_there_were_none(odd: Any) -> None:
    stored = {
        "version": 1,
        "stage": "submitted",
        "fingerprint": "0" * 16,
        "intended_at": "2026-11-22T08:00:00+00:00",
        "task_id": "task-1",
        "submitted_at": None,
        "saved_to": None,
        "nonce": odd,
    }
    assert Submission.from_json(stored).nonce is None


# --- what a call does


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("has_store", [True, False])
def test_a_call_brings_the_result_by_one_poll(
    kie: Sandbox, given_time: GivenTime, capsys: pytest.CaptureFixture[str], has_store: bool
) -> None:
    task = Task(has_store=has_store)
    waiting = task.start()
    kie.advance(61)

    result = task.resume(waiting, call_of(waiting))

    assert "has not come" not in capsys.readouterr().out
    assert result["state"] == "success"
    assert polls(kie) == 1
    assert posts(kie) == 1


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("has_store", [True, False])
def test_a_call_that_comes_too_early_costs_one_poll_and_the_wait_goes_on(
    kie: Sandbox, given_time: GivenTime, has_store: bool
) -> None:
    task = Task(has_store=has_store)
    first = task.start()

    second = task.resume(first, call_of(first))

    assert is_waiting(second)
    assert polls(kie) == 1
    assert second.trigger_arguments["nonce"] == first.trigger_arguments["nonce"]
    assert second.trigger_arguments["deadline"] == pytest.approx(first.trigger_arguments["deadline"], abs=1)
    assert not second.trigger.request.expects_call
    assert task.resume(second)["state"] == "success"
    assert posts(kie) == 1


@pytest.mark.usefixtures("base", "given_time")
def test_calls_that_come_to_nothing_are_bounded(kie: Sandbox) -> None:
    task = Task()
    waiting, wakes = task.start(), 0
    while "nonce" in waiting.trigger_arguments:
        waiting, wakes = task.resume(waiting, call_of(waiting)), wakes + 1

    assert wakes == polls(kie) == 5
    assert task.resume(waiting)["state"] == "success"


@pytest.mark.usefixtures("base")
def test_a_call_while_kie_is_down_ends_nothing(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()
    waiting = task.start()
    kie.fault(Refuse(500), on="record", times=20)

    again = task.resume(waiting, call_of(waiting))

    assert is_waiting(again)
    kie.clear_faults()
    assert task.resume(again)["state"] == "success"


@pytest.mark.usefixtures("base")
def test_a_call_before_the_link_is_there_does_not_end_the_wait(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(NoUrl(), on="record", times=1)
    task = Task()
    waiting = task.start()
    kie.advance(61)

    again = task.resume(waiting, call_of(waiting))

    assert is_waiting(again)
    assert task.resume(again)["video_url"]


@pytest.mark.usefixtures("base")
def test_a_call_for_a_video_that_failed_says_so(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Fail("Your content was flagged by moderation"), times=1)
    task = Task()
    waiting = task.start()
    kie.advance(61)

    with pytest.raises(AirflowFailException, match="flagged by moderation"):
        task.resume(waiting, call_of(waiting))


def kept_in_store(task: Task, key: str, value: dict[str, Any], folder: Path) -> None:
    del folder
    task.store.set(key, value)


def kept_in_folder(task: Task, key: str, value: dict[str, Any], folder: Path) -> None:
    from airflow_provider_runway.storage.records import RecordsFolder

    RecordsFolder(str(folder)).set(coordinates(task.context["ti"]), key, value)


@pytest.mark.usefixtures("base", "given_time")
@pytest.mark.parametrize(("has_store", "keep"), [(True, kept_in_store), (False, kept_in_folder)])
def test_a_call_that_came_before_the_deferral_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_store: bool,
    keep: Callable[[Task, str, dict[str, Any], Path], None],
) -> None:
    if not has_store:
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    task = Task(has_store=has_store)
    submit = KieClient.submit

    def called_meanwhile(client: KieClient, request: Request, **options: Any) -> str:
        task_id, nonce = submit(client, request, **options), token_of(request).nonce
        entry = CallbackEntry(nonce=nonce, task_ids=(task_id,), code=200, called_at="2026", is_signed=False)
        keep(task, callback_key(nonce), entry.to_json(), tmp_path)
        return task_id

    monkeypatch.setattr(KieClient, "submit", called_meanwhile)
    waiting = task.start()

    assert not waiting.trigger.request.expects_call
    assert task.resume(waiting)["state"] == "success"


@pytest.mark.usefixtures("base", "given_time")
def test_where_what_was_said_cannot_be_read_the_call_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("airflow_provider_runway.operators.own_callbacks.callback_key", broken)

    assert is_waiting(Task().start())


@pytest.mark.usefixtures("base")
def test_a_lost_call_costs_delay_and_no_video(
    kie: Sandbox, given_time: GivenTime, capsys: pytest.CaptureFixture[str]
) -> None:
    task = Task(timeout=3600)
    waiting = task.start()

    assert waiting.wait()["state"] == "success"
    assert sum(each.purpose == "record" for each in kie.ledger.requests) == 1
    assert task.resume(waiting, {"task_id": waiting.trigger_arguments["runway_task_id"], "state": "success"})
    said = capsys.readouterr().out
    assert "call for task" in said
    assert "callbacks check" in said


@pytest.mark.usefixtures("base", "given_time")
def test_the_trigger_keeps_what_it_knows_of_calls() -> None:
    waiting = Task().start()
    path, arguments = waiting.trigger.serialize()

    assert path == waiting.trigger_path
    assert RunwayVideoTrigger(**arguments).serialize() == (path, arguments)
    assert arguments == waiting.trigger_arguments


@pytest.mark.usefixtures("base", "given_time")
def test_an_unknown_outcome_keeps_the_nonce_and_is_not_sent_again(kie: Sandbox, sent: list[Request]) -> None:
    kie.fault(CutAfter(), on="submit", times=1)
    task = Task()

    with pytest.raises((AmbiguousSubmissionError, AirflowFailException)):
        task.resume(task.start())

    assert task.store.record is not None
    assert (task.store.record["stage"], task.store.record["nonce"]) == ("intent", token_of(sent[0]).nonce)
    with pytest.raises((AmbiguousSubmissionError, AirflowFailException)):
        task.start()
    assert posts(kie) == 1
