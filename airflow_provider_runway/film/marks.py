"""What a film says of itself in its file: of which inputs and options it was made, by which task, and how long it is.

The first two stand in the comment of an MP4 file, so that a retry on any machine knows the finished film again.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

from airflow_provider_runway.storage.target import Target

_COMMENT = re.compile(rb"airflow-provider-runway film ([0-9a-f]{64}) by ([0-9a-f]{64})")
# Bytes of the part of a file that describes it; those of an hour have one or two millions.
_LARGEST = 67_108_864
_MOST_BOXES = 64
# That part begins with its own header and then another, in which numbers have 32 or 64 bits: names and formats.
_LENGTHS = ((b"mvhd\0", ">28xII"), (b"mvhd\1", ">36xIQ"))


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells a film from another.

    :param fingerprint: Of its inputs and options.
    :param maker: Of the task that has made it.
    """

    fingerprint: str
    maker: str

    @property
    def comment(self) -> str:
        """What stands in the file."""
        return f"airflow-provider-runway film {self.fingerprint} by {self.maker}"


def fingerprint(value: Any) -> str:
    """The checksum of a JSON value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_marks(place: Target) -> Marks | None:
    """The marks of the file that is there; ``None`` if it is no film of this provider's."""
    with place.read() as file:
        found = _COMMENT.search(_description(file))
    return Marks(found[1].decode(), found[2].decode()) if found else None


def read_length(file: BinaryIO) -> Fraction | None:
    """Seconds of a film; ``None`` if the file does not say."""
    data = _description(file)
    form = next((form for name, form in _LENGTHS if data[12:17] == name and len(data) >= struct.calcsize(form)), None)
    if form is None:
        return None
    scale, length = struct.unpack_from(form, data)
    return Fraction(length, scale) if scale else None


def _description(file: BinaryIO) -> bytes:
    """The box of an MP4 file that describes it; nothing if there is none."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:  # noqa: PLR2004 - length and name
            break
        size, name = int.from_bytes(header[:4], "big"), header[4:8]
        size = int.from_bytes(header[8:16], "big") if size == 1 else size
        if name == b"moov":
            file.seek(at)
            return file.read(min(size, _LARGEST)) if size else b""
        if size < 8:  # noqa: PLR2004
            break
        at += size
    return b""
