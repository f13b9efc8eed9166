from __future__ import annotations

import io
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO

import httpx
import pytest
from fakes import GivenTime

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    BadRequestError,
    NoAnswerError,
    NotSentError,
    ServerError,
    UnreadableAnswerError,
    UnreadableFileError,
)
from airflow_provider_runway.kie.retry_rules import ONE_TRY, RetryRules
from airflow_provider_runway.kie.uploads import Uploader
from airflow_provider_runway.sandbox import CutAfter, Garbage, Redirect, Refuse, Sandbox

from .wire import Wire, drip

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1000
EAGER = RetryRules(tries=3, first_pause=0.0, jitter=lambda: 0.0)
PICTURE_SAID: dict[str, Any] = {"suffix": ".png", "content_type": "image/png"}


def uploader(url: str, key: str = "a-key-of-some-length", **wishes: Any) -> Uploader:
    address, clock = Address(api_key=key, base_url=url), GivenTime().clock
    return Uploader(address=address, timeout=5.0, retry_rules=EAGER, clock=clock, **wishes)


def at(kie: Sandbox) -> Uploader:
    return uploader(kie.url, kie.key)


def opened(data: bytes) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: io.BytesIO(data)


def uploads(kie: Sandbox) -> list[int | None]:
    return [entry.code for entry in kie.ledger.of("upload")]


def test_a_file_arrives_whole_and_anybody_can_fetch_it(kie: Sandbox) -> None:
    seen: list[tuple[int, int]] = []

    url = at(kie).send(opened(PICTURE), **PICTURE_SAID, on_progress=lambda sent, whole: seen.append((sent, whole)))

    fetched = httpx.get(url, trust_env=False)
    assert (fetched.content, fetched.headers["content-type"]) == (PICTURE, "image/png")
    assert seen[-1] == (len(PICTURE), len(PICTURE))
    assert [sent for sent, _ in seen] == sorted({sent for sent, _ in seen})


def test_no_two_files_have_the_same_name(kie: Sandbox) -> None:
    urls = {at(kie).send(opened(PICTURE), **PICTURE_SAID) for _ in range(3)}

    assert len(urls) == 3
    assert all(url.endswith(".png") for url in urls)


@pytest.mark.parametrize("fault", [Refuse(500), Refuse(429), CutAfter(), Garbage("html")])
def test_what_may_pass_is_tried_again_because_it_costs_nothing(kie: Sandbox, fault: Any) -> None:
    kie.fault(fault, on="upload", times=1)

    assert httpx.get(at(kie).send(opened(PICTURE), **PICTURE_SAID), trust_env=False).content == PICTURE
    assert len(uploads(kie)) == 2


def test_what_does_not_pass_is_said_at_last(kie: Sandbox) -> None:
    kie.fault(Refuse(500), on="upload")

    with pytest.raises(ServerError):
        at(kie).send(opened(PICTURE), **PICTURE_SAID)
    assert uploads(kie) == [500, 500, 500]


def test_a_wrong_key_is_not_tried_again(kie: Sandbox) -> None:
    with pytest.raises(AuthenticationError):
        uploader(kie.url, "a-key-that-is-wrong").send(opened(PICTURE), **PICTURE_SAID)
    assert uploads(kie) == [401]


def test_a_host_that_is_not_there_is_said() -> None:
    with pytest.raises(NotSentError):
        uploader("http://127.0.0.1:9").send(opened(PICTURE), **PICTURE_SAID)


def test_a_redirection_is_not_followed_with_the_key(kie: Sandbox) -> None:
    kie.fault(Redirect(f"{kie.url}/elsewhere", 307), on="upload")

    with pytest.raises(BadRequestError, match="The connection's host redirects"):
        at(kie).send(opened(PICTURE), **PICTURE_SAID)
    assert [entry.path for entry in kie.ledger.requests] == ["/api/file-stream-upload"]


@pytest.mark.parametrize(
    ("data", "url"),
    [
        ({"downloadUrl": "https://a.example/1", "fileUrl": "https://a.example/2"}, "https://a.example/1"),
        ({"downloadUrl": None, "fileUrl": "https://a.example/2"}, "https://a.example/2"),
        ({"downloadUrl": "not a url", "fileUrl": "https://a.example/2"}, "https://a.example/2"),
        ({"fileId": "f1", "fileUrl": "https://a.example/2", "expiresAt": "x"}, "https://a.example/2"),
    ],
)
def test_the_link_is_found_in_either_shape_of_the_reply(data: Any, url: str) -> None:
    reply = httpx.MockTransport(lambda _: httpx.Response(200, json={"success": True, "code": 200, "data": data}))

    assert uploader("https://files.example", transport=reply).send(opened(PICTURE), **PICTURE_SAID) == url


@pytest.mark.parametrize("data", [None, [], "https://a.example/1", {"downloadUrl": 5}, {"downloadUrl": "ftp://a/b"}])
def test_a_reply_without_a_link_is_an_error_of_ours(data: Any) -> None:
    reply = httpx.MockTransport(lambda _: httpx.Response(200, json={"code": 200, "data": data}))

    with pytest.raises(UnreadableAnswerError, match="did not say where it is"):
        uploader("https://files.example", transport=reply).send(opened(PICTURE), **PICTURE_SAID)


def test_a_file_that_cannot_be_read_on_is_said_and_not_taken_for_the_networks_fault(kie: Sandbox) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100_000:
                raise OSError("the disk has gone")
            return super().read(size)

    with pytest.raises(UnreadableFileError, match="cannot be read on: OSError: the disk has gone"):
        at(kie).send(lambda: Broken(PICTURE), **PICTURE_SAID)


class Long(io.RawIOBase):
    """A file of many bytes that takes no memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        piece = bytes(min(size if size >= 0 else self._size, self._size - self._at))
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset if whence == 0 else self._size + offset
        return self._at

    def tell(self) -> int:
        return self._at


@contextmanager
def pit() -> Iterator[tuple[str, list[int]]]:
    """A host that takes files, keeps none, and counts their bytes."""
    lengths: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            left = length = int(self.headers["Content-Length"])
            while left:
                left -= len(self.rfile.read(min(left, 65_536)))
            lengths.append(length)
            body = b'{"code": 200, "data": {"downloadUrl": "https://a.example/1"}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", lengths
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_long_file_takes_no_more_memory_than_a_short_one() -> None:
    size = 50_000_000
    with pit() as (url, lengths):
        tracemalloc.start()
        try:
            uploader(url).send(
                lambda: Long(size),  # type: ignore[arg-type, return-value]
                suffix=".mp4",
                content_type="video/mp4",
            )
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert size < lengths[0] < size + 1000
    assert peak < 2_000_000


def test_a_file_that_shrinks_on_the_way_is_no_success(kie: Sandbox) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b"" if self.tell() > 100_000 else super().read(size)

    with pytest.raises(NoAnswerError):
        at(kie).send(lambda: Shrinking(PICTURE), **PICTURE_SAID)
    assert 200 not in uploads(kie)


def test_an_answer_to_an_upload_that_drips_ends_when_its_time_is_up() -> None:
    whole = b'{"code": 200, "data": {"downloadUrl": "https://a.example/1"}}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole)
    with Wire(drip(head + whole, 0.02)) as wire, pytest.raises(NoAnswerError, match="Timeout"):
        Uploader(
            address=Address(api_key="a-key-of-some-length", base_url=wire.url), timeout=0.15, retry_rules=ONE_TRY
        ).send(opened(b"x"), **PICTURE_SAID)


def test_a_key_that_an_upload_host_sends_back_is_in_no_error() -> None:
    reply = httpx.MockTransport(lambda request: httpx.Response(500, text=request.headers["Authorization"]))

    with pytest.raises(UnreadableAnswerError) as caught:
        uploader("https://files.example", transport=reply).send(opened(PICTURE), **PICTURE_SAID)
    assert "a-key-of-some-length" not in str(caught.value)
