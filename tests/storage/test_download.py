from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fakes import GivenTime
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.errors import DownloadError
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.storage.download import Downloader
from airflow_provider_runway.storage.sink import Sink

from .support import OTHER_VIDEO, VIDEO, Ask, film, media_host, reply, save, video_reply

SIZE = len(VIDEO)


def saved_from(tmp_path: Path, answer: Callable[[Ask], bytes], **wishes: object) -> tuple[bytes, list[Ask]]:
    with media_host(answer) as host:
        save(host.link, str(tmp_path / "fox.mp4"), **wishes)
    assert [path.name for path in tmp_path.iterdir()] == ["fox.mp4"]
    return (tmp_path / "fox.mp4").read_bytes(), host.asks


def test_a_cut_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    cuts = [100_000, 200_000, None]
    content, asks = saved_from(tmp_path, lambda ask: video_reply(ask, upto=cuts[ask.number]))
    assert content == VIDEO
    assert [ask.headers.get("range") for ask in asks] == [None, "bytes=100000-", "bytes=200000-"]
    assert [ask.headers.get("if-range") for ask in asks] == [None, '"v1"', '"v1"']


def test_a_date_will_do_where_there_is_no_etag(tmp_path: Path) -> None:
    date = "Mon, 23 Nov 2026 10:00:00 GMT"

    def answer(ask: Ask) -> bytes:
        if ask.number == 0:
            return reply(200, VIDEO[:1000], content_length=SIZE, last_modified=date, etag='W/"weak"')
        assert ask.headers["if-range"] == date
        return reply(206, VIDEO[1000:], content_range=f"bytes 1000-{SIZE - 1}/{SIZE}")

    assert saved_from(tmp_path, answer)[0] == VIDEO


def test_without_anything_that_names_the_version_it_starts_over(tmp_path: Path) -> None:
    content, asks = saved_from(tmp_path, lambda ask: video_reply(ask, upto=None if ask.number else 9, etag=None))
    assert content == VIDEO
    assert "range" not in asks[1].headers


def test_a_host_that_sends_all_of_it_again_is_taken_at_its_word(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        if ask.number == 0:
            return video_reply(ask, OTHER_VIDEO, upto=150_000)
        return reply(200, VIDEO, etag='"v1"')

    assert saved_from(tmp_path, answer)[0] == VIDEO


def test_a_file_that_has_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        if ask.number == 0:
            return video_reply(ask, OTHER_VIDEO, upto=150_000, etag='"v0"')
        return video_reply(ask, etag='"v1"')

    assert saved_from(tmp_path, answer)[0] == VIDEO


@pytest.mark.parametrize(
    "headers",
    [
        {"content_range": f"bytes 1000-{SIZE - 1}/{SIZE}", "etag": '"v2"'},
        {"content_range": f"bytes 999-{SIZE - 1}/{SIZE}"},
        {"content_range": f"bytes 1000-{SIZE}/{SIZE + 1}"},
        {"content_range": "bytes nonsense"},
        {},
    ],
)
def test_a_wrong_range_is_not_mixed_in(tmp_path: Path, headers: dict[str, str]) -> None:
    def answer(ask: Ask) -> bytes:
        if ask.number == 1:
            return reply(206, b"x" * (SIZE - 1000), **headers)
        return video_reply(ask, upto=None if ask.number else 1000)

    content, asks = saved_from(tmp_path, answer)
    assert content == VIDEO
    assert "range" not in asks[2].headers


def test_a_range_that_cannot_be_met_starts_over(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        if ask.number == 1:
            return reply(416, b"", content_range="bytes */7")
        return video_reply(ask, upto=None if ask.number else 1000)

    assert saved_from(tmp_path, answer)[0] == VIDEO


def test_a_range_that_is_empty_because_all_is_there_is_the_end(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        if ask.number == 0:  # chunked, all of it, but for the end mark
            head = 'HTTP/1.1 200 OK\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n'
            return head.encode() + f"{SIZE:x}\r\n".encode() + VIDEO + b"\r\n"
        return reply(416, b"", content_range=f"bytes */{SIZE}")

    assert saved_from(tmp_path, answer)[0] == VIDEO


def test_a_body_in_chunks_needs_no_length(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head.encode() + f"{SIZE:x}\r\n".encode() + VIDEO + b"\r\n0\r\n\r\n"

    assert saved_from(tmp_path, answer)[0] == VIDEO


def test_a_cut_is_seen_even_where_nothing_tells_the_length(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        return b"HTTP/1.0 200 OK\r\n\r\n" + (VIDEO if ask.number else VIDEO[:150])

    content, asks = saved_from(tmp_path, answer)
    assert content == VIDEO
    assert len(asks) == 2


def test_more_bytes_than_announced_are_no_video(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Length": "100"}, stream=Pieces(VIDEO, None))

    with pytest.raises(DownloadError, match="more than the announced 100 bytes"):
        save("http://media/fox.mp4", str(tmp_path / "fox.mp4"), transport=httpx.MockTransport(handler))
    assert list(tmp_path.iterdir()) == []


def test_it_gives_up_after_some_cuts_without_a_new_byte(tmp_path: Path) -> None:
    time = GivenTime()
    retry_rules = RetryRules(tries=4, first_pause=1.0, jitter=lambda: 0.0)
    with (
        media_host(lambda ask: video_reply(ask, upto=150_000 if ask.number < 2 else ask.start)) as host,
        pytest.raises(DownloadError, match=f"150000 of {SIZE} bytes.*is paid") as caught,
    ):
        save(host.link, str(tmp_path / "fox.mp4"), retry_rules=retry_rules, clock=time.clock)
    assert time.pauses == [1.0, 2.0, 4.0]
    assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []


def test_new_bytes_renew_its_patience(tmp_path: Path) -> None:
    content, asks = saved_from(
        tmp_path,
        lambda ask: video_reply(ask, upto=None if ask.number == 20 else (ask.number + 1) * 10_000),
        clock=Clock(monotonic=lambda: 0.0, sleep=lambda _: None),
    )
    assert content == VIDEO
    assert len(asks) == 21


@pytest.mark.parametrize(("at_a_time", "gives_up"), [(1, True), (4_000, True), (5_000, False)])
def test_bytes_that_drip_over_many_connections_do_not_renew_it(tmp_path: Path, at_a_time: int, gives_up: bool) -> None:
    time = GivenTime()

    def host(request: httpx.Request) -> httpx.Response:
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        cut = at_a_time if start + at_a_time < SIZE else None
        headers = {"etag": '"v1"', "content-length": str(SIZE - start)}
        if start:
            headers["content-range"] = f"bytes {start}-{SIZE - 1}/{SIZE}"
        return httpx.Response(206 if start else 200, headers=headers, stream=Pieces(VIDEO[start:], cut))

    def fetch() -> object:
        return save(
            "http://media/fox.mp4",
            str(tmp_path / "fox.mp4"),
            transport=httpx.MockTransport(host),
            retry_rules=RetryRules(tries=6, first_pause=1.0, jitter=lambda: 0.0),
            clock=time.clock,
        )

    if not gives_up:
        assert fetch()
        return
    with pytest.raises(DownloadError, match="It is paid"):
        fetch()
    assert sum(time.pauses) < 60
    assert list(tmp_path.iterdir()) == []


def test_a_pause_that_the_host_asks_for_is_no_slowness_of_its(tmp_path: Path) -> None:

    def answer(ask: Ask) -> bytes:
        if ask.number % 2 == 0:
            return reply(503, b"busy", retry_after=100)
        return video_reply(ask, upto=None if ask.start > 250_000 else ask.start + 30_000)

    assert saved_from(tmp_path, answer, clock=GivenTime().clock)[0] == VIDEO


def test_faults_of_the_host_are_borne_and_its_wish_for_a_pause_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    answers = [reply(503, b"busy", retry_after=7), reply(429, b"", retry_after=10_000), b"garbage\r\n\r\n", b""]
    time = GivenTime()
    retry_rules = RetryRules(tries=6, first_pause=1.0, jitter=lambda: 0.0)
    content, _ = saved_from(
        tmp_path,
        lambda ask: answers[ask.number] if ask.number < len(answers) else video_reply(ask),
        retry_rules=retry_rules,
        clock=time.clock,
    )
    assert content == VIDEO
    assert time.pauses == [7.0, 120.0, 4.0, 8.0]
    assert "HTTP status 503" in caplog.text


class Pieces(httpx.SyncByteStream):
    """A body in pieces of odd sizes, cut off where it is told to be."""

    def __init__(self, body: bytes, cut: int | None, piece: int = 1000) -> None:
        self.body, self.cut, self.piece = body, cut, piece

    def __iter__(self) -> Iterator[bytes]:
        end = len(self.body) if self.cut is None else min(self.cut, len(self.body))
        for start in range(0, end, self.piece):
            yield self.body[start : min(start + self.piece, end)]
        if self.cut is not None:
            raise httpx.ReadError("cut")


@given(
    cuts=st.lists(st.integers(0, 6000), max_size=8),
    ranges=st.booleans(),
    validator=st.sampled_from([{"ETag": '"v1"'}, {"Last-Modified": "Mon, 23 Nov 2026 10:00:00 GMT"}, {}]),
    announced=st.booleans(),
    piece=st.integers(1, 3000),
)
def test_wherever_it_is_cut_the_bytes_are_the_same(
    cuts: list[int], ranges: bool, validator: dict[str, str], announced: bool, piece: int
) -> None:
    content = film(5000)
    left = list(cuts)

    def handler(request: httpx.Request) -> httpx.Response:
        cut = left.pop(0) if left else None
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        headers = dict(validator)
        if start and ranges and request.headers["If-Range"] in validator.values():
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        else:
            start = 0
        if announced:
            headers["Content-Length"] = str(len(content) - start)
        return httpx.Response(206 if start else 200, headers=headers, stream=Pieces(content[start:], cut, piece))

    downloader = Downloader(
        task_id="t",
        timeout=5.0,
        retry_rules=RetryRules(tries=len(cuts) + 1, first_pause=0.0, jitter=lambda: 0.0),
        renew=None,
        transport=httpx.MockTransport(handler),
        clock=GivenTime().clock,
        largest=10_000,
    )
    file = io.BytesIO()
    with Sink(file) as sink:
        end = downloader.fetch("http://media/fox.mp4", sink)
    assert file.getvalue() == content
    assert end.received == len(content)
    assert sink.sha256 == hashlib.sha256(content).hexdigest()
