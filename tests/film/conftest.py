"""A folder for temporary files that is empty after each test, and an ffmpeg that runs in a folder of the test's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_runway.film.ffmpeg import Ffmpeg, find_ffmpeg


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, in which nothing may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Ffmpeg:
    """ffmpeg, in a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Ffmpeg(find_ffmpeg(), str(folder), 60)
