from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.envelope import Answer, read_data, read_retry_after, read_task_id
from airflow_provider_runway.kie.errors import RateLimitedError, ServiceError, UnreadableAnswerError

from .support import CODES, JSON, STATUSES, body, said

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)


def error_of(answer: Answer) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        read_data(answer)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("code", [200, "200", 200.0, " 200"])
def test_a_success_gives_its_data(status: int, code: Any) -> None:
    assert read_data(said({"taskId": "t"}, code=code, status=status)) == {"taskId": "t"}


def test_a_success_without_data_gives_none() -> None:
    assert read_data(said(None)) is None
    assert read_data(Answer(200, b'{"code": 200, "msg": "success"}')) is None


def test_a_body_with_a_byte_order_mark_or_in_utf_16_is_read() -> None:
    assert read_data(Answer(200, b"\xef\xbb\xbf" + body(5))) == 5
    assert read_data(Answer(200, body("ü").decode().encode("utf-16"))) == "ü"


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        (400, errors.BadRequestError, False),
        (401, errors.AuthenticationError, False),
        (402, errors.InsufficientCreditsError, False),
        (403, errors.PermissionDeniedError, False),
        (404, errors.NotFoundError, False),
        (405, errors.BadRequestError, False),
        (408, errors.ServerError, True),
        (409, errors.BadRequestError, False),
        (413, errors.RejectedError, False),
        (422, errors.RejectedError, False),
        (429, errors.RateLimitedError, True),
        (430, errors.RateLimitedError, True),
        (433, errors.QuotaExceededError, False),
        (451, errors.InputUnreachableError, False),
        (455, errors.MaintenanceError, True),
        (500, errors.ServerError, True),
        (501, errors.ServerError, True),
        (505, errors.FeatureDisabledError, False),
        (531, errors.ServerError, True),
        (550, errors.ServerError, True),
        (0, ServiceError, False),
        (201, ServiceError, False),
        (-1, ServiceError, False),
        (418, ServiceError, False),
        (10**30, errors.ServerError, True),
    ],
)
@pytest.mark.parametrize("status", [200, None])
def test_every_code_has_its_error_whether_http_says_so_or_not(
    code: int, kind: type[ServiceError], retryable: bool, status: int | None
) -> None:
    http_status = status or code
    error = error_of(said(code=code, msg="said so", status=http_status))
    assert type(error) is kind
    assert (error.code, error.http_status, error.service_message, error.retryable) == (
        code,
        http_status,
        "said so",
        retryable,
    )
    assert f"code {code}" in str(error)
    assert "said so" in str(error)


@pytest.mark.parametrize("code", ["429", 429.0, " 429"])
def test_a_code_counts_in_whatever_form(code: Any) -> None:
    assert type(error_of(said(code=code))) is RateLimitedError


def test_the_code_of_the_body_goes_before_the_status_of_http() -> None:
    error = error_of(said(code=402, msg="Credits insufficient", status=500))
    assert type(error) is errors.InsufficientCreditsError
    assert (error.code, error.http_status) == (402, 500)


@pytest.mark.parametrize(
    ("code", "msg", "kind"),
    [
        (405, "Rate Limit Exceeded", errors.RateLimitedError),
        (405, "Your call frequency is too high. Please try again later.", errors.RateLimitedError),
        (405, "Method Not Allowed", errors.BadRequestError),
        (405, None, errors.BadRequestError),
        (429, "Insufficient Credits", errors.InsufficientCreditsError),
        (429, "Credits insufficient : Your current balance isn't enough", errors.InsufficientCreditsError),
        (429, "Your call frequency is too high. Please try again later.", errors.RateLimitedError),
        (429, None, errors.RateLimitedError),
    ],
)
def test_codes_that_mean_something_else_for_lyrics_are_told_by_their_text(
    code: int, msg: str | None, kind: type[ServiceError]
) -> None:
    error = error_of(said(code=code, msg=msg))

    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ServiceError),
        (404, errors.NotFoundError),
        (429, errors.RateLimitedError),
        (500, errors.ServerError),
        (505, errors.FeatureDisabledError),
    ],
)
def test_a_success_that_http_contradicts_is_none(status: int, kind: type[ServiceError]) -> None:
    error = error_of(said({"taskId": "t"}, status=status))
    assert type(error) is kind
    assert (error.code, error.http_status, error.task_id) == (200, status, "t")
    assert f"code 200 but HTTP status {status}" in str(error)


def test_an_error_that_comes_with_a_task_id_keeps_it() -> None:
    assert error_of(said({"taskId": "t"}, code=500)).task_id == "t"
    assert error_of(said(None, code=500)).task_id is None


UNREADABLE = [
    b"",
    b" ",
    b"<html><body>502 Bad Gateway</body></html>",
    b"error code: 1010",
    b"null",
    b"[]",
    b"200",
    b'"ok"',
    b"{}",
    b'{"msg": "success", "data": {"taskId": "t"}}',
    b'{"code": null}',
    b'{"code": true, "data": {"taskId": "t"}}',
    b'{"code": "ok"}',
    b'{"code": 200.5}',
    b'{"code": [200]}',
    b'{"code": 200, "data": {"taskId": "t"}',
    b'{"status": 500, "error": "Internal Server Error", "path": "/api/v1/runway/generate"}',
    b"\xff\xfe\xfd",
    b"\x1f\x8b\x08\x00",
    b"[" * 100_000,
    b'{"code": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=range(len(UNREADABLE)))
@pytest.mark.parametrize("status", [101, 200, 204, 500, 502, 503, 504, 520, 524])
def test_what_is_not_the_envelope_is_unreadable(unreadable: bytes, status: int) -> None:
    error = error_of(Answer(status, unreadable))
    assert type(error) is UnreadableAnswerError
    assert (error.code, error.http_status) == (None, status)
    assert f"HTTP {status}" in str(error)
    assert len(str(error)) < 1000
    assert error.retryable


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (408, errors.ServerError),
        (413, errors.RejectedError),
        (429, errors.RateLimitedError),
        (499, UnreadableAnswerError),
        (505, UnreadableAnswerError),
    ],
)
def test_without_an_envelope_the_status_of_http_decides(status: int, kind: type[ServiceError]) -> None:
    error = error_of(Answer(status, b"<html>"))
    assert type(error) is kind
    assert error.code is None


def test_an_unreadable_answer_shows_its_status_and_first_characters() -> None:
    error = error_of(Answer(502, b"<html>\n<h1>Bad  Gateway</h1>" + b"x" * 10_000))
    assert str(error).startswith(
        "The answer is not from KIE.AI's API: HTTP 502, the body begins '<html> <h1>Bad Gateway</h1>"
    )
    assert len(str(error)) < 300
    assert str(error_of(Answer(204, b""))).endswith("the body is empty.")


def test_a_403_of_the_edge_says_so() -> None:
    text = str(error_of(Answer(403, b"error code: 1010")))
    assert "the edge in front of KIE (User-Agent, IP address or proxy)" in text
    assert "1010" in text


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_says_what_to_set(status: int) -> None:
    error = error_of(Answer(status, b""))
    assert type(error) is errors.BadRequestError
    assert "set it to the address it redirects to" in str(error)


@pytest.mark.parametrize("code", [401, 422, 429, 430, 455, 500, 502, 503, 531, 599])
def test_whatever_the_error_it_keeps_the_pause_that_the_answer_names(code: int) -> None:
    for answer in (Answer(code, b"slow down", "7"), Answer(200, body(code=code), "7")):
        assert error_of(answer).retry_after == 7.0
    assert error_of(Answer(code, b"")).retry_after is None


@pytest.mark.parametrize("date", ["Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_date_to_pause_until_is_by_the_clock_of_whoever_names_it(date: str) -> None:
    answer = Answer(503, b"", date.replace("00:00:00", "00:00:40"), date=date)
    assert error_of(answer).retry_after == 40.0


@pytest.mark.parametrize("date", [None, "", "soon", "Sun, 22 Nov 2026", "é"])
def test_without_a_readable_date_of_the_answer_our_own_clock_counts(date: str | None) -> None:
    assert read_retry_after("Sun, 22 Nov 2026 10:00:30 GMT", NOW, sent_at=date) == 30.0


@pytest.mark.parametrize("msg", ["later", "later.", "later..", "later. ", "later..."])
def test_the_message_ends_with_one_full_stop_however_kies_own_ends(msg: str) -> None:
    assert str(error_of(said(code=500, msg=msg))).endswith(": later.")


@pytest.mark.parametrize("msg", ["later!", "why?", "请稍后再试。", "x" * 300])
def test_what_ends_a_sentence_otherwise_gets_no_full_stop(msg: str) -> None:
    assert not str(error_of(said(code=500, msg=msg))).endswith(".")


@pytest.mark.parametrize("msg", [None, "", 5, ["x"]])
def test_an_error_without_a_message_says_that(msg: Any) -> None:
    error = error_of(said(code=500, msg=msg))
    assert error.service_message is None
    assert str(error).endswith(": no message.")


@pytest.mark.parametrize("name", ["msg", "message"])
def test_a_message_is_one_printable_line_of_bounded_length(name: str) -> None:
    error = error_of(
        Answer(200, json.dumps({"code": 422, name: "first\nsecond \x1b[31mred" + "x" * 3_000_000}).encode())
    )
    assert error.service_message is not None
    assert error.service_message.startswith("first second \ufffd[31mredxxx")
    assert error.service_message.isprintable()
    assert len(error.service_message) <= 1001
    assert "first second \ufffd[31mred" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize("msg", [None, "", " \n", 7])
def test_a_message_of_the_other_name_is_kept_where_there_is_none(msg: Any) -> None:
    error = error_of(Answer(200, json.dumps({"code": 422, "msg": msg, "message": "Too long."}).encode()))
    assert (error.service_message, str(error).endswith("refuses it: Too long.")) == ("Too long.", True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 7.5 ", 7.5),
        ("-5", 0.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 09:59:30 GMT", 0.0),
        ("Sun, 22 Nov 2026 10:00:30", 30.0),
        ("Sun, 22 Nov 2026 11:00:30 +0100", 30.0),
        ("Sun, 22 Nov 2099 10:00:00 GMT", 2_303_683_200.0),
        ("86400", 86_400.0),
        ("1e30", 1e30),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("7, 9", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_else_nothing(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, NOW) == seconds


@given(st.text() | st.from_regex(r"\w{3}, \d{1,9} (Jan|Dec) \d{1,9} \d{1,3}:\d{1,3}:\d{1,3} [-+]?\w{0,20}"))
def test_any_retry_after_is_a_sane_pause_or_none(header: str) -> None:
    seconds = read_retry_after(header, NOW)
    assert seconds is None or 0.0 <= seconds < math.inf


@pytest.mark.parametrize(
    ("data", "task_id"),
    [
        ({"taskId": "ee603959-debb-48d1-98c4-a6d1c717eba6"}, "ee603959-debb-48d1-98c4-a6d1c717eba6"),
        ({"taskId": " t "}, "t"),
        ({"taskId": 12345}, "12345"),
        ({"task_id": "t"}, "t"),
        ({"id": "t"}, "t"),
        ({"taskId": "", "task_id": "t"}, "t"),
        ({"taskId": "t", "recordId": "r"}, "t"),
        ({"taskId": "x" * 1000}, "x" * 1000),
        ({"taskId": "x" * 1001}, None),
        ({"taskId": ""}, None),
        ({"taskId": " "}, None),
        ({"taskId": "two words"}, None),
        ({"taskId": "\ud800"}, None),
        ({"taskId": None}, None),
        ({"taskId": True}, None),
        ({"taskId": 0}, None),
        ({"taskId": 1.5}, None),
        ({"taskId": ["t"]}, None),
        ({"recordId": "r"}, None),
        ({}, None),
        (None, None),
        ("t", None),
        (["t"], None),
    ],
)
def test_a_task_id_is_found_where_clients_have_seen_it(data: Any, task_id: str | None) -> None:
    assert read_task_id(data) == task_id


@given(
    STATUSES | st.integers(),
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.builds(lambda code, msg, data: body(data, code=code, msg=msg), CODES, JSON, JSON),
    st.none() | st.text(),
)
def test_any_answer_is_data_or_a_service_error_that_can_be_logged(
    status: int, content: bytes, retry_after: str | None
) -> None:
    try:
        read_data(Answer(status, content, retry_after))
    except ServiceError as caught:
        error = caught
    else:
        assert 200 <= status < 300
        return
    assert str(error).isprintable()
    assert len(str(error)) < 1200
    assert f"{error.service_message}".encode()
    assert error.http_status == status
