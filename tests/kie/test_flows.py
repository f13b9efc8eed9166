from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    MaintenanceError,
    RateLimitedError,
    RunwayError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.flows import credits_left, submit
from airflow_provider_runway.kie.requests import ExtendRequest, Request
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.task_ids import APIS, Api, format_task_id

from .support import (
    CODES,
    EVERY_REQUEST,
    EXTEND,
    GENERATE,
    JSON,
    NO_JITTER,
    STATUSES,
    TAKEN,
    Played,
    body,
    no_answer,
    not_sent,
    play,
    said,
    submitted,
)

REQUESTS = st.sampled_from([request for request, _ in EVERY_REQUEST])


def test_a_submission_gives_the_id_of_its_task() -> None:
    assert submitted(TAKEN) == Played("t-1", None, 1, [])


@pytest.mark.parametrize(
    "refusal", [not_sent(), said(code=429), Answer(429, b"slow down"), said(code=455, msg="maintenance")]
)
def test_what_was_refused_for_now_is_sent_again(refusal: Answer | RunwayError) -> None:
    played = submitted(refusal, TAKEN)
    assert (played.result, played.sends, len(played.pauses)) == ("t-1", 2, 1)


def test_sending_again_ends_with_the_tries() -> None:
    played = submitted(*[said(code=429)] * 4)
    assert type(played.error) is RateLimitedError
    assert (played.sends, len(played.pauses)) == (4, 3)


def test_a_single_try_is_sent_once() -> None:
    assert submitted(said(code=429), retry_rules=ONE_TRY).sends == 1


def test_refusals_for_now_can_have_a_number_of_tries_of_their_own() -> None:
    retry_rules = replace(NO_JITTER, tries=3, refusal_tries=1)
    for code, kind in ((429, RateLimitedError), (455, MaintenanceError)):
        played = submitted(said(code=code), retry_rules=retry_rules)
        assert (type(played.error), played.sends) == (kind, 1)
    assert submitted(not_sent(), not_sent(), TAKEN, retry_rules=retry_rules).result == "t-1"
    assert submitted(not_sent(), said(code=429), retry_rules=retry_rules).sends == 2


def test_the_id_of_the_video_to_extend_sent_back_with_a_refusal_is_not_a_new_task() -> None:
    refusal = said({"taskId": EXTEND.task_id}, code=422, msg="record is null")
    assert type(play(submit(EXTEND, NO_JITTER), [refusal]).error) is errors.RejectedError
    other = said({"taskId": "another"}, code=422)
    assert type(play(submit(EXTEND, NO_JITTER), [other]).error) is AmbiguousSubmissionError


def test_a_request_whose_extra_fields_hide_a_parameter_is_never_sent() -> None:
    played = play(submit(replace(GENERATE, extra_fields={"prompt": "x"}), NO_JITTER), [TAKEN])
    assert type(played.error) is errors.InvalidRequestError
    assert played.sends == 0


@dataclass(frozen=True)
class Event:
    """One thing that can happen to a POST, and what it is known to mean, told without the code under test."""

    outcome: Answer | RunwayError
    proves_refusal: bool
    for_now: bool = False


def _answered(code: Any, status: int, data: Any) -> Event:
    answer = said(data, code=code, status=status)
    if isinstance(code, str):
        code = int(code) if code.isdigit() else None
    if not isinstance(code, int) or isinstance(code, bool):
        return replace(_garbled(status, b""), outcome=answer)
    blames_us = 400 <= code < 500 and code not in (408, 499)
    blames_kie = code in (500, 501, 503, 505, 531, 550) and status in (200, 500, 501, 503, 505, 531, 550)
    refused = (blames_us or blames_kie) and not any((data or {}).values())
    return Event(answer, refused, refused and code in (429, 455))


def _garbled(status: int, content: bytes) -> Event:
    refused = 300 <= status < 500 and status not in (408, 499)
    refused = refused or status in (511, 521, 523, 525, 526, 530)
    return Event(Answer(status, content), refused, status in (429, 455))


EVENTS = st.one_of(
    st.builds(lambda: Event(not_sent(), proves_refusal=True, for_now=True)),
    st.builds(lambda: Event(no_answer(), proves_refusal=False)),
    st.builds(
        _answered,
        CODES.filter(lambda code: not isinstance(code, float)),
        STATUSES,
        st.sampled_from([None, {}, {"taskId": "t"}, {"task_id": "t"}, {"id": 7}, {"taskId": ""}]),
    ),
    st.builds(_answered, st.sampled_from([429, "429", 455]), st.sampled_from([200, 429, 503]), st.none()),
    st.builds(_garbled, STATUSES, st.sampled_from([b"", b"<html>", b"{}", b"[]", b'{"msg": "x"}', b"\xff"])),
)


@given(st.lists(EVENTS, min_size=4, max_size=4), st.integers(1, 4), REQUESTS, st.sampled_from(APIS))
def test_a_post_is_never_sent_a_second_time_after_what_does_not_prove_refusal(
    events: list[Event], tries: int, request_: Request, api: Api
) -> None:
    retry_rules = replace(NO_JITTER, tries=tries)
    if isinstance(request_, ExtendRequest):
        request_ = replace(request_, task_id=format_task_id("source-1", api))
    played = play(submit(request_, retry_rules, api), [event.outcome for event in events])
    happened = events[: played.sends]
    assert 1 <= played.sends <= tries
    assert all(event.proves_refusal and event.for_now for event in happened[:-1])
    assert len(played.pauses) == played.sends - 1
    if played.error is not None and not isinstance(played.error, AmbiguousSubmissionError):
        assert happened[-1].proves_refusal
    if played.error is not None:
        assert not (played.error.retryable and not happened[-1].proves_refusal)
        pickle.loads(pickle.dumps(played.error))


@given(
    st.builds(Answer, STATUSES, st.binary() | st.builds(body, JSON, code=CODES, msg=JSON), st.none() | st.text()),
    REQUESTS,
    st.sampled_from(APIS),
)
def test_any_answer_to_a_post_is_a_task_id_or_one_of_our_errors(answer: Answer, request_: Request, api: Api) -> None:
    played = play(submit(request_, ONE_TRY, api), [answer])
    assert (played.result is None) != (played.error is None)
    assert played.result is None or played.result.isprintable()


@pytest.mark.parametrize("code", [429, 455])
@pytest.mark.parametrize(("named", "pause"), [("200", 200.0), ("301", 300.0), ("80000", 300.0), ("1e300", 300.0)])
def test_a_pause_that_kie_names_for_a_submission_counts_for_five_minutes_at_most(
    code: int, named: str, pause: float
) -> None:
    assert submitted(Answer(200, body(code=code), named), TAKEN).pauses == [pause]


def test_the_source_of_an_extension_sent_back_by_the_unified_api_is_not_a_new_task() -> None:
    refusal = said({"taskId": "t-1"}, code=422)
    played = play(submit(replace(EXTEND, task_id="jobs:t-1"), NO_JITTER, "jobs"), [refusal])
    assert type(played.error) is errors.RejectedError


@pytest.mark.parametrize(("data", "balance"), [(100, 100.0), (5916.25, 5916.25), ("12.5", 12.5), (0, 0.0), (-3, -3.0)])
def test_the_balance_is_a_number_in_whatever_form(data: Any, balance: float) -> None:
    assert play(credits_left(NO_JITTER), [said(data)]).result == balance


@pytest.mark.parametrize(
    "data", [None, True, "", "many", "nan", "inf", float("nan"), float("-inf"), 10**400, [5], {"credits": 5}]
)
def test_what_is_no_balance_is_an_error_and_not_a_number(data: Any) -> None:
    error = play(credits_left(NO_JITTER), [said(data)]).error
    assert isinstance(error, UnreadableAnswerError)
    assert "balance is not a number" in str(error)


def test_a_wrong_key_is_told_by_the_balance_at_once() -> None:
    played = play(credits_left(NO_JITTER), [said(code=401, msg="You do not have access permissions")])
    assert isinstance(played.error, errors.AuthenticationError)
    assert "the API key is missing, wrong or without access" in str(played.error)
