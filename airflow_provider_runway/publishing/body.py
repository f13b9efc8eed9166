"""The body of a request that publishes a video: streamed, however large it is, and the very bytes that were checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from airflow_provider_runway.kie.errors import UnreadableFileError
from airflow_provider_runway.publishing.request import PublishRequest
from airflow_provider_runway.storage.sources import Source
from airflow_provider_runway.storage.store_errors import is_retryable, told

OnProgress = Callable[[int, int], None]


class Readable(Protocol):
    """What an HTTP client takes for a body whose length is known."""

    @property
    def len(self) -> int:
        """Bytes that are left."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""


class Body:
    """A body on its way.

    :param inner: What is sent.
    :param content_type: What it is.
    """

    def __init__(self, inner: Readable, content_type: str) -> None:
        self._inner = inner
        self._left = inner.len
        self.content_type = content_type

    @property
    def len(self) -> int:
        """Bytes that are left."""
        return self._left

    @property
    def is_whole(self) -> bool:
        """Whether all of it was handed over, so that the service may have it."""
        return self._left <= 0

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or fewer at the end."""
        piece = self._inner.read(size)
        self._left -= len(piece)
        return piece


@contextmanager
def opened(request: PublishRequest, source: Source, on_progress: OnProgress) -> Iterator[Body]:
    """Open the video as the body of a request.

    :param on_progress: Called again and again with the bytes of the video that were sent, and all of them.
    """
    with source.open() as file:
        video = _Video(file, source, on_progress)
        if request.body == "raw":
            yield Body(video, source.content_type)
            return
        from requests_toolbelt import MultipartEncoder

        name = PurePosixPath(urlsplit(source.place.uri).path).name or f"video{source.suffix}"
        # The video comes last: presigned forms of S3 overlook what stands behind it.
        form = MultipartEncoder([*request.fields, (request.file_field, (name, video, source.content_type))])
        yield Body(form, form.content_type)


class _Video:
    """A video that is read to its end, and found to be the one whose checksum is known before its last bytes go out."""

    def __init__(self, file: BinaryIO, source: Source, on_progress: OnProgress) -> None:
        self._file = file
        self._source = source
        self._on_progress = on_progress
        self._checksum = hashlib.sha256()
        self._sent = 0

    @property
    def len(self) -> int:
        return self._source.size - self._sent

    def read(self, size: int = -1) -> bytes:
        left = self._source.size - self._sent
        wanted = left if size < 0 else min(size, left)
        if not wanted:
            return b""
        place = self._source.place.uri
        try:
            piece = self._file.read(wanted)
        except Exception as error:  # noqa: BLE001 - whatever a file system raises
            what, cause = told(error)
            raise UnreadableFileError(f"{place} cannot be read on ({what}).", retryable=is_retryable(error)) from cause
        self._checksum.update(piece)
        self._sent += len(piece)
        if not piece or (self._sent == self._source.size and self._checksum.hexdigest() != self._source.sha256):
            raise UnreadableFileError(f"{place} has changed while it was sent.")
        self._on_progress(self._sent, self._source.size)
        return piece
