"""What passes for a picture: real ones of many kinds, and no file that only begins like one."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from fakes import PIXEL
from PIL import Image

from airflow_provider_runway.storage.pictures import picture_size


def drawn(kind: str, mode: str = "RGB", size: tuple[int, int] = (90, 160), **options: Any) -> bytes:
    data = io.BytesIO()
    Image.new(mode, size).save(data, kind, **options)
    return data.getvalue()


def size_of(data: bytes) -> tuple[int, int] | None:
    return picture_size(io.BytesIO(data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_one(mode: str) -> None:
    assert size_of(drawn("PNG", mode)) == (90, 160)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"quality": 100, "subsampling": 0},
        {"icc_profile": bytes(200_000)},
        {"exif": b"Exif\0\0" + bytes(60_000)},
        {"comment": b"\xff\xd8\xff\xc0 a fox"},
    ],
)
def test_every_kind_of_jpeg_is_one(mode: str, options: dict[str, Any]) -> None:
    assert size_of(drawn("JPEG", mode, **options)) == (90, 160)


def test_a_jpeg_may_fill_up_before_its_marks() -> None:
    data = drawn("JPEG")
    assert size_of(data[:2] + b"\xff\xff\xff" + data[2:]) == (90, 160)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0root:x:0:0:root:/root:/bin/bash\n",
        b"\xff\xd8\xff" + b"\xff" * 100_000,
        b"\xff\xd8\xff\xda\0\x02pixels of no size",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000,
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\x10\x01\x01\x11\0\xff\xda\0\x02xx",
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\0\x01\x01\x11\0\xff\xda\0\x02xx",
        b"\xff\xd8\xff\xc0\0\x0b\x07\0\x10\0\x10\x01\x01\x11\0\xff\xda\0\x02xx",
        b"\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x10\x09\x01\x11\0\xff\xda\0\x02xx",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        b"\x89PNG\r\n\x1a\nroot:x:0:0:root:/root:/bin/bash\n" * 10,
        PIXEL.replace(b"IDAT", b"fDAT"),
        PIXEL.replace((1).to_bytes(4, "big"), (2).to_bytes(4, "big"), 1),
        b"GIF89a" + bytes(100),
        b"no picture",
    ],
)
def test_what_only_begins_like_a_picture_is_none(data: bytes) -> None:
    assert size_of(data) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_that_is_cut_off_before_its_pixels_is_none(kind: str) -> None:
    data = drawn(kind)
    pixels = data.index(b"IDAT") + 4 if kind == "PNG" else data.index(b"\xff\xda") + 14
    assert [length for length in range(pixels + 1) if size_of(data[:length])] == []
    assert size_of(data[: pixels + 2]) == (90, 160)


def test_no_bytes_are_taken_for_an_error() -> None:
    dice = random.Random(5)
    for whole in (drawn("PNG"), drawn("JPEG")):
        for _ in range(2000):
            spoilt = bytearray(whole)
            for _ in range(dice.randint(1, 5)):
                spoilt[dice.randrange(min(len(spoilt), 700))] = dice.randrange(256)
            size = size_of(bytes(spoilt[: dice.randrange(len(spoilt))]))
            assert size is None or min(size) > 0
