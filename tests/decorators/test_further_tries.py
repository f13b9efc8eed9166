"""What a function has returned counts for the tries that follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime
from operators.support import Deferred, Task

from airflow_provider_runway.decorators.runway import RETURNED_KEY
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.submission import RETENTION
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

from .functions import Signing, decorated, fox, running, sent


class Whims:
    """A function that never returns the same."""

    def __init__(self) -> None:
        self.calls = 0

    @property
    def function(self) -> Callable[[], str]:
        def prompt() -> str:
            self.calls += 1
            return f"Idea {self.calls}"

        return prompt


@pytest.mark.parametrize("has_store", [True, False])
def test_the_function_is_called_once_in_a_try(kie: Sandbox, given_time: GivenTime, has_store: bool) -> None:
    whims = Whims()
    kie.fault(Refuse(429), on="submit", times=1)
    made = running(whims.function, has_store=has_store)

    queued = made.start()
    waiting = made.resume(queued, {"moment": 0.0, "queued_at": 0.0, "refusals": 1})
    made.resume(waiting)

    assert [queued.method, waiting.method] == ["execute_admitted", "execute_complete"]
    assert whims.calls == 1
    assert [video.prompt for video in kie.tasks] == ["Idea 1"]


def test_a_retry_waits_on_what_the_function_returned_before(kie: Sandbox, given_time: GivenTime) -> None:
    whims = Whims()
    made = running(whims.function)
    assert isinstance(made.start(), Deferred)

    result = made.run()

    assert whims.calls == 1
    assert [charge.task_id for charge in kie.ledger.charges] == [result["task_id"]]
    assert made.operator.prompt == "Idea 1"  # type: ignore[attr-defined]
    assert set(made.store.retentions) == {RETENTION, timedelta(days=60)}


def test_a_doubtful_submission_is_not_repeated_with_another_prompt(kie: Sandbox, given_time: GivenTime) -> None:
    whims = Whims()
    kie.fault(CutAfter(), on="submit", times=1)
    made = running(whims.function)
    with pytest.raises(AirflowFailException, match="AmbiguousSubmissionError"):
        made.run()

    with pytest.raises(AirflowFailException, match="It is not submitted again"):
        made.run()
    assert (whims.calls, len(kie.ledger.charges)) == (1, 1)


@pytest.mark.parametrize("has_store", [True, False])
def test_a_call_that_brings_a_lost_task_id_calls_no_function_again(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_store: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__CALLBACK_BASE_URL", "https://airflow.example")
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    whims = Whims()
    kie.fault(CutAfter(), on="submit", times=1)
    made = running(whims.function, has_store=has_store)

    lost = made.start()
    bare, at = kie.tasks[0].task_id, "2026-11-26T10:00:00+00:00"
    with RunwayHook() as hook:
        state = EarlierTries(hook, made.context, hook.log).state
    nonce = str(state.read_submission().nonce)  # type: ignore[union-attr] # there is one
    entry = CallbackEntry(nonce=nonce, task_ids=(bare,), code=200, called_at=at, is_signed=True)
    state.set(callback_key(nonce), entry.to_json())
    waiting = made.resume(lost, {"task_id": None, "state": "called"})
    result = made.resume(waiting)

    assert [lost.method, waiting.method] == ["execute_called", "execute_complete"]
    assert result["task_id"] == bare
    assert whims.calls == len(kie.ledger.charges) == 1


def test_nothing_submitted_calls_the_function_again(kie: Sandbox, given_time: GivenTime) -> None:
    whims = Whims()
    kie.fault(Refuse(402), on="submit", times=1)
    made = running(whims.function)
    with pytest.raises(AirflowFailException, match="InsufficientCreditsError"):
        made.run()

    made.run()

    assert [video.prompt for video in kie.tasks] == ["Idea 2"]


def test_a_failed_video_calls_the_function_again_when_the_task_is_cleared(kie: Sandbox, given_time: GivenTime) -> None:
    whims = Whims()
    kie.fault(Fail("The AI moderator caught your prompt"), times=1)
    made = running(whims.function)
    with pytest.raises(AirflowFailException, match="moderation"):
        made.run()

    made.clear()
    made.run()

    assert [video.prompt for video in kie.tasks] == ["Idea 1", "Idea 2"]
    assert len(kie.ledger.paid) == 1


def test_a_cleared_success_calls_the_function_again(kie: Sandbox, given_time: GivenTime) -> None:
    whims = Whims()
    made = running(whims.function)
    made.run()

    made.clear()
    made.run()

    assert [video.prompt for video in kie.tasks] == ["Idea 1", "Idea 2"]


def test_other_arguments_are_another_video_and_the_log_says_so(
    kie: Sandbox, given_time: GivenTime, capsys: pytest.CaptureFixture[str]
) -> None:
    animals = ["fox", "bear"]

    def video(animal: str) -> str:
        return f"A {animal}"

    made = Task(lambda: decorated(video, animals[0]))  # type: ignore[arg-type, return-value]
    made.start()
    animals.pop(0)

    made.run()

    assert [each.prompt for each in kie.tasks] == ["A fox", "A bear"]
    assert f"whose task {kie.tasks[0].task_id} is paid and not used" in capsys.readouterr().out


def test_another_function_is_another_video(kie: Sandbox, given_time: GivenTime) -> None:
    def bear() -> str:
        return "A bear"

    functions = [fox, bear]
    made = Task(lambda: decorated(functions[0]))  # type: ignore[arg-type, return-value]
    made.start()
    functions.pop(0)

    made.run()

    assert [each.prompt for each in kie.tasks] == ["A fox", "A bear"]


def test_a_function_that_returns_no_picture_any_more_sends_none(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    function = signing.function

    def video() -> Any:
        fields = function()
        return fields if signing.calls == 1 else "A bear"

    kie.fault(Refuse(429), on="submit", times=1)
    made = running(video)
    queued = made.start()
    made.resume(queued, {"moment": 0.0, "queued_at": 0.0, "refusals": 1})

    assert (requests[-1].prompt, requests[-1].image_url) == ("A bear", None)


@pytest.mark.parametrize("kept", [True, False])
def test_the_function_is_not_called_on_the_way_back_even_if_what_it_returned_is_kept_no_more(
    kie: Sandbox, given_time: GivenTime, kept: bool
) -> None:
    calls: list[int] = []

    def prompt() -> str:
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("the source of prompts is gone")
        return "A fox"

    made = running(prompt)
    waiting = made.start()
    if not kept:
        made.store.delete(RETURNED_KEY)

    assert made.resume(waiting)["state"] == "success"
    assert calls == [1]


@pytest.mark.parametrize("has_store", [True, False])
def test_with_a_records_folder_a_retry_waits_on_the_video_whatever_the_function_returns_by_then(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_store: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    whims = Whims()
    made = running(whims.function, has_store=has_store)
    made.start()

    assert made.run()["task_id"] == kie.ledger.charges[0].task_id
    assert whims.calls == (1 if has_store else 2)
    assert len(kie.ledger.submissions) == 1
    assert not [file for file in tmp_path.rglob("*.json") if "Idea" in file.read_text()]


def test_with_a_records_folder_a_function_that_is_asked_something_else_makes_another_video(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))

    def prompt(animal: str) -> str:
        return f"A {animal}"

    running(prompt, "fox", has_store=False).start()
    other = running(prompt, "hare", has_store=False)
    other.try_number = 1
    other.run()

    assert len(kie.ledger.submissions) == 2
