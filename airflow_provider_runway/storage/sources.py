"""Files to be read: of this machine, or of any storage that Airflow knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

from airflow_provider_runway.kie.errors import InvalidRequestError, RunwayError, UnreadableFileError
from airflow_provider_runway.storage.content import HEAD
from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.locate import address_of, locate
from airflow_provider_runway.storage.media_types import PICTURES, type_by_content, type_by_name
from airflow_provider_runway.storage.store_errors import is_retryable, told
from airflow_provider_runway.storage.target import Target, checksum

if TYPE_CHECKING:
    from airflow_provider_runway.storage.locate import AnyPath

Media = Literal["picture", "video"]

# KIE takes JPG and PNG pictures up to this many bytes.
LARGEST_PICTURE = 10_000_000


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
        with reading(self.place.uri), self.place.read() as file:
            yield file


def read_source(path: AnyPath, field: str = "path", media: Media | None = None) -> Source:
    """Read a file to its end, in constant memory.

    :param path: A path of this machine, or anything that Airflow's ``ObjectStoragePath`` takes. Where ``[runway]
        upload_roots`` is set, one of this machine must be below those folders, wherever links may lead.
    :param field: The parameter that names it, for messages.
    :param media: What it must be. A picture of any name must be one that KIE takes.
    :raises InvalidRequestError: If it is not what it must be.
    :raises UnreadableFileError: If it is not there or cannot be read.
    """
    with reading(path):
        text = address_of(path)
        place = _within_roots(field, text, locate(text))
        size = place.size()
        if size is None:
            raise FileNotFoundError("there is no such file")
        with place.read() as file:
            known = type_by_content(file.read(HEAD))
            if media is not None:
                _check_media(field, text, media, known)
            if media == "picture":
                file.seek(0)
                _check_picture(field, text, file)
        suffix, content_type = known or type_by_name(text)
        if content_type.startswith("image/") and size > LARGEST_PICTURE:
            rule = f"must be a picture of at most {LARGEST_PICTURE // 1_000_000} MB; it has {size} bytes"
            raise InvalidRequestError(field, text, rule)
        whole = checksum(place)
    return Source(place, whole.size, whole.sha256, content_type, suffix)


def _within_roots(field: str, text: str, place: Target) -> Target:
    """The file where all links have led, if it may be uploaded; of other storages their rights decide."""
    from airflow_provider_runway.utils.config import read_upload_roots

    roots = read_upload_roots()
    if not roots or not isinstance(place, LocalTarget):
        return place
    path = os.path.realpath(place.path)
    if not any(os.path.commonpath([root, path]) == root for root in map(os.path.realpath, roots)):
        raise InvalidRequestError(field, text, "must be a file below the folders of [runway] upload_roots")
    return LocalTarget(path)


def _check_media(field: str, path: str, media: Media, known: tuple[str, str] | None) -> None:
    suffix, content_type = known or ("", "none of these")
    if media == "picture" and suffix not in PICTURES:
        raise InvalidRequestError(field, path, f"must be a JPG or PNG picture; it is {content_type}")
    if media == "video" and not content_type.startswith("video/"):
        raise InvalidRequestError(field, path, f"must be a video; it is {content_type}")


def _check_picture(field: str, path: str, file: BinaryIO) -> None:
    from airflow_provider_runway.storage.pictures import picture_size

    if picture_size(file) is None:
        raise InvalidRequestError(field, path, "must be a whole JPG or PNG picture; its header is none of such a one")


@contextmanager
def reading(path: object) -> Iterator[None]:
    """Say in our terms what goes wrong with a file, whatever its file system raises."""
    try:
        yield
    except RunwayError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a file system raises
        what, cause = told(error)
        raise UnreadableFileError(f"{path!s} cannot be read ({what}).", retryable=is_retryable(error)) from cause
