"""The clients against real connections that fail in the ways connections do."""

from __future__ import annotations

import gzip
import socket
import ssl
from pathlib import Path

import pytest
from authorities import self_signed

from airflow_provider_runway.kie.envelope import LONGEST_ANSWER
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    BadRequestError,
    NoAnswerError,
    NotSentError,
    RunwayError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.retry_rules import ONE_TRY

from .clients import KEY, AsyncService, SyncService
from .connecting import Connect, connecting
from .support import GENERATE, READY, body
from .wire import (
    SEEN,
    TAKEN,
    Act,
    Wire,
    hang,
    refused_port,
    reply,
    reset,
    send,
    send_and_close,
    send_without_end,
    unread,
)

connect = connecting([SyncService, AsyncService])


# --- nothing was sent


def test_a_refused_port_is_tried_again_as_nothing_was_sent(connect: Connect) -> None:
    with refused_port() as port:
        service = connect(f"http://127.0.0.1:{port}")
        with pytest.raises(NotSentError, match="Nothing was sent"):
            service.submit(GENERATE)
    assert len(service.slept) == 3


def test_a_certificate_that_nobody_vouches_for_stops_before_anything_is_sent(connect: Connect, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path))
    with Wire(TAKEN, TAKEN, TAKEN, TAKEN, tls=tls) as wire:
        with pytest.raises(NotSentError, match=r"(?i)certificate"):
            connect(wire.url).submit(GENERATE)
        assert wire.requests == []


@pytest.mark.parametrize("act", [send_and_close(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reset, send_and_close(b"")])
def test_a_handshake_that_fails_sends_nothing(connect: Connect, act: Act) -> None:
    with Wire(unread(act), unread(act), deaf=True) as wire:
        with pytest.raises(NotSentError):
            connect(f"https://127.0.0.1:{wire.port}", retry_rules=ONE_TRY).submit(GENERATE)
        assert wire.requests == []


# --- sent, and no answer

CUT: dict[str, Act] = {
    "reset": reset,
    "closed": send_and_close(b""),
    "cut in the status line": send_and_close(b"HTTP/1.1 20"),
    "cut in the headers": send_and_close(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "cut in the body": send_and_close(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"code": 200'),
    "cut in a chunk": send_and_close(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"code"'),
    "not HTTP": send_and_close(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "bad chunks": send_and_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "bad gzip": reply(b"no gzip at all", "200 OK", "Content-Encoding: gzip"),
    "endless headers": send_and_close(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: x\r\n" * 40_000),
}


@pytest.mark.parametrize("cut", CUT)
def test_a_post_whose_answer_is_cut_is_ambiguous_and_sent_once(connect: Connect, cut: str) -> None:
    with Wire(CUT[cut], TAKEN) as wire:
        with pytest.raises(AmbiguousSubmissionError) as caught:
            connect(wire.url).submit(GENERATE)
        assert len(wire.requests) == 1
    assert isinstance(caught.value.__cause__, NoAnswerError)


@pytest.mark.parametrize("cut", CUT)
def test_a_poll_whose_answer_is_cut_is_repeated(connect: Connect, cut: str) -> None:
    with Wire(CUT[cut], SEEN, SEEN) as wire:
        assert connect(wire.url).get_task("t-1").video_url == "https://files.example/v.mp4"


def test_a_connection_that_is_cut_before_the_request_is_read_is_ambiguous(connect: Connect) -> None:
    with Wire(unread(reset), unread(reset), deaf=True) as wire:
        with pytest.raises(AmbiguousSubmissionError):
            connect(wire.url).submit(GENERATE)
        assert wire.connections == 1


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_a_post_whose_answer_does_not_come_in_time_is_ambiguous(connect: Connect, begun: bytes) -> None:
    def stall(connection: socket.socket) -> None:
        connection.sendall(begun)
        hang(connection)

    with Wire(stall, TAKEN) as wire:
        with pytest.raises(AmbiguousSubmissionError, match="Timeout"):
            connect(wire.url, timeout=0.15).submit(GENERATE)
        assert len(wire.heard()) == 1


# --- connections kept and not kept


def test_polls_share_a_connection(connect: Connect) -> None:
    with Wire(SEEN, SEEN, reply(body(5))) as wire:
        service = connect(wire.url)
        service.get_task("t-1")
        service.get_task("t-1")
        service.credits()
        assert [connection for connection, _ in wire.requests] == [0, 0, 0]


def test_a_kept_connection_that_the_server_has_closed_meanwhile_does_no_harm(connect: Connect) -> None:
    whole = body(READY)
    stale = send_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole) + whole)
    with Wire(stale, stale, SEEN) as wire:
        service = connect(wire.url)
        for _ in range(3):
            assert service.get_task("t-1").state == "success"
        assert len({connection for connection, _ in wire.requests}) == 3


# --- odd answers


@pytest.mark.parametrize("hint", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"])
def test_what_is_said_before_the_answer_is_not_the_answer(connect: Connect, hint: bytes) -> None:
    whole = body({"taskId": "t-1"})
    with Wire(send(hint + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole) + whole)) as wire:
        assert connect(wire.url).submit(GENERATE) == "t-1"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "200 OK"])
def test_an_empty_answer_is_told_as_one(connect: Connect, status: str) -> None:
    with Wire(reply(b"", status)) as wire, pytest.raises(RunwayError, match=f"HTTP {status[:3]}, the body is empty"):
        connect(wire.url, retry_rules=ONE_TRY).get_task("t-1")


def test_a_compressed_answer_is_read(connect: Connect) -> None:
    with Wire(reply(gzip.compress(body({"taskId": "t-1"})), "200 OK", "Content-Encoding: gzip")) as wire:
        assert connect(wire.url).submit(GENERATE) == "t-1"


def test_an_endless_answer_is_read_no_further_than_it_can_be_ours(connect: Connect) -> None:
    megabyte = b" " * 1_048_576
    acts = [send_without_end(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", megabyte, 900)] * 2
    with Wire(*acts) as wire:
        service = connect(wire.url, retry_rules=ONE_TRY)
        with pytest.raises(UnreadableAnswerError):
            service.get_task("t-1")
        with pytest.raises(AmbiguousSubmissionError):
            service.submit(GENERATE)


def test_an_answer_that_swells_when_unpacked_is_read_no_further_than_it_can_be_ours(connect: Connect) -> None:
    bomb = gzip.compress(b" " * (8 * LONGEST_ANSWER))
    with Wire(reply(bomb, "200 OK", "Content-Encoding: gzip")) as wire, pytest.raises(UnreadableAnswerError):
        connect(wire.url, retry_rules=ONE_TRY).get_task("t-1")


# --- where the key goes


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed_and_the_key_goes_nowhere_else(connect: Connect, status: str) -> None:
    with Wire(TAKEN, TAKEN) as elsewhere:
        to = f"Location: {elsewhere.url}/api/v1/runway/generate"
        with Wire(reply(b"", status, to), reply(b"", status, to)) as wire:
            service = connect(wire.url)
            for call in (lambda: service.submit(GENERATE), lambda: service.get_task("t-1")):
                with pytest.raises(BadRequestError, match="redirects"):
                    call()
            assert all(KEY.encode() in request for _, request in wire.requests)
        assert elsewhere.connections == 0
