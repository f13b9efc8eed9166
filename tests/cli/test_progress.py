"""How far a command is, while it waits and transfers."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from airflow_provider_runway.sandbox import Sandbox, States

from .support import Call, Terminal

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_wait_shows_each_change_and_then_the_video(call: Call, kie: Sandbox, task_id: str) -> None:
    done = call("wait", task_id, "--output", "json")

    assert done.code == 0
    assert done.result["video_url"] == kie.tasks[0].media_urls[0]
    lines = done.err.splitlines()
    assert lines[0] == f"Task {task_id}: queued after 0 s."
    assert lines[1].startswith(f"Task {task_id}: generating after ")
    assert lines[2].startswith(f"Task {task_id}: ready after ")
    assert len(lines) == 3


def test_save_stores_the_video_and_shows_how_far_it_is(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)

    done = call("save", task_id, f"{tmp_path}/", "--thumbnail", "-o", "json")

    assert done.code == 0
    video = (tmp_path / f"{task_id}.mp4").read_bytes()
    assert done.result["saved_to"] == f"file://{tmp_path}/{task_id}.mp4"
    assert done.result["sha256"] == hashlib.sha256(video).hexdigest()
    assert done.result["thumbnail_saved_to"] == f"file://{tmp_path}/{task_id}.png"
    size = f"{len(video) / 1e6:.1f}"
    assert done.err.splitlines()[-1] == f"{tmp_path}/: {size} of {size} MB."


def test_a_terminal_sees_one_line_that_moves(
    call: Call, kie: Sandbox, task_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert call("wait", task_id).code == 0
    assert call("save", task_id, f"{tmp_path}/").code == 0

    shown = terminal.getvalue()
    assert f"Task {task_id}: " in shown
    assert "Downloading" in shown
    assert "after 0 s." not in shown


def test_a_state_that_looks_like_markup_is_shown_as_it_is(
    call: Call, kie: Sandbox, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.fault(States(("[/red]", "[bold]x", "[link=http://x]")))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert call("wait", task_id).code == 0
    assert "[/red] (a state that" in terminal.getvalue()
