"""KIE's answers may have headers of any bytes: none of them stands in the way of the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.envelope import read_retry_after
from airflow_provider_runway.kie.errors import RateLimitedError
from airflow_provider_runway.kie.retry_rules import ONE_TRY

from .clients import KEY, AsyncService, Service, SyncService
from .support import GENERATE, READY, body
from .wire import Wire, send

RAW = [b"vid\xc3\xa9o", b"vid\xe9o", bytes(range(128, 256)), b"\xff\xfe"]
NAMES = [b"Content-Disposition", b"ETag", b"Content-Type", b"Retry-After", b"Date", b"X-Any", b"Server"]


@pytest.fixture(params=[SyncService, AsyncService], ids=["sync", "async"])
def service(request: pytest.FixtureRequest) -> Callable[[str], Service]:
    def make(url: str) -> Service:
        made: Service = request.param(Address(api_key=KEY, base_url=url), timeout=5.0, retry_rules=ONE_TRY)
        request.addfinalizer(made.close)
        return made

    return make


def answer(data: Any, **envelope: Any) -> bytes:
    content = body(data, **envelope)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def with_header(whole: bytes, name: bytes, raw: bytes) -> bytes:
    return whole.replace(b"\r\n", b"\r\n" + name + b": " + raw + b"\r\n", 1)


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize("name", NAMES)
def test_a_poll_and_a_submission_read_the_body_whatever_the_headers(
    service: Callable[[str], Service], name: bytes, raw: bytes
) -> None:
    answers = [with_header(answer(data), name, raw) for data in (READY, {"taskId": "t-1"})]
    with Wire(*map(send, answers)) as wire:
        client = service(wire.url)
        assert client.get_task("t-1").video_url
        assert client.submit(GENERATE) == "t-1"


@pytest.mark.parametrize("raw", RAW)
def test_a_pause_that_cannot_be_read_is_none(service: Callable[[str], Service], raw: bytes) -> None:
    refusal = with_header(answer(None, code=429, msg="slow down"), b"Retry-After", raw)
    with Wire(send(refusal)) as wire, pytest.raises(RateLimitedError) as caught:
        service(wire.url).get_task("t-1")
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    "header", ["", "\udce9", "vidéo", "\x00", "Mon, \udcff 2026 99:99:99", "\u0661x", "1e999", "nan", "-", "," * 5000]
)
def test_any_text_is_a_pause_or_none(header: str) -> None:
    assert read_retry_after(header) is None
