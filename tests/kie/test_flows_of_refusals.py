"""A submission that was not simply taken: refused and unpaid, or perhaps taken, and then never sent again."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    ConnectionSettingsError,
    NoAnswerError,
    RunwayError,
    ServiceError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.flows import refuses, submit
from airflow_provider_runway.kie.requests import GenerateRequest, JobRequest
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.web_pages import page

from .support import (
    GENERATE,
    NO_JITTER,
    body,
    no_answer,
    play,
    said,
    submitted,
)

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
        assert text.endswith(f"See {page('errors.md#kieai-refuses')}.")


def test_a_refusal_says_what_it_is_then_what_is_paid_then_what_to_do_then_where_to_read_on() -> None:
    assert str(submitted(said(code=402, msg="Credits insufficient")).error) == (
        "KIE.AI answered with code 402, the balance does not cover it: Credits insufficient. Nothing was paid. "
        f"Top up the account, and clear the task. See {page('errors.md#kieai-refuses')}."
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


def test_the_id_that_an_ambiguous_submission_names_says_its_api() -> None:
    played = play(submit(GENERATE, NO_JITTER, "jobs"), [said({"taskId": "t-9"}, code=500)])
    assert isinstance(played.error, AmbiguousSubmissionError)
    assert played.error.task_id == "jobs:t-9"
    assert "The answer names task jobs:t-9." in str(played.error)


def test_an_ambiguous_job_names_its_model_and_does_without_a_prompt() -> None:
    request = JobRequest(model="suno/music", input={"style": "calm"})
    error = play(submit(request, NO_JITTER), [no_answer()]).error
    assert "kind job, model suno/music, prompt ''" in str(error)
