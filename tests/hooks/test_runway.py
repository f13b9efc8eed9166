from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from fakes import GivenTime

from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    AuthenticationError,
    GenerationFailedError,
    InvalidRequestError,
    PermissionDeniedError,
    TaskNotFoundError,
    WaitTimeoutError,
)
from airflow_provider_runway.hooks.runway import ExtendRequest, GenerateRequest, RunwayHook, VideoTask
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox

from .support import KEY, REQUEST, Method, mocked


def test_a_video_is_submitted_polled_and_waited_for(kie: Sandbox, given_time: GivenTime, call: Method) -> None:
    hook, changes = RunwayHook(), list[str]()

    task_id = call(hook, "submit", REQUEST)
    first = call(hook, "get_task", task_id)
    video = call(hook, "wait", task_id, on_change=lambda state, _waited: changes.append(state))

    assert isinstance(video, VideoTask)
    assert (first.state, video.state) == ("queued", "success")
    assert video.task_id == task_id
    assert video.video_url
    assert video.video_url.startswith(kie.url)
    assert changes == ["queued", "generating"]
    assert all(10 <= pause <= 12 for pause in given_time.pauses)
    assert len(kie.ledger.submissions) == 1


def test_a_video_is_extended(kie: Sandbox, call: Method) -> None:
    kie.configure(seconds=0)
    hook = RunwayHook()
    first = call(hook, "submit", REQUEST)

    second = call(hook, "submit", ExtendRequest(task_id=first, prompt="It looks up"))

    assert call(hook, "get_task", second).parent_task_id == first


def test_the_balance_goes_down_by_the_price(kie: Sandbox, call: Method) -> None:
    before = call(RunwayHook(), "credits")

    call(RunwayHook(), "submit", REQUEST)

    assert before - call(RunwayHook(), "credits") == 12


def test_a_failed_task_an_unknown_one_and_a_late_one_are_told_apart(
    kie: Sandbox, given_time: GivenTime, call: Method
) -> None:
    kie.fault(Fail("The content was flagged by moderation"), prompt="fox")
    failed = call(RunwayHook(), "submit", REQUEST)
    late = call(RunwayHook(), "submit", GenerateRequest(prompt="A bear", aspect_ratio="1:1"))

    with pytest.raises(GenerationFailedError) as caught:
        call(RunwayHook(), "wait", failed)
    assert (caught.value.reason, caught.value.retryable, caught.value.task_id) == ("moderation", False, failed)
    with pytest.raises(TaskNotFoundError):
        call(RunwayHook(), "get_task", "no-such-task")
    kie.configure(seconds=9000)
    late = call(RunwayHook(), "submit", GenerateRequest(prompt="A bear", aspect_ratio="1:1"))
    with pytest.raises(WaitTimeoutError, match=f"{late} was not ready in time"):
        call(RunwayHook(), "wait", late, timeout=100)


def test_a_cut_submission_is_ambiguous_and_sent_once(kie: Sandbox, given_time: GivenTime, call: Method) -> None:
    kie.fault(CutAfter(), on="submit")

    with pytest.raises(AmbiguousSubmissionError):
        call(RunwayHook(), "submit", REQUEST)

    assert len(kie.ledger.submissions) == 1
    assert given_time.pauses == []


def test_a_wrong_key_is_one_clear_sentence_without_the_key(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, call: Method
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", kie.connection_json().replace(kie.key, KEY))

    with pytest.raises(AuthenticationError, match="401, the API key is missing, wrong or without access") as caught:
        call(RunwayHook("clips"), "credits")

    assert KEY not in str(caught.value)
    assert str(caught.value).startswith("Connection 'clips': KIE.AI answered with code 401")


def test_the_key_goes_out_as_bearer_token_with_our_user_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"code": 200, "msg": "success", "data": 42})

    with mocked(monkeypatch, answer) as hook:
        assert hook.credits() == 42

    (request,) = seen
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"].startswith("airflow-provider-runway/")
    assert request.url == "https://kie.example/api/v1/chat/credit"


def test_an_answer_of_the_edge_is_quoted_with_its_status_and_without_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, text=f"<html>Forbidden for {request.headers['Authorization']}</html>")

    with (
        mocked(monkeypatch, answer) as hook,
        pytest.raises(PermissionDeniedError, match="HTTP 403, the body begins '<html>Forbidden") as caught,
    ):
        hook.credits()

    assert KEY not in str(caught.value)


def test_the_test_button_says_how_many_credits_are_left(kie: Sandbox) -> None:
    assert RunwayHook().test_connection() == (True, "The key works; 5000 credits are left.")
    assert kie.ledger.counts == {"credit": 1}


def test_the_test_button_says_that_the_key_is_wrong(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", kie.connection_json().replace(kie.key, KEY))

    works, message = RunwayHook(runway_conn_id="clips").test_connection()

    assert not works
    assert "the API key is missing, wrong or without access" in message
    assert KEY not in message


def test_the_test_button_says_that_there_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", json.dumps({"conn_type": "runway"}))

    works, message = RunwayHook(runway_conn_id="clips").test_connection()

    assert (works, message) == (
        False,
        "Connection 'clips': There is no API key: KIE.AI needs one (https://kie.ai/api-key).",
    )


def test_the_test_button_says_that_nobody_is_there(
    kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", json.dumps({"conn_type": "runway", "host": "http://127.0.0.1:9",
                                                         "password": KEY}))  # fmt: skip

    works, message = RunwayHook(runway_conn_id="clips").test_connection()

    assert not works
    assert message.startswith(
        "KIE.AI could not be reached at 127.0.0.1:9 (ConnectError: Connection refused). Nothing was sent."
    )


def test_the_test_button_has_an_answer_while_the_service_is_down(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(455), on="credit")

    works, message = RunwayHook().test_connection()

    assert not works
    assert "KIE is under maintenance" in message


def _named(conn_id: str) -> dict[str, Any]:
    return {RunwayHook.conn_name_attr: conn_id}


def test_airflow_can_build_the_hook_from_a_connection_id_alone() -> None:
    hook = RunwayHook(**_named("clips"))

    assert hook.runway_conn_id == "clips"
    assert RunwayHook().runway_conn_id == RunwayHook.default_conn_name == "runway_default"
    assert (RunwayHook.conn_type, RunwayHook.hook_name) == ("runway", "Runway (KIE.AI)")


def test_a_wait_logs_what_changes(kie: Sandbox, given_time: GivenTime, capfd: pytest.CaptureFixture[str]) -> None:
    with RunwayHook() as hook:
        task_id = hook.submit(REQUEST)
        hook.wait(task_id)

    assert re.findall(rf"Task {task_id}: (\w+) after (\d+) s", capfd.readouterr().out) == [
        ("queued", "0"),
        ("generating", str(int(given_time.pauses[0] + given_time.pauses[1] + 0.5))),
    ]


@pytest.mark.parametrize("name", ["poll_interval", "timeout"])
@pytest.mark.parametrize("value", [0, -5, float("nan"), float("inf"), True, "5", None, 1e300])
def test_a_wait_with_a_time_that_cannot_work_is_refused_unsent(kie: Sandbox, name: str, value: Any) -> None:
    given: Any = {name: value}
    with (
        RunwayHook() as hook,
        pytest.raises(InvalidRequestError, match=f"^{name} must be .* Nothing was sent") as caught,
    ):
        hook.wait("t-1", **given)
    with pytest.raises(InvalidRequestError, match=name):
        Method("async")(RunwayHook(), "wait", "t-1", **given)

    assert (caught.value.field, kie.ledger.requests) == (name, ())


def test_no_wait_polls_more_often_than_once_a_second(kie: Sandbox) -> None:
    with RunwayHook() as hook, pytest.raises(InvalidRequestError, match="poll_interval must be a time of at least 1 s"):
        hook.wait("t-1", poll_interval=0.99)


def test_a_transport_in_place_of_the_network_is_never_passed_by(kie: Sandbox) -> None:
    hook = RunwayHook(transport=httpx.MockTransport(lambda _: httpx.Response(500)))

    async def submit() -> None:
        async with hook.a_get_conn() as client:
            await client.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))

    with pytest.raises(TypeError, match="sync methods alone"):
        asyncio.run(submit())

    assert not kie.ledger.charges
