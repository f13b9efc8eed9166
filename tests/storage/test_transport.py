"""A media host without bound: bodies without end, bodies that drip, headers of any bytes."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import pytest

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.errors import DownloadError
from airflow_provider_runway.storage import media_request
from airflow_provider_runway.storage.transport import LEAST, PERIOD, PUBLIC_ONLY, MediaTransport, Pace, TooSlowError

from .support import VIDEO, Ask, film, media_host, reply, save, video_reply

SIZE = len(VIDEO)


@contextmanager
def pouring_host(beginning: bytes, pieces: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """A host that answers each request with a beginning, and then pours until it is not listened to."""

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                connection.sendall(beginning)
                for piece in pieces():
                    connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/fox.mp4"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


WITHOUT_LENGTH = b"HTTP/1.1 200 OK\r\n\r\n" + VIDEO
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{SIZE:x}\r\n".encode() + VIDEO + b"\r\n"


@pytest.mark.parametrize(
    ("beginning", "piece"), [(WITHOUT_LENGTH, bytes(65_536)), (CHUNKED, b"10000\r\n" + bytes(65_536) + b"\r\n")]
)
def test_a_body_without_end_is_listened_to_no_longer_than_a_file_may_be(
    tmp_path: Path, beginning: bytes, piece: bytes
) -> None:
    with (
        pouring_host(beginning, lambda: itertools.repeat(piece)) as link,
        pytest.raises(DownloadError, match=r"largest_file allows 2000000\. It is paid .* Raise that option") as caught,
    ):
        save(link, str(tmp_path / "fox.mp4"), largest=2_000_000)
    assert not caught.value.retryable
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_announced_as_too_large_is_not_fetched(tmp_path: Path) -> None:
    with (
        media_host(lambda _: reply(200, VIDEO, content_length=10**15)) as host,
        pytest.raises(DownloadError, match="it has 1000000000000000 bytes or more"),
    ):
        save(host.link, str(tmp_path / "fox.mp4"), largest=SIZE)
    assert len(host.asks) == 1


def test_a_file_may_have_the_most_that_is_allowed(tmp_path: Path) -> None:
    with media_host(video_reply) as host:
        assert save(host.link, str(tmp_path / "fox.mp4"), largest=SIZE).size == SIZE


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 1000),
        (CHUNKED + b"0\r\n", b"X-Trailer: x\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: x\r\n" * 1000),
    ],
)
def test_an_answer_that_never_comes_to_the_file_is_given_up(tmp_path: Path, beginning: bytes, piece: bytes) -> None:
    with pouring_host(beginning, lambda: itertools.repeat(piece)) as link, pytest.raises(DownloadError):
        save(link, str(tmp_path / "fox.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_a_pace_is_kept_by_what_comes_in_a_period() -> None:
    now = [0.0]
    pace = Pace(30.0, Clock(monotonic=lambda: now[0]))
    pace.took(2 * LEAST)  # of something else than the file
    pace.took_of_file(1)
    now[0] = PERIOD - 1
    pace.took_of_file(LEAST - 2)
    now[0] = PERIOD
    pace.took_of_file(1)
    now[0] = 2 * PERIOD
    with pytest.raises(TooSlowError, match=f"only {LEAST - 1} bytes came in 60 s"):
        pace.took_of_file(LEAST - 1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by ten seconds each time that it is read."""
    monkeypatch.setattr(
        media_request, "Pace", lambda stall, _: Pace(stall, Clock(monotonic=partial(next, count(0.0, 10.0))))
    )


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "beginning",
    [
        b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: 300000\r\n\r\n',
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n",
        b"HTTP/1.1 200 OK\r\nX-Drip: ",
        b"",
    ],
)
def test_an_answer_that_drips_is_given_up_wherever_it_drips(tmp_path: Path, beginning: bytes) -> None:
    sent = threading.Event()

    def drip() -> Iterator[bytes]:
        while not sent.wait(0.001):
            yield b"x"

    with pouring_host(beginning, drip) as link:
        try:
            with pytest.raises(DownloadError, match=r"only \d+ bytes came in \d+ s") as caught:
                save(link, str(tmp_path / "fox.mp4"))
        finally:
            sent.set()
    assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drip: ", b"", b"HTTP/1.1 100 Continue\r\nX: "]
)
def test_an_answer_that_drips_through_a_proxy_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    sent = threading.Event()

    def drip() -> Iterator[bytes]:
        while not sent.wait(0.001):
            yield b"x"

    with pouring_host(beginning, drip) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        try:
            with pytest.raises(DownloadError, match=r"only \d+ bytes came in \d+ s"):
                save("http://media.example/fox.mp4", str(tmp_path / "fox.mp4"))
        finally:
            sent.set()


@pytest.mark.usefixtures("impatient")
def test_what_drips_out_of_any_transport_is_given_up(tmp_path: Path) -> None:
    class Drops(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield film(600)
            while True:
                yield b"x"

    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, headers={"ETag": '"v1"'}, stream=Drops())

    with pytest.raises(DownloadError, match="the media host is too slow"):
        save("http://93.184.216.34/fox.mp4", str(tmp_path / "fox.mp4"), transport=httpx.MockTransport(answer))
    assert len(asked) == 4, "drops are no progress that renews the retry_rules"


RAW = [b"vid\xc3\xa9o.mp4", b"vid\xe9o.mp4", bytes(range(128, 256)), b"\xff\xfe", b"\x80" * 2000]


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize(
    "name", ["Content-Disposition", "ETag", "Last-Modified", "Content-Type", "X-Any", "Retry-After"]
)
def test_headers_of_any_bytes_do_not_stand_in_the_way(tmp_path: Path, name: str, raw: bytes) -> None:
    header = name.encode("latin-1") + b': attachment; filename="' + raw + b'"\r\n'

    def answer(ask: Ask) -> bytes:
        whole = video_reply(ask, upto=None if ask.number else 1000, etag=None)
        return whole.replace(b"\r\n", b"\r\n" + header, 1)

    with media_host(answer) as host:
        assert save(host.link, str(tmp_path / "fox.mp4")).size == SIZE
    assert len(host.asks) == 2


def test_a_header_whose_name_is_none_is_no_http(tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        return video_reply(ask) if ask.number else b"HTTP/1.1 200 OK\r\nX-\xe9: x\r\n\r\n" + VIDEO

    with media_host(answer) as host:
        assert save(host.link, str(tmp_path / "fox.mp4")).size == SIZE
    assert len(host.asks) == 2


@pytest.mark.parametrize("raw", [b"/f\xc3\xbcchse.mp4", b"/f\xfcchse.mp4"])
def test_a_redirect_of_any_bytes_is_followed_to_those_bytes(tmp_path: Path, raw: bytes) -> None:
    def answer(ask: Ask) -> bytes:
        if ask.number:
            return video_reply(ask)
        return b"HTTP/1.1 302 Found\r\nLocation: " + raw + b"\r\nContent-Length: 0\r\n\r\n"

    with media_host(answer) as host:
        save(host.link, str(tmp_path / "fox.mp4"))
    assert host.asks[1].path == "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)


def test_an_etag_that_cannot_be_sent_back_is_not_resumed_by(tmp_path: Path) -> None:
    with media_host(lambda ask: video_reply(ask, upto=None if ask.number else 9, etag='"v\xe9"')) as host:
        save(host.link, str(tmp_path / "fox.mp4"))
    assert "range" not in host.asks[1].headers


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with media_host(video_reply) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        save("http://media.example/fox.mp4", str(tmp_path / "fox.mp4"))
    assert [ask.path for ask in proxy.asks] == ["http://media.example/fox.mp4"]


def test_a_host_that_needs_no_proxy_is_asked_directly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with media_host(video_reply) as host:
        save(host.link, str(tmp_path / "fox.mp4"))
    assert (tmp_path / "fox.mp4").read_bytes() == VIDEO


def test_a_read_that_takes_too_long_is_a_cut() -> None:
    import socket

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        httpx.Client(transport=MediaTransport(), timeout=0.05) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_a_host_that_changes_its_address_after_it_was_looked_up_is_not_asked() -> None:
    with media_host(video_reply) as host, httpx.Client(transport=MediaTransport()) as http:
        with pytest.raises(PermissionError):
            http.get(host.link, extensions={PUBLIC_ONLY: True})
        assert host.asks == []
        assert http.get(host.link).content == VIDEO
