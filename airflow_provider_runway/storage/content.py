"""What bytes are, from their beginning: a video, a picture, or the error page that a web server sent instead."""

from __future__ import annotations

import os
from typing import BinaryIO

# So many bytes at the beginning tell what a file is.
HEAD = 512

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml", "application/problem")
_PICTURES = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"))


def is_video(head: bytes) -> bool:
    """Whether these are the first bytes of an MP4 or QuickTime file, or of WebM."""
    return head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"} or head[:4] == b"\x1a\x45\xdf\xa3"


def picture_suffix(head: bytes) -> str | None:
    """The suffix of a picture's file name, by its first bytes; ``None`` if they are no known picture's."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:12] == b"ftypavif":
        return ".avif"
    return next((suffix for beginning, suffix in _PICTURES if head.startswith(beginning)), None)


def is_text(head: bytes, content_type: str) -> bool:
    """Whether a file that is not a known video is text (HTML, JSON, XML or plain).

    :param head: Its first bytes.
    :param content_type: What the server calls it; lower case, or empty.
    """
    if content_type.startswith(_TEXT_TYPES):
        return True
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not merely a character cut off at the end
            return False
        text = head[: error.start].decode()
    return all(character.isprintable() or character in "\t\r\n\f\ufeff" for character in text)


def ends_within_a_box(file: BinaryIO) -> bool:
    """Whether an MP4 file is cut off: one of its boxes is longer than what is left of the file.

    ``False`` for what is no MP4 file, and for one with something else behind its last box.
    """
    length = file.seek(0, os.SEEK_END)
    at = 0
    while at + 8 <= length:
        file.seek(at)
        header = file.read(16)
        if at == 0 and header[4:8] != b"ftyp":
            return False
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8 or not header[4:8].isalnum():  # noqa: PLR2004 - a box is no shorter than its header
            return False
        at += size
    return at > length
