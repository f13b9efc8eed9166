"""Drafts in the folder for temporary files: gone with their process, or with the next try."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from airflow_provider_runway.storage.temporary_drafts import temporary_draft

URI = "s3://bucket/fox.mp4"

HOLD = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from airflow_provider_runway.storage.temporary_drafts import temporary_draft
with temporary_draft(sys.argv[2], ".mp4") as draft:
    draft.file.write(b"half")
    draft.file.flush()
    print(draft.path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def hold(folder: Path, uri: str) -> tuple[subprocess.Popen[str], Path]:
    """Another process that has a draft open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_the_next_try_removes_at_once_what_a_killed_process_has_left(temporary: Path) -> None:
    process, left = hold(temporary, URI)
    end(process)
    assert left.exists()
    with temporary_draft(URI, ".mp4") as draft:
        assert draft.inherited
        assert [path.name for path in temporary.iterdir()] == [Path(draft.path).name]
    assert list(temporary.iterdir()) == []


def test_a_draft_of_a_process_that_lives_is_kept_however_old(temporary: Path) -> None:
    process, left = hold(temporary, URI)
    try:
        os.utime(left, (time.time() - 90_000,) * 2)
        with temporary_draft(URI, ".mp4") as draft:
            assert not draft.inherited
        assert left.exists()
    finally:
        end(process)


def test_while_one_process_lives_the_death_of_another_tells_nothing(temporary: Path) -> None:
    living, kept = hold(temporary, URI)
    try:
        dead, left = hold(temporary, URI)
        end(dead)
        with temporary_draft(URI, ".mp4") as draft:
            assert not draft.inherited
        assert kept.exists()
        assert not left.exists()
    finally:
        end(living)


def test_dead_drafts_of_other_targets_go_after_an_hour_and_other_files_never(temporary: Path) -> None:
    process, left = hold(temporary, "s3://bucket/owl.mp4")
    end(process)
    other = temporary / "runway-video.txt"
    other.touch()
    with temporary_draft(URI, ".mp4") as draft:
        assert not draft.inherited
    assert left.exists()
    for path in (left, other):
        os.utime(path, (time.time() - 4000,) * 2)
    with temporary_draft(URI, ".mp4") as draft:
        assert not draft.inherited
    assert not left.exists()
    assert other.exists()


@pytest.mark.parametrize("uri", ["", "s3://b/ü \ud800.mp4", "x" * 10_000])
def test_any_target_has_a_draft(uri: str) -> None:
    with temporary_draft(uri, "") as draft:
        draft.file.write(b"x")
