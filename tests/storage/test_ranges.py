from __future__ import annotations

import pytest

from airflow_provider_runway.storage.ranges import Next, PartialDownload, content_length, next_step

ETAG = '"v1"'
HALF = PartialDownload(received=50, total=100, validator=ETAG, etag=ETAG)


def test_the_first_request_asks_for_all() -> None:
    assert PartialDownload().headers == {}
    assert not PartialDownload().whole


def test_the_rest_is_asked_for_of_the_version_that_is_there() -> None:
    assert HALF.headers == {"Range": "bytes=50-", "If-Range": ETAG}
    assert PartialDownload(received=50, total=100).headers == {}


def test_a_whole_answer_starts_over_and_says_what_there_will_be() -> None:
    headers = {"Content-Length": "100", "ETag": ETAG}

    assert next_step(HALF, 200, headers) == (Next.START_OVER, PartialDownload(total=100, validator=ETAG, etag=ETAG))


@pytest.mark.parametrize("etag", ['W/"v1"', ""])
def test_without_a_strong_etag_the_date_names_the_version(etag: str) -> None:
    _, progress = next_step(PartialDownload(), 200, {"ETag": etag, "Last-Modified": "Sun, 22 Nov 2026 08:00:00 GMT"})

    assert progress == PartialDownload(validator="Sun, 22 Nov 2026 08:00:00 GMT")


@pytest.mark.parametrize("whole", ["100", "*"])
def test_the_rest_is_appended(whole: str) -> None:
    assert next_step(HALF, 206, {"Content-Range": f"bytes 50-99/{whole}", "ETag": ETAG}) == (Next.APPEND, HALF)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Range": "bytes 0-99/100"},
        {"Content-Range": "bytes 51-99/100"},
        {"Content-Range": "bytes 50-100/100"},
        {"Content-Range": "bytes 50-99/101"},
        {"Content-Range": "bytes */100"},
        {"Content-Range": f"bytes 50-{'9' * 30}/{'9' * 31}"},
        {"Content-Range": "bytes 50-99/100", "ETag": '"v2"'},
    ],
)
def test_a_part_that_does_not_fit_is_asked_for_anew(headers: dict[str, str]) -> None:
    assert next_step(HALF, 206, headers) == (Next.ASK_ANEW, PartialDownload())


def test_nothing_to_send_means_that_all_is_there_only_where_the_length_says_so() -> None:
    whole = PartialDownload(received=100, total=None, validator=ETAG)

    assert next_step(whole, 416, {"Content-Range": "bytes */100"})[0] is Next.ALREADY_WHOLE
    assert next_step(whole, 416, {"Content-Range": "bytes */101"}) == (Next.ASK_ANEW, PartialDownload())
    assert next_step(whole, 416, {}) == (Next.ASK_ANEW, PartialDownload())
    assert next_step(PartialDownload(), 416, {"Content-Range": "bytes */0"}) == (Next.ASK_ANEW, PartialDownload())


@pytest.mark.parametrize(("text", "length"), [("12", 12), (" 12 ", 12), ("-1", None), ("1e3", None), ("٣", None)])
def test_a_length_is_digits(text: str, length: int | None) -> None:
    assert content_length({"Content-Length": text}) == length
