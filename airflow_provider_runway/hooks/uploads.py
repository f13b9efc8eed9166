"""A file on its way to KIE, with the settings of a connection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from airflow_provider_runway.kie.errors import UnreadableFileError
from airflow_provider_runway.kie.uploads import UPLOAD_LIFETIME, OnUpload, Upload, Uploader
from airflow_provider_runway.results import utc_now
from airflow_provider_runway.storage.quarters import Quarters
from airflow_provider_runway.storage.sources import Media, Source, read_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_runway.storage.locate import AnyPath

# Bytes of a file whose upload is worth telling how far it is.
_WORTH_A_LINE = 1_000_000


def upload(
    uploader: Uploader,
    path: AnyPath,
    *,
    field: str,
    media: Media | None,
    on_progress: OnUpload | None,
    tell: Callable[..., None],
) -> Upload:
    """Upload a file; see :meth:`.RunwayHook.upload`.

    :param uploader: What sends it.
    :param tell: Logs how far it is, as ``Logger.info`` does, if nothing else is told.
    """
    source = read_source(path, field, media)
    if on_progress is None and source.size > _WORTH_A_LINE:
        on_progress = _told(tell, source)
    expires_at = utc_now() + UPLOAD_LIFETIME
    sent = _Sent(source)
    url = uploader.send(sent.open, suffix=source.suffix, content_type=source.content_type, on_progress=on_progress)
    if sent.sha256 != source.sha256:
        raise UnreadableFileError(f"{source.place.uri} has changed while it was uploaded.")
    return Upload(url, expires_at, source.size, source.sha256, source.content_type)


class _Sent:
    """A file that is sent, perhaps more than once; knows the checksum of what was read of it the last time."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        with self._source.open() as self._file:
            yield cast("BinaryIO", self)

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        self._digest = hashlib.sha256()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _told(tell: Callable[..., None], source: Source) -> OnUpload:
    return Quarters(lambda sent, whole: tell("%s: %.1f of %.1f MB are uploaded.", source.place.uri, sent, whole))
