"""An answer has to be whole within its time, however it drips."""

from __future__ import annotations

import pytest

from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    NoAnswerError,
    RunwayError,
)
from airflow_provider_runway.kie.retry_rules import ONE_TRY

from .clients import AsyncService, SyncService
from .connecting import Connect, Proxied, connecting
from .support import GENERATE, READY, body
from .wire import CHUNKED, Act, Wire, drip, send

connect = connecting([SyncService, AsyncService])

WHOLE = body(READY)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WHOLE)
CHUNKS = b"".join(b"1\r\n%c\r\n" % each for each in WHOLE) + b"0\r\n\r\n"


def after(first: bytes, then: Act) -> Act:
    def act(connection: object) -> None:
        send(first)(connection)  # type: ignore[arg-type]
        then(connection)  # type: ignore[arg-type]

    return act


# Each brings a whole and good answer, byte by byte, each byte in time: only all of it takes too long.
DRIPPING: dict[str, Act] = {
    "all of it": drip(HEAD + WHOLE, 0.02),
    "the headers": after(b"HTTP/1.1 200 OK\r\n", drip(b"X-Pad: x\r\n" * 15 + HEAD.partition(b"\r\n")[2] + WHOLE, 0.02)),
    "the body": after(HEAD, drip(WHOLE, 0.02)),
    "the chunks": after(CHUNKED, drip(CHUNKS, 0.005)),
    "what is said before": after(b"", drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5 + HEAD + WHOLE, 0.02)),
}


@pytest.mark.parametrize("dripping", DRIPPING)
def test_an_answer_that_drips_ends_when_its_time_is_up(connect: Connect, dripping: str) -> None:
    with Wire(DRIPPING[dripping]) as wire, pytest.raises(NoAnswerError, match="Timeout"):
        connect(wire.url, timeout=0.3, retry_rules=ONE_TRY).get_task("t-1")


def test_a_submission_whose_answer_drips_is_ambiguous(connect: Connect) -> None:
    with Wire(DRIPPING["the headers"]) as wire:
        with pytest.raises(AmbiguousSubmissionError, match="Timeout"):
            connect(wire.url, timeout=0.3).submit(GENERATE)
        assert len(wire.heard()) == 1


def test_a_proxy_that_drips_ends_when_its_time_is_up(connect: Connect, proxied: Proxied) -> None:
    with Wire(drip(b"HTTP/1.1 200 Connection established\r\nX-Pad: xxxxxxxxxx\r\n\r\n" * 2, 0.02)) as wire:
        proxied(wire.port)
        with pytest.raises(RunwayError, match="Timeout"):
            connect("https://kie.example", timeout=0.3, retry_rules=ONE_TRY).get_task("t-1")
