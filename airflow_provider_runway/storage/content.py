"""What bytes are, from their beginning: video, picture, sound, or the error page that a web server sent instead."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

# So many bytes at the beginning tell what a file is.
HEAD = 512

_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/xhtml", "application/problem")
_PICTURES = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"))
_SOUNDS = ((b"ID3", ".mp3"), (b"OggS", ".ogg"), (b"fLaC", ".flac"))
# What the MP4 family is used for besides video, by its brand.
_BRANDS = {b"avif": ".avif", b"heic": ".heic", b"mif1": ".heic", b"M4A ": ".m4a", b"qt  ": ".mov"}
# What a link may say of the file behind it; anything else that stands there is no suffix.
_SUFFIX = re.compile(r"\.[a-z0-9]{2,5}", re.IGNORECASE)
_PAGES = {".html", ".htm", ".php", ".aspx", ".jsp"}
# Files that are text: words with and without times, tables, models of three dimensions, notes.
_TEXT_FILES = {".txt", ".json", ".srt", ".vtt", ".lrc", ".csv", ".md", ".obj", ".gltf", ".stl", ".ply", ".abc"}
_PACKED = (b"\x1f\x8b", b"PK\3\4", b"%PDF")
_MARKUP = ("<!doctype", "<html", "<?xml", "<head", "<body")


def is_error_page(head: bytes, content_type: str, link: str) -> bool:
    """Whether what should be some media file is the text of an error instead.

    :param head: Its first bytes.
    :param content_type: What the server calls it; lower case, or empty.
    :param link: Where it was fetched: its end may say that the file is text.
    """
    if media_suffix(head) is not None or not is_text(head, content_type):
        return False
    return suffix_of_link(link) not in _TEXT_FILES or decoded(head).lstrip().lower().startswith(_MARKUP)


def is_no_video(head: bytes, content_type: str) -> bool:
    """Whether what should be a video is certainly something else. Unknown bytes may be a video of a kind not met yet.

    :param head: Its first bytes.
    :param content_type: What the server calls it; lower case, or empty.
    """
    if is_video(head):
        return False
    return is_text(head, content_type) or picture_suffix(head) is not None or head.startswith(_PACKED)


def is_no_sound(head: bytes, content_type: str) -> bool:
    """Whether what should be sound is certainly something else; what is called MP4 or WebM may have nothing but sound.

    :param head: Its first bytes.
    :param content_type: What the server calls it; lower case, or empty.
    """
    if _sound_suffix(head) or is_video(head):
        return False
    return is_text(head, content_type) or picture_suffix(head) is not None or head.startswith(_PACKED)


def is_no_picture(head: bytes, content_type: str) -> bool:
    """Whether what should be a picture is certainly something else.

    :param head: Its first bytes.
    :param content_type: What the server calls it; lower case, or empty.
    """
    if media_suffix(head) in _PICTURE_SUFFIXES:
        return False
    return is_text(head, content_type) or media_suffix(head) is not None or head.startswith(_PACKED)


_PICTURE_SUFFIXES = {".png", ".jpg", ".gif", ".webp", ".avif", ".heic", ".svg"}


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


def media_suffix(head: bytes) -> str | None:
    """The suffix of a file's name, by its first bytes; ``None`` if they are no known picture's, sound's or video's."""
    if suffix := picture_suffix(head) or _sound_suffix(head):
        return suffix
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], ".mp4")
    if is_video(head):
        return ".webm" if head.startswith(b"\x1a\x45") else ".mov"
    return ".svg" if _is_drawing(head) else None


def _sound_suffix(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return ".wav"
    # MP3 without a tag, or AAC: eleven or twelve set bits, and then bits that tell the two apart. Text in UTF-16 may
    # begin so too.
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and not _reads_as(head, "utf-16-le"):  # noqa: PLR2004 - the bits just told
        return ".aac" if head[1] & 0xF6 == 0xF0 else ".mp3"  # noqa: PLR2004
    return next((suffix for beginning, suffix in _SOUNDS if head.startswith(beginning)), None)


def _is_drawing(head: bytes) -> bool:
    """Whether it is an SVG file, the one picture that is text."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text)


def suffix_of_link(link: str) -> str:
    """The suffix that a link's path ends with, in lower case; nothing if it has none that a media file could have."""
    try:
        suffix = PurePosixPath(urlsplit(link).path).suffix.lower()
    except ValueError:
        return ""
    return suffix if _SUFFIX.fullmatch(suffix) and suffix not in _PAGES else ""


def is_text(head: bytes, content_type: str) -> bool:
    """Whether a file that is not a known video is text (HTML, JSON, XML or plain).

    :param head: Its first bytes.
    :param content_type: What the server calls it; lower case, or empty.
    """
    if content_type.startswith(_TEXT_TYPES):
        return True
    return any(_reads_as(head, encoding) for encoding in ("utf-8", *_TWO_BYTES)) or _is_of_one_byte(head)


def decoded(head: bytes) -> str:
    """Bytes that :func:`is_text` takes for text, as text."""
    encoding = next((each for each in ("utf-8", *_TWO_BYTES) if _reads_as(head, each)), "latin-1")
    return head.decode(encoding, "replace").lstrip("\ufeff")


def _reads_as(head: bytes, encoding: str) -> bool:
    """Whether bytes are text of that encoding, be it cut off within the last character."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if encoding in _TWO_BYTES and 2 * sum(map(str.isascii, text)) <= len(text):
        return False  # any two bytes are some character of the many that there are
    return "\ufffd" not in text and all(map(_is_readable, text))


def _is_of_one_byte(head: bytes) -> bool:
    """Whether bytes are text of one of the encodings that have ASCII in them (Latin-1, Windows, GBK, Shift JIS).

    They have none of the control characters that no text has, as most other bytes have soon.
    """
    ascii_ = sum(byte < 128 for byte in head)  # noqa: PLR2004 - ASCII's end
    return 2 * ascii_ > len(head) and not _NO_TEXT & set(head)


def _is_readable(character: str) -> bool:
    return character.isprintable() or character in "\t\r\n\f\ufeff"


_TWO_BYTES = ("utf-16-le", "utf-16-be")
_NO_TEXT = {*range(32), 127} - {*b"\t\r\n\f"}


def ends_within_a_box(file: BinaryIO) -> bool:
    """Whether an MP4 file is cut off: one of the boxes that it consists of is longer than what is left of the file.

    ``False`` for what is no MP4 file, and for one with something else behind its last box, which players pass over.
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
        if size < 8:  # noqa: PLR2004 - a box is no shorter than its header
            return False
        at += size
        if at > length:
            return header[4:8] in _BOXES
    return False


# Those without which there is no video. Of others, of padding, and of what only looks like a box nothing is missed.
_BOXES = {b"ftyp", b"moov", b"moof", b"mdat"}
