from __future__ import annotations

import hashlib
import io

import pytest

from airflow_provider_runway.storage.sink import Sink


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"x" * 65_536] * 40, [b"x"] * 10_000])
def test_the_checksum_is_of_what_is_in_the_file(pieces: list[bytes]) -> None:
    file = io.BytesIO()

    with Sink(file) as sink:
        for piece in pieces:
            sink.write(piece)
        sink.flush()

    assert file.getvalue() == b"".join(pieces)
    assert sink.sha256 == hashlib.sha256(file.getvalue()).hexdigest()


def test_what_was_written_before_it_started_over_does_not_count() -> None:
    file = io.BytesIO()

    with Sink(file) as sink:
        sink.write(b"an error page" * 100_000)
        sink.start_over()
        sink.write(b"fox")
        sink.flush()

    assert file.getvalue() == b"fox"
    assert sink.sha256 == hashlib.sha256(b"fox").hexdigest()


def test_it_is_time_to_tell_of_progress_every_quarter_of_a_mebibyte() -> None:
    with Sink(io.BytesIO()) as sink:
        assert [sink.write(b"x" * 65_536) for _ in range(8)] == [False, False, False, True] * 2


def test_a_disk_that_is_full_is_told_of() -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError("No space left on device")

    with Sink(Full()) as sink, pytest.raises(OSError, match="No space left"):
        sink.write(b"x")
