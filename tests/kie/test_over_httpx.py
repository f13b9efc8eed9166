"""What httpx does in its own way: it keeps no connection for submissions, knows protocols to switch to, and proxies."""

from __future__ import annotations

import pytest

from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    NotSentError,
)
from airflow_provider_runway.kie.retry_rules import ONE_TRY

from .clients import KEY, SyncService
from .connecting import Connect, Proxied, connecting
from .support import GENERATE
from .wire import (
    SEEN,
    TAKEN,
    Wire,
    refused_port,
    reply,
    send_and_close,
)

# What a connection is kept for is decided by httpx's own transport; aiohttp's has its own ways.
connect_by_httpx = connecting([SyncService])


def test_no_submission_rides_on_a_connection_that_was_used_before(connect_by_httpx: Connect) -> None:
    with Wire(TAKEN, SEEN, TAKEN, TAKEN) as wire:
        service = connect_by_httpx(wire.url)
        service.submit(GENERATE)
        service.get_task("t-1")
        service.submit(GENERATE)
        service.submit(GENERATE)
        assert [connection for connection, _ in wire.requests] == [0, 1, 2, 3]


def test_a_switch_of_protocols_is_no_success(connect_by_httpx: Connect) -> None:
    switch = send_and_close(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    with Wire(switch) as wire, pytest.raises(AmbiguousSubmissionError):
        connect_by_httpx(wire.url).submit(GENERATE)


@pytest.mark.parametrize("url", ["http://kie.example", "https://kie.example"])
def test_a_proxy_that_is_down_is_nothing_sent(connect_by_httpx: Connect, proxied: Proxied, url: str) -> None:
    with refused_port() as port:
        proxied(port)
        with pytest.raises(NotSentError):
            connect_by_httpx(url, retry_rules=ONE_TRY).submit(GENERATE)


def test_a_proxy_that_refuses_the_tunnel_never_sees_the_key(connect_by_httpx: Connect, proxied: Proxied) -> None:
    with Wire(reply(b"no", "407 Proxy Authentication Required")) as wire:
        proxied(wire.port)
        with pytest.raises(NotSentError, match="407"):
            connect_by_httpx("https://kie.example", retry_rules=ONE_TRY).submit(GENERATE)
        ((_, request),) = wire.requests
        assert request.startswith(b"CONNECT kie.example:443")
        assert KEY.encode() not in request


def test_a_proxy_that_passes_on_and_gets_no_answer_is_ambiguous(connect_by_httpx: Connect, proxied: Proxied) -> None:
    with Wire(reply(b"<html>Bad Gateway</html>", "502 Bad Gateway")) as wire:
        proxied(wire.port)
        with pytest.raises(AmbiguousSubmissionError, match="HTTP 502"):
            connect_by_httpx("http://kie.example").submit(GENERATE)
        assert len(wire.requests) == 1
