"""Files that were cut off, of the formats that tell their own length."""

from __future__ import annotations

import io
import struct
import wave
from typing import Any

import av
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


def jpeg(**options: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(file, "JPEG", **options)
    return file.getvalue()


def sound(format_: str, codec: str, rate: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=format_) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        for number in range(40):
            frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
            size = frame.planes[0].buffer_size
            frame.planes[0].update(bytes((number * 7 + byte * byte) % 251 for byte in range(size)))
            frame.sample_rate = rate
            for each in av.AudioResampler(stream.format, stream.layout, rate).resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return file.getvalue()


WHOLE = {
    "png": png(),
    "wav": wav(),
    "webp": webp(),
    "mp4": VIDEO,
    "jpeg": jpeg(),
    "jpeg that gets clearer": jpeg(progressive=True, exif=b"Exif\0\0\xff\xd9"),
    "mp3": sound("mp3", "mp3", 44_100),
    "mp3 of a low rate": sound("mp3", "mp3", 22_050),
    "mp3 of the lowest rate": sound("mp3", "mp3", 8_000),
    "ogg": sound("ogg", "libopus", 48_000),
    "flac": sound("flac", "flac", 44_100),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("behind", [b"", b"\0", b"something else"])
def test_a_whole_file_is_not_cut_off_whatever_comes_behind_it(kind: str, behind: bytes) -> None:
    assert not is_cut_off(io.BytesIO(WHOLE[kind] + behind))
    assert not is_cut_off(io.BytesIO(WHOLE[kind] + behind), is_announced=False)


def test_half_a_frame_at_the_end_of_sound_tells_only_where_the_server_has_not_told_the_length() -> None:
    cut = io.BytesIO(WHOLE["mp3"][:-40])
    assert is_cut_off(cut, is_announced=False)
    assert not is_cut_off(cut)


@pytest.mark.parametrize("tag", [b"ID3\4\0\0\0\0\2\1" + bytes(257), b"ID3\4\0\0\0\0\0\0", b""])
def test_a_tag_before_the_sound_is_passed_over(tag: bytes) -> None:
    bare = WHOLE["mp3"][WHOLE["mp3"].index(b"\xff\xfb") :]
    assert not is_cut_off(io.BytesIO(tag + bare), is_announced=False)
    assert is_cut_off(io.BytesIO(tag + bare[:-40]), is_announced=False)


@pytest.mark.parametrize("kind", ["png", "wav", "webp", "jpeg", "jpeg that gets clearer", "ogg"])
@given(share=st.floats(0.02, 0.99))
def test_a_file_that_was_cut_off_anywhere_is(kind: str, share: float) -> None:
    content = WHOLE[kind]
    assert is_cut_off(io.BytesIO(content[: max(12, int(len(content) * share))]))


@pytest.mark.parametrize("told", [0, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FFF_FF24])
def test_sound_whose_writer_did_not_know_its_length_is_taken(told: int) -> None:
    content = wav()
    assert not is_cut_off(io.BytesIO(content[:4] + struct.pack("<I", told) + content[8:]))


BEGINNINGS = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"OggS", b"ID3\4", b"\xff\xfb\x90\x64", b"RIFF"]


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=100))
def test_any_bytes_can_be_asked_about(beginning: bytes, rest: bytes) -> None:
    assert is_cut_off(io.BytesIO(beginning + rest), is_announced=False) in {True, False}
