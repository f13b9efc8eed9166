from __future__ import annotations

import io
from pathlib import Path

import pytest
from clips import clip, ffmpeg

from airflow_provider_runway.film.marks import Marks, fingerprint, read_length, read_marks
from airflow_provider_runway.storage.local import LocalTarget

MARKS = Marks(fingerprint({"a": 1}), fingerprint(["dag", "run"]))


@pytest.mark.parametrize("options", [["-movflags", "+faststart"], [], ["-f", "mov"]], ids=["mp4", "moov last", "mov"])
def test_a_film_says_of_what_and_by_whom_it_was_made_and_how_long_it_is(tmp_path: Path, options: list[str]) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg("-i", str(clip()), "-c", "copy", "-metadata", f"comment={MARKS.comment}", *options, str(film))

    assert read_marks(LocalTarget(str(film))) == MARKS
    with film.open("rb") as file:
        assert read_length(file) == 1


def test_a_length_of_more_than_32_bits_is_read() -> None:
    header = b"\0\0\0\x80mvhd\1\0\0\0" + bytes(16) + (1000).to_bytes(4, "big") + (10**10).to_bytes(8, "big")

    assert read_length(io.BytesIO(b"\0\0\0\x38moov" + header)) == 10**7


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        b"some text",
        MARKS.comment.encode(),  # not where a film says it
        b"\0\0\0\x08free" * 1000,
        b"\0\0\0\x10moov\0\0\0\x80mvhd\0",
        b"\0\0\0\0moov" + MARKS.comment.encode(),
        b"\xff\xff\xff\xffftyp",
    ],
)
def test_any_other_file_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "film.mp4").write_bytes(data)

    assert read_marks(LocalTarget(str(tmp_path / "film.mp4"))) is None
    assert read_length(io.BytesIO(data)) is None


def test_a_video_of_somebody_else_says_nothing() -> None:
    assert read_marks(LocalTarget(str(clip()))) is None


def test_the_order_of_names_makes_no_other_fingerprint() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
