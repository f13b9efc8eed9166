"""Pictures as KIE takes them, told by their whole header rather than by a few bytes that any file could begin with.

The formats are those of the PNG specification (W3C, sections 5 and 11.2) and of JPEG (ITU-T T.81, annex B).
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_IHDR = struct.Struct(">IIBBBBB")
# The depths that each kind of colour may have.
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Metadata and colour profiles come in many segments; a file that has more is none of a camera.
_MOST_SEGMENTS = 2000
_LARGEST_SIDE = 65_535


def picture_size(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height of a JPG or PNG picture; ``None`` if it is none, or cut off before its pixels begin.

    :param file: Open at its beginning, and able to seek.
    """
    head = file.read(len(_PNG))
    if head == _PNG:
        size = _png_size(file)
    elif head.startswith(_JPEG):
        file.seek(len(_JPEG))
        size = _jpeg_size(file)
    else:
        return None
    return size if size and all(0 < side <= _LARGEST_SIDE for side in size) else None


def _png_size(file: BinaryIO) -> tuple[int, int] | None:
    size: tuple[int, int] | None = None
    for _ in range(_MOST_SEGMENTS):
        header = file.read(8)
        if len(header) < 8:  # noqa: PLR2004 - its length and its name
            return None
        length, name = int.from_bytes(header[:4], "big"), header[4:]
        if size is None:
            body, checksum = file.read(_IHDR.size), file.read(4)
            if (length, name) != (_IHDR.size, b"IHDR") or checksum != zlib.crc32(name + body).to_bytes(4, "big"):
                return None
            width, height, depth, colour, packing, filtering, interlacing = _IHDR.unpack(body)
            if depth not in _DEPTHS.get(colour, ()) or packing or filtering or interlacing > 1:
                return None
            size = (width, height)
        elif name == b"IDAT":
            return size if length and file.read(1) else None
        else:
            file.seek(length + 4, 1)
    return None


def _jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    size: tuple[int, int] | None = None
    for _ in range(_MOST_SEGMENTS):
        mark = file.read(2)
        while mark == b"\xff\xff":  # it may be preceded by any number of these
            mark = b"\xff" + file.read(1)
        if len(mark) < 2 or mark[0] != 0xFF:  # noqa: PLR2004
            return None
        kind = mark[1]
        length = int.from_bytes(file.read(2), "big")
        if kind in _WITHOUT_LENGTH or length < 2:  # noqa: PLR2004 - it counts its own two bytes
            return None
        if kind == _SCAN:
            return size if file.seek(length - 2, 1) and file.read(1) else None
        body = file.read(length - 2)
        if kind in _FRAMES:
            size = _frame_size(body)
            if size is None:
                return None
    return None


_SCAN = 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})


def _frame_size(body: bytes) -> tuple[int, int] | None:
    """What a frame header says: bits a sample, height, width, and three bytes for each component."""
    if len(body) < 6 or len(body) != 6 + 3 * body[5] or body[0] not in {8, 12} or not 1 <= body[5] <= 4:  # noqa: PLR2004
        return None
    return int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
