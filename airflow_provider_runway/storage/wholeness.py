"""Whether a media file is whole, by what it says of its length: where the server does not say that, or wrongly.

The formats are those of ISO 14496-12 (MP4), of the PNG specification (W3C, section 5.3), of RIFF (WAV, WebP), of JPEG
(ITU-T T.81, annex B), of Ogg (RFC 3533, section 6) and of MP3 (ISO 11172-3). Others, such as FLAC, do not tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from airflow_provider_runway.storage.content import ends_within_a_box

_JPEG = b"\xff\xd8\xff"
_OGG = b"OggS"
_PNG = b"\x89PNG\r\n\x1a\n"
_RIFF = b"RIFF"
# What writers put down that did not know the length: the largest number of 32 bits, with a sign or without, or nearly.
_UNKNOWN_LENGTH = 0x7FFF_0000
# A chunk of odd length has a byte of padding, which some count and others do not.
_PADDING = 1


def is_cut_off(file: BinaryIO, *, is_announced: bool = True) -> bool:
    """Whether a file ends before its own end. ``False`` where it does not tell, or has more behind its end.

    :param file: The file.
    :param is_announced: Whether its server has told how long it is. What only makes it likely that one is cut off (MP3
        has no end, and some writers leave half a frame there) counts only if not.
    """
    file.seek(0)
    head = file.read(8)
    if head == _PNG:
        return _is_cut_off_png(file)
    if head.startswith(_RIFF):
        return _is_cut_off_riff(file, head)
    if head.startswith(_JPEG):
        return _is_cut_off_jpeg(file)
    if head.startswith(_OGG):
        return _ends_within(file, 0, _page_length)
    if head.startswith(b"ID3") or _frame_length(file, 0):
        return not is_announced and _ends_within(file, _behind_tag(file), _frame_length)
    return ends_within_a_box(file)


def _is_cut_off_png(file: BinaryIO) -> bool:
    length = file.seek(0, os.SEEK_END)
    at = len(_PNG)
    while True:
        file.seek(at)
        header = file.read(8)
        name = header[4:8]
        if name == b"IEND":
            return at + 12 > length
        if len(header) == 8 and not name.isalpha():  # noqa: PLR2004 - a length and a name
            return False
        at += 12 + int.from_bytes(header[:4], "big")
        if at >= length:
            return True


def _is_cut_off_riff(file: BinaryIO, head: bytes) -> bool:
    told = int.from_bytes(head[4:8], "little")
    return 0 < told < _UNKNOWN_LENGTH and file.seek(0, os.SEEK_END) + _PADDING < told + len(head)


def _is_cut_off_jpeg(file: BinaryIO) -> bool:
    """Within the picture's own data, which begins with its scan, the mark of the end cannot stand for anything else."""
    at = 2
    while True:
        file.seek(at)
        header = file.read(4)
        if len(header) < 4:  # noqa: PLR2004 - a mark and a length
            return True
        if header[0] != 0xFF or header[1] == 0xD9:  # noqa: PLR2004 - what begins a mark, and that of the end
            return False
        is_filling = header[1] == 0xFF  # noqa: PLR2004
        at += 1 if is_filling else 2 + int.from_bytes(header[2:], "big")
        if not is_filling and header[1] == _SCAN:
            return not any(_END in part for part in _parts(file, at))


_SCAN, _END = 0xDA, b"\xff\xd9"
_AT_ONCE = 1 << 20


def _parts(file: BinaryIO, at: int) -> Iterator[bytes]:
    """The rest of a file in parts, each with the last byte of the one before."""
    file.seek(at)
    last = b""
    while part := file.read(_AT_ONCE):
        yield last + part
        last = part[-1:]


def _ends_within(file: BinaryIO, at: int, length_at: Callable[[BinaryIO, int], int]) -> bool:
    """Whether a file ends within the last of the pieces that follow upon each other in it."""
    length = file.seek(0, os.SEEK_END)
    while at < length and (piece := length_at(file, at)):
        at += piece
    return at > length


def _page_length(file: BinaryIO, at: int) -> int:
    """The length of an Ogg page: 0 where there is none, and more than is left where even its head is cut off."""
    file.seek(at)
    head = file.read(27)
    if not head.startswith(_OGG):
        return 0
    if len(head) < 27 or len(sizes := file.read(head[26])) < head[26]:  # noqa: PLR2004 - a page's head
        return _BEYOND
    return 27 + head[26] + sum(sizes)


_BEYOND = 1 << 62


def _behind_tag(file: BinaryIO) -> int:
    """Where the sound of an MP3 file begins: behind its tag, whose length has seven bits in each byte."""
    file.seek(0)
    tag = file.read(10)
    if not tag.startswith(b"ID3") or len(tag) < 10:  # noqa: PLR2004 - a tag's head
        return 0
    size = 0
    for byte in tag[6:]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame_length(file: BinaryIO, at: int) -> int:
    """The length of a frame of MP3 (layer III); 0 where there is none."""
    file.seek(at)
    head = file.read(4)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004 - eleven set bits, and the layer
        return 0
    version, rate, sampling = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in {0, 15} or sampling == 3:  # noqa: PLR2004 - of no meaning, or of no fixed length
        return 0
    is_one = version == 3  # noqa: PLR2004 - MPEG 1, beside 2 and 2.5
    kilobits = (_RATES_OF_ONE if is_one else _RATES_OF_TWO)[rate - 1]
    hertz = _HERTZ[sampling] >> (0 if is_one else 1 if version == 2 else 2)  # noqa: PLR2004
    return (144 if is_one else 72) * kilobits * 1000 // hertz + (head[2] >> 1 & 1)


_RATES_OF_ONE = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_OF_TWO = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = (44100, 48000, 32000)
