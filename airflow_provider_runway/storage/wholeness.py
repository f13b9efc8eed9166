"""Whether a media file is whole, by what it says of its length: where the server does not say that, or wrongly.

The formats are those of ISO 14496-12 (MP4), of the PNG specification (W3C, section 5.3) and of RIFF (WAV, WebP). Others
do not tell.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from airflow_provider_runway.storage.content import ends_within_a_box

_PNG = b"\x89PNG\r\n\x1a\n"
_RIFF = b"RIFF"
# What writers put down that did not know the length: the largest number of 32 bits, with a sign or without, or nearly.
_UNKNOWN_LENGTH = 0x7FFF_0000
# A chunk of odd length has a byte of padding, which some count and others do not.
_PADDING = 1


def is_cut_off(file: BinaryIO) -> bool:
    """Whether a file ends before its own end. ``False`` where it does not tell, or has more behind its end."""
    file.seek(0)
    head = file.read(8)
    if head == _PNG:
        return _is_cut_off_png(file)
    if head.startswith(_RIFF):
        return _is_cut_off_riff(file, head)
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
