from __future__ import annotations

from pathlib import Path

import pytest
from clips import clip, ffmpeg

from airflow_provider_runway.film.marks import Marks, fingerprint, read_marks
from airflow_provider_runway.storage.local import LocalTarget

MARKS = Marks(fingerprint({"a": 1}), fingerprint(["dag", "run"]))


@pytest.mark.parametrize("options", [["-movflags", "+faststart"], [], ["-f", "mov"]], ids=["mp4", "moov last", "mov"])
def test_a_film_says_of_what_and_by_whom_it_was_made(tmp_path: Path, options: list[str]) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg("-i", str(clip()), "-c", "copy", "-metadata", f"comment={MARKS.comment}", *options, str(film))

    assert read_marks(LocalTarget(str(film))) == MARKS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        b"some text",
        MARKS.comment.encode(),  # not where a film says it
        b"\0\0\0\x08free" * 1000,
        b"\0\0\0\0moov" + MARKS.comment.encode(),
        b"\xff\xff\xff\xffftyp",
    ],
)
def test_any_other_file_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "film.mp4").write_bytes(data)

    assert read_marks(LocalTarget(str(tmp_path / "film.mp4"))) is None


def test_a_video_of_somebody_else_says_nothing() -> None:
    assert read_marks(LocalTarget(str(clip()))) is None


def test_the_order_of_names_makes_no_other_fingerprint() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
