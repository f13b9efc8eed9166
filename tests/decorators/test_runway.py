from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator, ObjectStoragePath, task
from fakes import PIXEL, GivenTime
from operators.support import Deferred, Task

from airflow_provider_runway.decorators.runway import RETURNED_KEY, RunwayDecoratedOperator
from airflow_provider_runway.exceptions import AmbiguousSubmissionError, InvalidRequestError
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.submission import RETENTION
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.utils.callbacks import CallbackEntry, callback_key

ASPECT: dict[str, Any] = {"aspect_ratio": "16:9"}


def decorated(function: Callable[..., Any], *arguments: Any, **parameters: Any) -> BaseOperator:
    """The operator that a decorated function becomes when it is called in a DAG."""
    return task.runway(**{**ASPECT, **parameters})(function)(*arguments).operator  # type: ignore[no-any-return]


def running(function: Callable[..., Any], *arguments: Any, has_store: bool = True, **parameters: Any) -> Task:
    def build() -> RunwayDecoratedOperator:
        operator = decorated(function, *arguments, **parameters)
        assert isinstance(operator, RunwayDecoratedOperator)
        return operator

    return Task(build, has_store=has_store)


def fox() -> str:
    return "A fox"


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


def test_the_function_returns_the_prompt(kie: Sandbox, given_time: GivenTime) -> None:
    def video(animal: str) -> str:
        return f"A {animal} in the snow"

    made = running(video, "fox", duration=10)

    result = made.run()

    [charge] = kie.tasks
    assert (charge.prompt, charge.seconds) == ("A fox in the snow", 10)
    assert result["task_id"] == charge.task_id
    assert result["credits_estimate"] == 30
    assert made.operator.task_id == "video"
    assert made.operator.prompt == "A fox in the snow"  # type: ignore[attr-defined]


def test_the_function_returns_fields_that_take_the_place_of_the_decorators(kie: Sandbox, given_time: GivenTime) -> None:
    def video() -> dict[str, Any]:
        return {"prompt": "A fox", "duration": 10, "aspect_ratio": "9:16"}

    running(video, duration=5, quality="720p").run()

    [made] = kie.tasks
    assert (made.prompt, made.seconds) == ("A fox", 10)
    assert made.width < made.height


def test_an_image_may_come_from_the_function_or_from_the_decorator(kie: Sandbox, given_time: GivenTime) -> None:
    picture = "https://example.com/fox.png"

    def fields() -> dict[str, Any]:
        return {"prompt": "A fox", "image_url": picture}

    running(fields, aspect_ratio=None).run()
    running(fox, aspect_ratio=None, image_url=picture).run()
    running(fox).run()

    assert list(kie.ledger.charges_by_body().values()) == [2, 1]


def test_a_file_may_come_from_the_function(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(PIXEL)

    def fields() -> dict[str, Any]:
        return {"prompt": "A fox", "image_url": ObjectStoragePath(f"file://{picture}")}

    assert running(fields, aspect_ratio=None).run()["state"] == "success"
    assert len(kie.ledger.of("upload")) == 1


def test_the_function_gets_the_context_it_asks_for(kie: Sandbox, given_time: GivenTime) -> None:
    def video(animal: str, ti: Any = None, **context: Any) -> str:
        assert "task_state_store" in context
        return f"A {animal} for {ti.dag_id}"

    running(video, "fox").run()

    assert kie.tasks[0].prompt == "A fox for clips"


def test_what_is_returned_is_no_template(kie: Sandbox, given_time: GivenTime) -> None:
    """It may come from anywhere, such as from a language model."""

    def video() -> str:
        return "A {{ fox }}"

    running(video).run()

    assert kie.tasks[0].prompt == "A {{ fox }}"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "what video returns must be the prompt, or a mapping that has one; got None"),
        (["A fox"], "must be the prompt, or a mapping that has one"),
        ({"duration": 5}, "must be the prompt, or a mapping that has one"),
        ({"prompt": "A fox", "seconds": 5}, r"may have the keys prompt, image_url, .*; got \['seconds'\]"),
        ({"prompt": "A fox", "duration": 7}, "duration must be 5 or 10"),
        ({"prompt": "A fox", "extra_fields": {"x": object()}}, "extra_fields must be a mapping"),
        (" ", "prompt must be a text of 1 to 1800 characters"),
    ],
)
def test_what_cannot_be_sent_fails_for_good_and_is_not_kept(kie: Sandbox, returned: Any, said: str) -> None:
    def video() -> Any:
        return returned

    made = running(video)

    with pytest.raises(AirflowFailException, match=f"InvalidRequestError: .*{said}.*Nothing was sent"):
        made.run()
    assert kie.ledger.requests == ()
    assert made.store.rows == {}


def test_an_error_of_the_function_is_its_own_and_nothing_is_sent(kie: Sandbox) -> None:
    def video() -> str:
        raise LookupError("no idea today")

    with pytest.raises(LookupError, match="no idea today"):
        running(video).run()
    assert kie.ledger.requests == ()


def test_literal_parameters_are_judged_while_the_dag_is_read() -> None:
    with pytest.raises(InvalidRequestError, match="duration must be 5 or 10"):
        decorated(fox, duration=7)
    with pytest.raises(InvalidRequestError, match="prompt is what the function returns"):
        decorated(fox, prompt="A bear")


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


def test_an_async_function_returns_the_prompt(kie: Sandbox, given_time: GivenTime) -> None:
    async def video(animal: str, ti: Any = None) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"prompt": f"A {animal} for {ti.dag_id}", "duration": 10}

    async def only_a_text() -> str:
        return "A bear"

    def awaitable() -> Awaitable[str]:
        return only_a_text()

    running(video, "fox").run()
    running(only_a_text).run()
    running(awaitable).run()

    made = [(each.prompt, each.seconds) for each in kie.tasks]
    assert made == [("A fox for clips", 10), ("A bear", 5), ("A bear", 5)]


def test_an_error_of_an_async_function_is_its_own(kie: Sandbox) -> None:
    async def video() -> str:
        raise LookupError("no idea today")

    with pytest.raises(LookupError, match="no idea today"):
        running(video).run()
    assert kie.ledger.requests == ()


def test_whole_numbers_of_other_types_that_a_function_returns_are_kept(kie: Sandbox, given_time: GivenTime) -> None:
    def video() -> dict[str, Any]:
        return {"prompt": "A fox", "duration": Decimal(10), "quality": None, "extra_fields": {"a": (1, 2)}}

    made = running(video)
    made.start()

    assert made.store.get(RETURNED_KEY)["fields"] == {
        "prompt": "A fox", "duration": 10, "quality": "720p", "extra_fields": {"a": [1, 2]},
    }  # fmt: skip


class Signing:
    """A function whose picture is signed anew in each call.

    :param prompt: What it says in its calls, one after another; the last one again and again.
    """

    def __init__(self, *prompts: str) -> None:
        self.calls = 0
        self._prompts = prompts

    def link(self, call: int) -> str:
        query = f"v=1&X-Amz-Credential=k&X-Amz-Date={call}&X-Amz-Signature=secret{call}"
        return f"https://bucket.example/fox.png?{query}"

    @property
    def function(self) -> Callable[[], dict[str, Any]]:
        def video() -> dict[str, Any]:
            self.calls += 1
            prompt = self._prompts[min(self.calls, len(self._prompts)) - 1]
            signed = self.link(self.calls)
            return {"prompt": prompt, "image_url": signed, "callback_url": signed, "extra_fields": {"deep": [signed]}}

        return video


def sent(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[GenerateRequest]:
    """The requests that are sent from here on."""
    requests: list[GenerateRequest] = []
    submit = KieClient.submit

    def noting(self: KieClient, request: Any, **options: Any) -> str:
        requests.append(request)
        return submit(self, request, **options)

    monkeypatch.setattr(KieClient, "submit", noting)
    return requests


@pytest.mark.parametrize("has_store", [True, False])
def test_no_signature_is_kept_and_what_is_sent_has_one_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, has_store: bool
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    kie.fault(Refuse(429), on="submit", times=1)
    made = running(signing.function, aspect_ratio=None, has_store=has_store)

    queued = made.start()
    waiting = made.resume(queued, {"moment": 0.0, "queued_at": 0.0, "refusals": 1})
    result = made.resume(waiting)

    assert result["state"] == "success"
    assert "secret" not in json.dumps([made.store.rows, made.pushed])
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]
    assert [request.extra_fields for request in requests][-1] == {"deep": [signing.link(2)]}
    assert (signing.calls, len(kie.ledger.charges)) == (2, 1)


def test_a_retry_that_waits_needs_no_signature(kie: Sandbox, given_time: GivenTime) -> None:
    signing = Signing("A fox")
    made = running(signing.function, aspect_ratio=None)
    made.start()

    assert made.run()["state"] == "success"
    assert (signing.calls, len(kie.ledger.charges)) == (1, 1)


@pytest.mark.parametrize("prompts", [("A fox",), ("A fox", "A bear")])
def test_a_video_that_is_submitted_again_has_a_link_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch, prompts: tuple[str, ...]
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing(*prompts)
    kie.fault(Fail("Internal Error, please try again later", 501), times=1)
    made = running(signing.function, aspect_ratio=None)
    made.start()
    kie.advance(60)

    assert made.run()["state"] == "success"
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]
    assert requests[-1].prompt == prompts[-1]
    assert len(kie.ledger.paid) == 1


def test_a_request_that_the_decorator_has_changed_has_a_link_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    function = signing.function
    durations = [5, 10]
    made = Task(lambda: decorated(function, aspect_ratio=None, duration=durations[0]))  # type: ignore[arg-type, return-value]
    made.start()
    durations.pop(0)

    made.run()

    assert [request.duration for request in requests] == [5, 10]
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]


def test_a_doubtful_submission_that_may_be_repeated_has_a_link_that_works(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = sent(kie, monkeypatch)
    signing = Signing("A fox")
    kie.fault(CutAfter(), on="submit", times=1)
    made = running(signing.function, aspect_ratio=None, on_ambiguous_submit="resubmit")
    with pytest.raises(AmbiguousSubmissionError):
        made.run()

    assert made.run()["state"] == "success"
    assert [request.image_url for request in requests] == [signing.link(1), signing.link(2)]


def test_a_prompt_that_is_a_signed_link_is_kept_as_it_is(kie: Sandbox, given_time: GivenTime) -> None:
    link = Signing("").link(1)

    def video() -> str:
        return link

    made = running(video)
    made.start()

    made.run()

    assert len(kie.ledger.charges) == 1


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
