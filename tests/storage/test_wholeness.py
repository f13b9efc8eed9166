"""Files that were cut off, of the formats that tell their own length."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_runway.storage.wholeness import is_cut_off

from .support import VIDEO


def png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "PNG")
    return file.getvalue()


def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\1\2" * 1000)
    return file.getvalue()


def webp() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(file, "WEBP")
    return file.getvalue()


WHOLE = {"png": png(), "wav": wav(), "webp": webp(), "mp4": VIDEO}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("behind", [b"", b"\0", b"something else"])
def test_a_whole_file_is_not_cut_off_whatever_comes_behind_it(kind: str, behind: bytes) -> None:
    assert not is_cut_off(io.BytesIO(WHOLE[kind] + behind))


@pytest.mark.parametrize("kind", ["png", "wav", "webp"])
@given(share=st.floats(0.02, 0.99))
def test_a_file_that_was_cut_off_anywhere_is(kind: str, share: float) -> None:
    content = WHOLE[kind]
    assert is_cut_off(io.BytesIO(content[: max(12, int(len(content) * share))]))


@pytest.mark.parametrize("told", [0, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FFF_FF24])
def test_sound_whose_writer_did_not_know_its_length_is_taken(told: int) -> None:
    content = wav()
    assert not is_cut_off(io.BytesIO(content[:4] + struct.pack("<I", told) + content[8:]))


@given(st.binary(max_size=100) | st.binary(max_size=100).map(lambda rest: b"\x89PNG\r\n\x1a\n" + rest))
def test_any_bytes_can_be_asked_about(content: bytes) -> None:
    assert is_cut_off(io.BytesIO(content)) in {True, False}
