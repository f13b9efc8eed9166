"""Answers without end, that swell, that give secrets back: what a service or a proxy can do to whoever asks it."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import traceback
import tracemalloc
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest

from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    NoAnswerError,
    NotSentError,
    RunwayError,
    UnreadableAnswerError,
)
from airflow_provider_runway.kie.retry_rules import ONE_TRY

from .clients import KEY, AsyncService, SyncService
from .connecting import Connect, Proxied, connecting
from .support import GENERATE, READY, body
from .wire import CHUNKED, Act, Wire, refused_port, reply, send_and_close, unread

connect = connecting([SyncService, AsyncService])


# --- answers that swell


def test_answers_are_asked_for_as_they_are(connect: Connect) -> None:
    with Wire(reply(body(5))) as wire:
        connect(wire.url).credits()
        ((_, request),) = wire.requests
    asked = [line for line in request.lower().split(b"\r\n") if line.startswith(b"accept-encoding:")]
    assert asked == [b"accept-encoding: identity"]


def raw_deflate(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(data) + packing.flush()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("gzip", gzip.compress), ("X-GZip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate),
     ("identity", bytes), ("", bytes), ("identity, gzip", gzip.compress)],
)  # fmt: skip
def test_one_plain_compression_is_undone_all_the_same(
    connect: Connect, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    with Wire(reply(encode(body({"taskId": "t-1"})), "200 OK", f"Content-Encoding: {encoding}")) as wire:
        assert connect(wire.url).submit(GENERATE) == "t-1"


def test_nothing_is_nothing_however_it_is_encoded(connect: Connect) -> None:
    act = reply(b"", "200 OK", "Content-Encoding: gzip")
    with Wire(act) as wire, pytest.raises(UnreadableAnswerError, match="the body is empty"):
        connect(wire.url, retry_rules=ONE_TRY).get_task("t-1")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_answer_that_is_cut_is_no_answer(connect: Connect, encoding: str) -> None:
    packed = (gzip.compress if encoding == "gzip" else zlib.compress)(body(READY))[:-9]
    act = reply(packed, "200 OK", f"Content-Encoding: {encoding}")
    with Wire(act) as wire, pytest.raises(NoAnswerError, match=f"not the {encoding} that it is said to be"):
        connect(wire.url, retry_rules=ONE_TRY).get_task("t-1")


ODD = {
    "twice": ["gzip, gzip"],
    "twice in two headers": ["gzip", "gzip"],
    "another": ["br"],
    "another, too": ["zstd"],
    "both": ["gzip, br"],
    "made up": ["\x7fx" * 400],
}


@pytest.mark.parametrize("odd", ODD)
def test_any_other_encoding_is_no_answer(connect: Connect, odd: str) -> None:
    packed = gzip.compress(gzip.compress(bytes(100_000_000), 1), 1)
    act = reply(packed, "200 OK", *(f"Content-Encoding: {each}" for each in ODD[odd]))
    with Wire(act) as wire, pytest.raises(NoAnswerError) as caught:
        connect(wire.url, retry_rules=ONE_TRY).get_task("t-1")
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_swells_takes_no_more_memory_than_an_answer_can_have(connect: Connect, encoding: str) -> None:
    packed = (gzip.compress if encoding == "gzip" else zlib.compress)(bytes(100_000_000), 1)
    with Wire(reply(packed, "200 OK", f"Content-Encoding: {encoding}")) as wire:
        service = connect(wire.url, retry_rules=ONE_TRY)
        tracemalloc.start()
        try:
            with pytest.raises(UnreadableAnswerError):
                service.get_task("t-1")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 30_000_000


@pytest.mark.parametrize(
    "deep",
    [b"[" * 200_000, b'{"code": 200, "data": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
     b'{"code": 422, "msg": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_001],
)  # fmt: skip
def test_an_answer_nested_beyond_reason_is_an_error_of_ours(connect: Connect, deep: bytes) -> None:
    with Wire(reply(deep), reply(deep)) as wire:
        service = connect(wire.url, retry_rules=ONE_TRY)
        with pytest.raises(UnreadableAnswerError):
            service.get_task("t-1")
        with pytest.raises(AmbiguousSubmissionError):
            service.submit(GENERATE)


# --- secrets that come back


def shown_of(error: RunwayError) -> str:
    return "".join([*traceback.format_exception(error), repr(vars(error))])


def in_json(text: str) -> bytes:
    return b'{"code": 422, "msg": "No, not %s", "data": null}' % text.encode()


def headed(*lines: str) -> Act:
    return send_and_close("\r\n".join(["HTTP/1.1 500 No", *lines, "", "<html>"]).encode())


ESCAPED = "".join(f"\\u{ord(each):04x}" for each in KEY)
PACKED = base64.b64encode(KEY.encode()).decode()
ECHOES: dict[str, Act] = {
    "the reason of the status line": reply(b"<html>", f"500 {KEY}"),
    "a status line that is none": send_and_close(f"HTTP/1.1 {KEY}\r\n\r\n".encode()),
    "what is not HTTP": send_and_close(f"{KEY}\r\n\r\n".encode()),
    "the value of a header": headed(f"X-Echo: {KEY}"),
    "the name of a header": headed(f"X-{KEY}: 1"),
    "a header that is none": headed(f"{KEY} {KEY}"),
    "a folded header": headed("X-Echo: a", f" {KEY}"),
    "Location": reply(b"", "302 Found", f"Location: https://elsewhere.example/{KEY}"),
    "Retry-After": reply(b"", "429 Slow Down", f"Retry-After: {KEY}"),
    "Set-Cookie": reply(b"<html>", "500 No", f"Set-Cookie: k={KEY}"),
    "Content-Type": reply(b"<html>", "500 No", f"Content-Type: text/{KEY}"),
    "Content-Encoding": reply(b"<html>", "500 No", f"Content-Encoding: {KEY}"),
    "Content-Length": send_and_close(f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n".encode()),
    "Transfer-Encoding": send_and_close(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {KEY}\r\n\r\n".encode()),
    "the size of a chunk": send_and_close(CHUNKED + f"{KEY}\r\n".encode()),
    "the extension of a chunk": send_and_close(CHUNKED + f"5;{KEY}\r\n<html\r\n0\r\n\r\n".encode()),
    "a trailer": send_and_close(CHUNKED + f"5\r\n<html\r\n0\r\n{KEY}: {KEY}\r\n\r\n".encode()),
    "two chunks": send_and_close(
        CHUNKED + f"5\r\n{KEY[:5]}\r\n{len(KEY) - 5:x}\r\n{KEY[5:]}\r\n0\r\n\r\n".encode(),
    ),
    "a page": reply(f"<html>{KEY}</html>".encode(), "500 No"),
    "a page, where its excerpt ends": reply((" " * 790 + "x" * 190 + KEY).encode(), "500 No"),
    "a page of white space": reply((" " * (16_384 - 5) + KEY).encode(), "500 No"),
    "a message": reply(in_json(KEY)),
    "a message in capitals": reply(in_json(KEY.upper())),
    "a message where it is cut": reply(in_json("x" * 180 + KEY)),
    "a message where it is kept up to": reply(in_json("x" * 980 + KEY)),
    "a message with escapes": reply(in_json(ESCAPED)),
    "a message with a URL": reply(in_json(quote(KEY, safe=""))),
    "a message with HTML": reply(in_json("".join(f"&#{ord(each)};" for each in KEY))),
    "a message in Base64": reply(in_json(PACKED)),
    "another message": reply(in_json(ESCAPED).replace(b"msg", b"message")),
    "a code": reply(json.dumps({"code": KEY}).encode()),
    "data": reply(json.dumps({"code": 200, "data": {"x": KEY, KEY: 1}}).encode()),
    "a task id": reply(json.dumps({"code": 500, "data": {"taskId": KEY}}).encode()),
    "a task id with escapes": reply(b'{"code": 500, "data": {"taskId": "%s"}}' % ESCAPED.encode()),
    "a failure": reply(json.dumps({"code": 200, "data": {"state": "fail", "failMsg": f"No {KEY}"}}).encode()),
    "a state": reply(json.dumps({"code": 200, "data": {"state": KEY}}).encode()),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_key_that_is_sent_back_is_in_no_error_and_no_log(
    connect: Connect, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "httpx")
    shown: list[str] = []

    def ask(call: Callable[[], object]) -> None:
        try:
            shown.append(repr(call()))
        except RunwayError as error:
            shown.append(shown_of(error))

    with Wire(*[ECHOES[echo]] * 3) as wire:
        service = connect(wire.url, retry_rules=ONE_TRY)
        ask(lambda: service.submit(GENERATE))
        ask(lambda: service.get_task("t-1"))
        ask(lambda: service.wait("t-1", timeout=0, on_change=lambda state, _: shown.append(state)))
        assert len(wire.requests) >= 2
    text = "".join(shown)
    for part in (KEY[:8], KEY[-8:], ESCAPED[:24], PACKED[:12], quote(KEY[:6], safe="")):
        assert part.lower() not in text.lower()
    assert KEY not in caplog.text


def test_no_cookie_is_kept(connect: Connect) -> None:
    with Wire(*[reply(body(5), "200 OK", "Set-Cookie: session=1; Path=/")] * 2) as wire:
        service = connect(wire.url)
        service.credits()
        service.credits()
        assert all(b"cookie" not in request.lower() for _, request in wire.requests)


PROXIES: dict[str, Act] = {
    "refuses": reply(b"no", "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=bob:hush-hush"),
    "refuses with what it was told": reply(b"no", "403 bob:hush-hush"),
    "fails": reply(b"hush-hush", "502 Bad Gateway"),
    "talks about something else": send_and_close(b"SSH-2.0-hush-hush\r\n"),
    "says nothing": send_and_close(b""),
    "sends no headers": send_and_close(b"HTTP/1.1 200 OK\r\nhush-hush\r\n\r\n"),
}


@pytest.mark.parametrize("does", PROXIES)
@pytest.mark.parametrize("url", ["https://kie.example", "http://kie.example"])
def test_a_proxys_password_is_in_no_error(connect: Connect, proxied: Proxied, does: str, url: str) -> None:
    with Wire(PROXIES[does], PROXIES[does]) as wire:
        proxied(wire.port, "bob:hush-hush@")
        with pytest.raises(RunwayError) as caught:
            connect(url, retry_rules=ONE_TRY).get_task("t-1")
        assert b"proxy-authorization: basic" in wire.requests[0][1].lower()
    if url.startswith("https"):
        assert "hush-hush" not in shown_of(caught.value)
        assert base64.b64encode(b"bob:hush-hush").decode() not in shown_of(caught.value)


def test_a_proxy_that_wants_other_credentials_is_told_as_one(connect: Connect, proxied: Proxied) -> None:
    with Wire(PROXIES["refuses"]) as wire:
        proxied(wire.port, "bob:hush-hush@")
        with pytest.raises(NotSentError) as caught:
            connect("https://kie.example", retry_rules=ONE_TRY).submit(GENERATE)
    assert f"at kie.example:443 through the proxy at 127.0.0.1:{wire.port} (" in str(caught.value)
    assert "the proxy answered with HTTP status 407, it wants other credentials). Nothing was sent." in str(
        caught.value
    )


def test_a_proxy_that_is_not_there_is_named_without_its_password(connect: Connect, proxied: Proxied) -> None:
    with refused_port() as port:
        proxied(port, "bob:hush-hush@")
        with pytest.raises(NotSentError, match=rf"through the proxy at 127\.0\.0\.1:{port} \(.*refused") as caught:
            connect("https://kie.example", retry_rules=ONE_TRY).get_task("t-1")
    assert "hush-hush" not in shown_of(caught.value)


# --- a host that does not speak TLS


def test_a_host_that_does_not_speak_tls_gets_a_hint(connect: Connect) -> None:
    act = unread(send_and_close(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with Wire(act, deaf=True) as wire, pytest.raises(NotSentError, match=r"does not speak TLS: .* http://, .* /http\."):
        connect(f"https://127.0.0.1:{wire.port}", retry_rules=ONE_TRY).get_task("t-1")
