"""What a media file is: by its first bytes, or by its name where they do not tell."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

from airflow_provider_runway.storage.content import is_video, picture_suffix

PICTURES = {".jpg": "image/jpeg", ".png": "image/png"}
_WEBM = b"\x1a\x45\xdf\xa3"


def type_by_content(head: bytes) -> tuple[str, str] | None:
    """The suffix and the content type of a file, if its first bytes tell them."""
    picture = picture_suffix(head)
    if picture is not None:
        return picture, PICTURES.get(picture, f"image/{picture[1:]}")
    if is_video(head):
        return (".webm", "video/webm") if head.startswith(_WEBM) else (".mp4", "video/mp4")
    return None


def type_by_name(path: str) -> tuple[str, str]:
    """The suffix and the content type of a file by its name."""
    suffix = PurePosixPath(path).suffix
    suffix = suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""
    return suffix, mimetypes.guess_type(f"file{suffix}")[0] or "application/octet-stream"


def content_type(head: bytes, path: str) -> str:
    """The content type that a store is to give a file.

    :param head: Its first bytes, of which it is told whether it is a picture or a video, and which picture.
    :param path: Its name, which tells which video (such as ``.mov``), and all others.
    """
    by_content, by_name = type_by_content(head), type_by_name(path)[1]
    if by_content is None or (by_content[1].startswith("video/") and by_name.startswith("video/")):
        return by_name
    return by_content[1]
