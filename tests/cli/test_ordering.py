"""Looks that may cost something."""

from __future__ import annotations

import pytest

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.hooks.runway import RunwayHook, TaskRequest
from airflow_provider_runway.sandbox import Sandbox

from .support import Call, types

pytestmark = pytest.mark.usefixtures("given_time", "server_context")
PRICES = {"veo-4k": "about 120 credits ($0.60)", "veo-1080p": "about 5 credits ($0.03)"}


@pytest.fixture
def video(kie: Sandbox) -> str:
    """A Veo video that is ready, and of which nobody has ordered a copy."""
    with RunwayHook() as hook:
        task_id = hook.submit(TaskRequest(endpoint="veo/generate", body={"prompt": "A fox", "model": "veo3_lite"}))
    kie.advance(1000)
    return task_id


@pytest.mark.parametrize("kind", PRICES)
@pytest.mark.parametrize("words", [["status"], ["wait"], ["save", "/tmp/"]], ids=" ".join)
def test_a_look_that_would_order_a_copy_asks_before(
    call: Call, kie: Sandbox, video: str, words: list[str], kind: str
) -> None:
    done = call(words[0], video, *words[1:], "--kind", kind)

    assert done.code == ExitCode.REFUSED
    assert f"orders it, where nothing has before: for {PRICES[kind]}" in done.err
    assert "KIE.AI was not asked, and nothing was paid." in done.err
    assert len(kie.ledger.charges) == 1


def test_whoever_agrees_has_it(call: Call, kie: Sandbox, video: str, monkeypatch: pytest.MonkeyPatch) -> None:
    types(monkeypatch, "y")
    assert call("wait", video, "--kind", "veo-4k").code == 0
    assert call("status", video, "--kind", "veo-4k", "--yes").code == 0
    assert len(kie.ledger.charges) == 2


def test_nothing_is_asked_of_any_other_kind(call: Call, kie: Sandbox, video: str) -> None:
    assert call("status", video, "--kind", "veo").code == 0
