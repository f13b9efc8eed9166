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
    ConnectionSettingsError,
    MaintenanceError,
    NoAnswerError,
    NotSentError,
    RateLimitedError,
    RunwayError,
    ServiceError,
    TaskNotFoundError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.flows import credits_left, get_task, refuses, submit
from airflow_provider_runway.kie.requests import ExtendRequest, GenerateRequest, JobRequest, Request
from airflow_provider_runway.kie.retry_rules import ONE_TRY, RetryRules
from airflow_provider_runway.kie.task_ids import APIS, Api, format_task_id
from airflow_provider_runway.kie.tasks import KINDS, Kind, VideoTask

from .support import (
    CODES,
    EVERY_REQUEST,
    EXTEND,
    GENERATE,
    JSON,
    NO_JITTER,
    READY,
    RECORDS,
    STATUSES,
    Played,
    body,
    play,
    record,
    said,
    wild,
)

TAKEN = said({"taskId": "t-1"})
REQUESTS = st.sampled_from([request for request, _ in EVERY_REQUEST])


def not_sent() -> RunwayError:
    return NotSentError("KIE.AI could not be reached (ConnectError). Nothing was sent.")


def no_answer() -> RunwayError:
    return NoAnswerError("No whole answer came back from KIE.AI (ReadTimeout).")


def submitted(*script: Answer | RunwayError, retry_rules: RetryRules = NO_JITTER) -> Played[str]:
    return play(submit(GENERATE, retry_rules), script)


def got_task(*script: Answer | RunwayError, retry_rules: RetryRules = NO_JITTER) -> Played[VideoTask]:
    return play(get_task("t-1", "runway", retry_rules), script)


# --- submitting


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


REFUSALS = [
    (said(code=400), errors.BadRequestError),
    (said(code=401, msg="You do not have access permissions"), errors.AuthenticationError),
    (said(code=402), errors.InsufficientCreditsError),
    (said(code=403), errors.PermissionDeniedError),
    (Answer(403, b"error code: 1010"), errors.PermissionDeniedError),
    (said(code=404), errors.NotFoundError),
    (Answer(404, b"<html>"), errors.NotFoundError),
    (said(code=405), errors.BadRequestError),
    (said(code=409), errors.BadRequestError),
    (said(code=422, msg="Please enter callBackUrl."), errors.RejectedError),
    (said(code=433), errors.QuotaExceededError),
    (said(code=451), errors.InputUnreachableError),
    (said(code=500, msg="This field is required"), errors.ServerError),
    (said(code=500, status=500), errors.ServerError),
    (said(code=501), errors.ServerError),
    (said(code=505), errors.FeatureDisabledError),
    (said(code=531), errors.ServerError),
    (said(code=550), errors.ServerError),
    (Answer(301, b""), errors.BadRequestError),
    (Answer(307, b""), errors.BadRequestError),
    (Answer(521, b"Web server is down"), UnreadableAnswerError),
    (Answer(523, b""), UnreadableAnswerError),
    (Answer(525, b""), UnreadableAnswerError),
    (Answer(526, b""), UnreadableAnswerError),
    (Answer(530, b""), UnreadableAnswerError),
    (ConnectionSettingsError("The request could not be formed."), ConnectionSettingsError),
]


@pytest.mark.parametrize(("answer", "kind"), REFUSALS)
def test_a_refusal_says_itself_and_is_not_sent_again(answer: Answer | RunwayError, kind: type[RunwayError]) -> None:
    played = submitted(answer)
    assert type(played.error) is kind
    assert (played.sends, played.pauses) == (1, [])
    if isinstance(played.error, ServiceError):
        text = str(played.error)
        assert text.count("Nothing was paid.") == 1
        assert text.endswith("See docs/errors.md#kieai-refuses in the documentation of airflow-provider-runway.")


def test_a_refusal_says_what_it_is_then_what_is_paid_then_what_to_do_then_where_to_read_on() -> None:
    assert str(submitted(said(code=402, msg="Credits insufficient")).error) == (
        "KIE.AI answered with code 402, the balance does not cover it: Credits insufficient. Nothing was paid. "
        "Top up the account, and clear the task. See docs/errors.md#kieai-refuses in the documentation of "
        "airflow-provider-runway."
    )


AMBIGUOUS = [
    no_answer(),
    said(code=408),
    Answer(408, b""),
    said(code=502),
    Answer(502, b"<html>Bad Gateway</html>"),
    said(code=504),
    Answer(504, b"<html>Gateway Timeout</html>"),
    said(code=500, status=504),
    said(code=500, status=502),
    said(code=500, status=408),
    Answer(500, b"<html>"),
    Answer(503, b"<html>"),
    Answer(505, b"<html>"),
    Answer(520, b""),
    Answer(522, b""),
    Answer(524, b""),
    Answer(499, b""),
    Answer(101, b""),
    Answer(200, b""),
    Answer(200, b"<html>"),
    Answer(200, body({"taskId": "t-1"})[:-1]),
    Answer(200, b'{"msg": "success", "data": {"taskId": "t-1"}}'),
    Answer(204, b""),
    said(None),
    said({}),
    said({"taskId": ""}),
    said({"taskId": None}),
    said({"recordId": "r"}),
    said("t-1"),
    said({"taskId": "t-1"}, status=302),
    said({"taskId": "t-1"}, status=401),
    said({"taskId": "t-1"}, status=429),
    said({"taskId": "t-1"}, status=500),
    said(None, status=500),
    said(None, status=505),
    said({"taskId": "t-1"}, status=521),
    said({"taskId": "t-1"}, code=500),
    said({"taskId": "t-1"}, code=429),
    said({"taskId": "t-1"}, code=455),
    said({"taskId": "t-1"}, code=422),
    said({"taskId": "t-1"}, code=0),
    said(None, code=0),
    said({"taskId": "t-1"}, code=201),
    said(None, code=-1),
    said(None, code=True),
    said(None, code=599),
    said(None, code=5000),
    RunwayError("something new"),
]


@pytest.mark.parametrize("answer", AMBIGUOUS, ids=range(len(AMBIGUOUS)))
def test_what_may_have_been_taken_is_never_sent_again(answer: Answer | RunwayError) -> None:
    played = submitted(answer)
    assert type(played.error) is AmbiguousSubmissionError
    assert (played.sends, played.pauses, played.error.retryable) == (1, [], False)


def test_an_ambiguous_submission_tells_the_person_on_call_what_to_look_for() -> None:
    request = GenerateRequest(prompt="A fox in the snow, " * 20, aspect_ratio="16:9")
    error = play(submit(request, NO_JITTER), [no_answer()]).error
    assert str(error) == (
        f"It is unknown whether KIE.AI took this video (request {fingerprint(request)}), so it is not sent again. "
        "No whole answer came back from KIE.AI (ReadTimeout). "
        "It is kind runway, prompt "
        "'A fox in the snow, A fox in the snow, A fox in the snow, A f…'. "
        "Look for it in the account's logs before submitting anew: if it is there, it is being made and paid."
    )
    assert isinstance(error, AmbiguousSubmissionError)
    assert isinstance(error.__cause__, NoAnswerError)


def test_an_ambiguous_submission_keeps_code_status_text_and_the_task_if_one_is_named() -> None:
    error = submitted(said({"taskId": "t-9"}, code=500, msg="half done", status=500)).error
    assert isinstance(error, AmbiguousSubmissionError)
    assert (error.code, error.http_status, error.service_message, error.task_id) == (500, 500, "half done", "t-9")
    assert "The answer names task t-9." in str(error)


def test_a_success_without_a_task_id_shows_what_it_had() -> None:
    assert "success without a task id: {'recordId': 'r'}" in str(submitted(said({"recordId": "r"})).error)


_ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "data",
    [
        _ID,
        [_ID],
        {"taskID": _ID},
        {"task": {"taskId": _ID, "more": "x" * 100}},
        {"taskId": f"{_ID} ", "taskid": [_ID]},
        {"taskId": f"two words {_ID}"},
        {"pages": ["x" * 60] * 10, "tasks": [{"taskId": _ID}]},
    ],
)
def test_an_unfamiliar_success_shows_the_whole_id_that_it_names(data: Any) -> None:
    played = submitted(said(data))
    if played.error is None:
        assert played.result == _ID
    else:
        assert type(played.error) is AmbiguousSubmissionError
        assert _ID in str(played.error)


def test_an_unfamiliar_success_of_any_length_makes_a_short_error() -> None:
    assert len(str(submitted(said({"x": "y" * 1_000_000})).error)) < 2000


def test_a_success_with_deeply_nested_data_is_still_ambiguous_and_not_a_crash() -> None:
    nested: Any = []
    for _ in range(400):
        nested = [nested]
    assert type(submitted(said(nested)).error) is AmbiguousSubmissionError


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


@wild
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


@wild
@given(
    st.builds(Answer, STATUSES, st.binary() | st.builds(body, JSON, code=CODES, msg=JSON), st.none() | st.text()),
    REQUESTS,
    st.sampled_from(APIS),
)
def test_any_answer_to_a_post_is_a_task_id_or_one_of_our_errors(answer: Answer, request_: Request, api: Api) -> None:
    played = play(submit(request_, ONE_TRY, api), [answer])
    assert (played.result is None) != (played.error is None)
    assert played.result is None or played.result.isprintable()


def error_to_a_submission(answer: Answer) -> RunwayError:
    error = play(submit(GENERATE, ONE_TRY), [answer]).error
    assert error is not None
    return error


@pytest.mark.parametrize("status", [*range(300, 309), *range(400, 452), 455, 511, 521, 523, 525, 526, 530])
def test_a_page_is_a_refusal_where_its_status_says_that_the_request_was_not_carried_out(status: int) -> None:
    ambiguous = isinstance(error_to_a_submission(Answer(status, b"<html>no</html>")), AmbiguousSubmissionError)
    assert ambiguous == (status == 408)


@pytest.mark.parametrize(
    "status", [100, 200, 204, 226, 499, *range(500, 511), 520, 522, 524, 527, 529, 531, 550, 599, 600, 999]
)
def test_any_other_page_leaves_it_open_whether_the_video_is_paid(status: int) -> None:
    assert isinstance(error_to_a_submission(Answer(status, b"<html>no</html>")), AmbiguousSubmissionError)


@pytest.mark.parametrize("code", [408, 499, 502, 504, 506, 507, 511, *range(520, 531), 599, 600, 999, 0, 201, 302])
@pytest.mark.parametrize("status", [200, 500])
def test_a_code_of_kie_that_does_not_say_that_no_task_was_made_leaves_it_open(code: int, status: int) -> None:
    assert isinstance(error_to_a_submission(said(code=code, status=status)), AmbiguousSubmissionError)


@pytest.mark.parametrize("code", [400, 401, 403, 413, 430, 455, 500, 501, 503, 505, 531, 550])
def test_a_code_of_kie_that_says_that_no_task_was_made_is_a_refusal(code: int) -> None:
    assert not isinstance(error_to_a_submission(said(code=code)), AmbiguousSubmissionError)


def test_an_error_of_another_kind_proves_nothing() -> None:
    assert not refuses(errors.GenerationFailedError("x"))
    assert not refuses(AmbiguousSubmissionError("x"))


# --- pauses


@pytest.mark.parametrize("code", [429, 455])
@pytest.mark.parametrize(("named", "pause"), [("200", 200.0), ("301", 300.0), ("80000", 300.0), ("1e300", 300.0)])
def test_a_pause_that_kie_names_for_a_submission_counts_for_five_minutes_at_most(
    code: int, named: str, pause: float
) -> None:
    assert submitted(Answer(200, body(code=code), named), TAKEN).pauses == [pause]


@pytest.mark.parametrize("code", [429, 455, 500, 503])
def test_a_long_pause_that_kie_names_for_a_poll_is_raised_and_not_slept_through(code: int) -> None:
    played = got_task(Answer(200, body(code=code), "31"), said(READY))
    assert played.error is not None
    assert (played.sends, played.error.retry_after) == (1, 31.0)
    assert got_task(Answer(200, body(code=code), "30"), said(READY)).pauses == [30.0]


# --- polling


def test_a_poll_gives_the_task() -> None:
    task = got_task(said(READY)).result
    assert task is not None
    assert (task.task_id, task.state, task.video_url) == ("t-1", "success", "https://files.example/v.mp4")


@pytest.mark.parametrize(
    "answer",
    [
        said(code=404, msg="task not found", status=404),
        said(code=404),
        said(code=422, msg="recordInfo is null"),
        said(code=422, msg="Record does not exist"),
        said(None),
        said({}),
        Answer(200, b'{"code": 200, "msg": "success"}'),
    ],
)
def test_a_task_without_a_record_is_not_found(answer: Answer) -> None:
    played = got_task(answer)
    assert type(played.error) is TaskNotFoundError
    assert played.error.task_id == "t-1"
    assert "no record of task t-1" in str(played.error)
    assert played.sends == 1


def test_a_404_that_is_not_of_the_api_is_not_about_the_task() -> None:
    error = got_task(Answer(404, b"<html>Not Found</html>")).error
    assert type(error) is errors.NotFoundError
    assert error.task_id == "t-1"


def test_a_success_under_http_404_is_not_about_the_task() -> None:
    assert type(got_task(said(READY, status=404)).error) is errors.NotFoundError


@pytest.mark.parametrize(
    "fault",
    [
        not_sent(),
        no_answer(),
        said(code=408),
        said(code=429),
        said(code=455),
        said(code=500),
        said(code=501),
        Answer(502, b""),
        Answer(200, b""),
        Answer(200, b"<html>"),
    ],
)
def test_a_poll_is_repeated_after_what_passes(fault: Answer | RunwayError) -> None:
    played = got_task(fault, fault, said(READY))
    assert (played.error, played.sends) == (None, 3)


@pytest.mark.parametrize("code", [400, 401, 402, 403, 405, 433, 451, 505])
def test_a_poll_is_not_repeated_after_what_stays(code: int) -> None:
    played = got_task(said(code=code))
    assert played.sends == 1
    assert isinstance(played.error, ServiceError)
    assert (played.error.code, played.error.task_id) == (code, "t-1")


def test_polls_end_with_the_tries_and_name_the_task() -> None:
    played = got_task(*[no_answer() for _ in range(4)])
    assert isinstance(played.error, NoAnswerError)
    assert (played.error.task_id, played.sends, played.pauses) == ("t-1", 4, [1.0, 2.0, 4.0])


@pytest.mark.parametrize("named", ["t-2", "t-11", "jobs:t-2", 7, "T"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_another_task_is_not_this_task(named: Any, kind: Kind) -> None:
    error = play(get_task("jobs:t-1", kind, NO_JITTER), [said({**READY, "taskId": named})]).error
    assert isinstance(error, UnreadableAnswerError)
    assert (error.task_id, error.retryable) == ("jobs:t-1", True)
    assert f"the record of another task, {named}" in str(error)


@pytest.mark.parametrize("named", ["t-1", " T-1 ", "jobs:t-1", "JOBS:T-1", "", None, [], {"id": 1}, "two words", True])
@pytest.mark.parametrize("asked", ["t-1", "jobs:t-1"])
def test_a_record_that_names_the_task_loosely_or_not_at_all_is_taken(named: Any, asked: str) -> None:
    task = play(get_task(asked, "runway", NO_JITTER), [said({**READY, "taskId": named})]).result
    assert task is not None
    assert task.task_id == asked


def test_a_text_of_any_size_that_comes_with_a_missing_record_is_one_short_line() -> None:
    error = got_task(said(code=422, msg="\x1b[31m gone\n" * 100_000)).error
    assert str(error).isprintable()
    assert len(str(error)) < 500


def test_what_cannot_be_a_task_id_is_not_looked_up() -> None:
    played = play(get_task("two words", "runway", NO_JITTER), [])
    assert type(played.error) is errors.InvalidRequestError
    assert played.sends == 0


def test_an_aleph_task_is_read_as_one() -> None:
    played = play(get_task("t-1", "aleph", NO_JITTER), [said({"taskId": "t-1", "successFlag": 0})])
    assert played.result is not None
    assert played.result.kind == "aleph"


def test_a_record_of_another_shape_is_a_task_in_an_unknown_state() -> None:
    task = got_task(said(record(None))).result
    assert task is not None
    assert task.state == "unknown"


@wild
@given(
    st.lists(
        st.builds(Answer, STATUSES, st.binary() | st.builds(body, JSON | RECORDS, code=CODES, msg=JSON)), min_size=2
    ),
    st.sampled_from(["t-1", "jobs:t-1"]),
    st.sampled_from(KINDS),
    st.sampled_from(APIS),
)
def test_any_answer_to_a_poll_is_a_task_or_one_of_our_errors(
    answers: list[Answer], task_id: str, kind: Kind, api: Api
) -> None:
    played = play(get_task(task_id, kind, ONE_TRY, api), answers)
    assert (played.result is None) != (played.error is None)
    assert played.error is None or played.error.task_id == task_id
    assert played.result is None or played.result.task_id in {"t-1", "jobs:t-1"}
    assert played.sends <= 2


UNKNOWN = said(None, code=422, msg="recordInfo is null")
JOB_RECORD = said({"state": "generating"})


def test_a_bare_id_that_the_unified_api_knows_is_called_by_its_whole_name() -> None:
    played = play(get_task("t-1", "runway", NO_JITTER, "jobs"), [JOB_RECORD])
    assert played.result is not None
    assert (played.result.task_id, played.sends) == ("jobs:t-1", 1)


def test_a_bare_id_that_the_unified_api_does_not_know_is_looked_for_at_the_dedicated_endpoints() -> None:
    played = play(get_task("t-1", "runway", NO_JITTER, "jobs"), [UNKNOWN, said(READY)])
    assert played.result is not None
    assert (played.result.task_id, played.sends) == ("t-1", 2)


@pytest.mark.parametrize("fault", [no_answer(), said(code=500), said(code=401), Answer(200, b"<html>")])
def test_only_an_unknown_id_is_looked_for_elsewhere(fault: Answer | RunwayError) -> None:
    played = play(get_task("t-1", "runway", ONE_TRY, "jobs"), [fault])
    assert played.error is not None
    assert (isinstance(played.error, TaskNotFoundError), played.sends) == (False, 1)


def test_the_id_that_an_ambiguous_submission_names_says_its_api() -> None:
    played = play(submit(GENERATE, NO_JITTER, "jobs"), [said({"taskId": "t-9"}, code=500)])
    assert isinstance(played.error, AmbiguousSubmissionError)
    assert played.error.task_id == "jobs:t-9"
    assert "The answer names task jobs:t-9." in str(played.error)


def test_the_source_of_an_extension_sent_back_by_the_unified_api_is_not_a_new_task() -> None:
    refusal = said({"taskId": "t-1"}, code=422)
    played = play(submit(replace(EXTEND, task_id="jobs:t-1"), NO_JITTER, "jobs"), [refusal])
    assert type(played.error) is errors.RejectedError


def test_an_ambiguous_job_names_its_model_and_does_without_a_prompt() -> None:
    request = JobRequest(model="suno/music", input={"style": "calm"})
    error = play(submit(request, NO_JITTER), [no_answer()]).error
    assert "kind job, model suno/music, prompt ''" in str(error)


# --- the balance


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
