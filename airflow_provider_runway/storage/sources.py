"""Files to be read: of this machine, or of any storage that Airflow knows."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

from airflow_provider_runway.kie.errors import InvalidRequestError, RunwayError, UnreadableFileError
from airflow_provider_runway.storage.content import HEAD, is_video, picture_suffix
from airflow_provider_runway.storage.targets import Target, fingerprint

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

Media = Literal["picture", "video"]

# KIE takes JPG and PNG pictures up to this many bytes.
LARGEST_PICTURE = 10_000_000
_PICTURES = {".jpg": "image/jpeg", ".png": "image/png"}
_WEBM = b"\x1a\x45\xdf\xa3"
_HOPELESS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ImportError, ValueError)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read to its end.

    :param place: Where it is.
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param content_type: What it is, by its first bytes or, where they do not tell, by its name.
    :param suffix: The end of its name, such as ``.png``, by the same rule.
    """

    place: Target
    size: int
    sha256: str
    content_type: str
    suffix: str

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it."""
        with _reading(self.place.uri), self.place.read() as file:
            yield file


def read_source(path: str | ObjectStoragePath, field: str = "path", media: Media | None = None) -> Source:
    """Read a file to its end, in constant memory.

    :param path: A path of this machine, or anything that Airflow's ``ObjectStoragePath`` takes.
    :param field: The parameter that names it, for messages.
    :param media: What it must be. A picture of any name must be one that KIE takes.
    :raises InvalidRequestError: If it is not what it must be.
    :raises UnreadableFileError: If it is not there or cannot be read.
    """
    text = str(path)
    with _reading(text):
        place = _find(text, None if isinstance(path, str) else path.conn_id)
        size = place.size()
        if size is None:
            raise FileNotFoundError("there is no such file")
        with place.read() as file:
            head = file.read(HEAD)
        known = _by_content(head)
        if media is not None:
            _check_media(field, text, media, known)
        suffix, content_type = known or _by_name(text)
        if content_type.startswith("image/") and size > LARGEST_PICTURE:
            rule = f"must be a picture of at most {LARGEST_PICTURE // 1_000_000} MB; it has {size} bytes"
            raise InvalidRequestError(field, text, rule)
        whole = fingerprint(place)
    return Source(place, whole.size, whole.sha256, content_type, suffix)


def _find(text: str, conn_id: str | None) -> Target:
    from airflow_provider_runway.storage.local_target import LocalTarget
    from airflow_provider_runway.storage.store_target import find_store_target

    if "://" not in text:
        return LocalTarget(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - a string is wanted
    return find_store_target(text, conn_id)


def _by_content(head: bytes) -> tuple[str, str] | None:
    """The suffix and the type of a file, if its first bytes tell them."""
    picture = picture_suffix(head)
    if picture is not None:
        return picture, _PICTURES.get(picture, f"image/{picture[1:]}")
    if is_video(head):
        return (".webm", "video/webm") if head.startswith(_WEBM) else (".mp4", "video/mp4")
    return None


def _by_name(path: str) -> tuple[str, str]:
    suffix = PurePosixPath(path).suffix
    suffix = suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""
    return suffix, mimetypes.guess_type(f"file{suffix}")[0] or "application/octet-stream"


def _check_media(field: str, path: str, media: Media, known: tuple[str, str] | None) -> None:
    suffix, content_type = known or ("", "none of these")
    if media == "picture" and suffix not in _PICTURES:
        raise InvalidRequestError(field, path, f"must be a JPG or PNG picture; it is {content_type}")
    if media == "video" and not content_type.startswith("video/"):
        raise InvalidRequestError(field, path, f"must be a video; it is {content_type}")


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Say in our terms what goes wrong with a file, whatever its file system raises."""
    try:
        yield
    except RunwayError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise UnreadableFileError(
            f"{path} cannot be read ({what}). Nothing was submitted.", retryable=not isinstance(error, _HOPELESS)
        ) from error
