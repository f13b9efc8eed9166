"""A file in an object store, or in any other file system that Airflow reaches through fsspec.

fsspec's files publish what they have when they are closed, and they are closed as well by an exception: what was
written until then would pass for the whole. So the file is first made whole on the disk of this machine (which needs
room for it there: ``TMPDIR``), and then handed over with ``put_file``. On S3, Google Cloud Storage and Azure that
shows nothing before the last byte has arrived; elsewhere it goes under another name first and is renamed.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import inspect
import logging
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from airflow_provider_runway.storage.content import HEAD
from airflow_provider_runway.storage.media_types import content_type
from airflow_provider_runway.storage.s3_uploads import abort_abandoned_uploads
from airflow_provider_runway.storage.target import Draft, check_room, with_suffix
from airflow_provider_runway.storage.temporary_drafts import temporary_draft

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

log = logging.getLogger(__name__)

# s3fs and gcsfs keep whole parts in memory, by default some hundred mebibytes of them.
PART = 8_388_608
_S3 = {"s3", "s3a", "s3n"}
_AZURE = {"abfs", "abfss", "az", "adl"}
# Their put_file is one request, or an upload in parts that is dropped when it fails (s3fs, gcsfs, adlfs).
SHOWN_ONLY_WHOLE = _S3 | _AZURE | {"gs", "gcs"}
_PROBE = b"Written to see whether a video can be stored here. It can be removed.\n"


@dataclass(frozen=True, slots=True)
class ObjectStoreTarget:
    """A file in an fsspec file system.

    :param file_system: The file system.
    :param path: The path in it.
    :param uri: The whole address.
    :param shown_only_whole: Whether its ``put_file`` shows nothing before the last byte has arrived.
    """

    file_system: AbstractFileSystem
    path: str
    uri: str
    shown_only_whole: bool

    def beside(self, suffix: str) -> ObjectStoreTarget:
        """The file of the same name with another suffix."""
        return ObjectStoreTarget(
            self.file_system, with_suffix(self.path, suffix), with_suffix(self.uri, suffix), self.shown_only_whole
        )

    def size(self) -> int | None:
        """Bytes of the file that is there."""
        if self.shown_only_whole and "/" not in self.path.strip("/"):
            raise IsADirectoryError(f"a bucket is no file; with a / at the end the video goes into it: {self.uri}/")
        return self._size(self.path)

    def read(self) -> AbstractContextManager[BinaryIO]:
        """Open the file that is there."""
        opened = self.file_system.open(self.path, "rb", block_size=PART, cache_type="readahead")
        return cast("AbstractContextManager[BinaryIO]", opened)

    def draft(self) -> AbstractContextManager[Draft]:
        """A draft in the folder for temporary files."""
        return temporary_draft(self.uri, PurePosixPath(self.path).suffix)

    def probe(self) -> None:
        """See that there is room for a draft here, and put a small file beside the target and remove it.

        It is called ``.runway-probe-<16 digits>``. Where it may be written and not removed, it stays: a video needs no
        more than that.
        """
        with self.draft() as draft:
            check_room(draft)
            draft.file.seek(0)
            draft.file.truncate()
            draft.file.write(_PROBE)
            draft.file.flush()
            place = self._hidden(f".runway-probe-{secrets.token_hex(8)}")
            self._put(draft.path, place, exclusive=True)
        try:
            self.file_system.rm_file(place)
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("A video can be stored at %s. The probe %s stays (%s).", self.uri, place, type(error).__name__)

    def publish(self, draft: Draft, *, overwrite: bool) -> None:
        """Hand the draft over, and see that all of it has arrived."""
        draft.file.flush()
        if not overwrite and self.size() is not None:
            raise FileExistsError(self.uri)
        if not self.shown_only_whole:
            self._put_and_rename(draft, overwrite=overwrite)
            return
        abort_abandoned_uploads(self.file_system, self.path, inherited=draft.inherited)
        try:
            self._put(draft.path, self.path, exclusive=not overwrite)
        except FileExistsError:
            raise
        except Exception as error:
            if not overwrite and self._has_come():
                raise FileExistsError(self.uri) from error
            raise
        # What is there may be another's by now, so it is never removed.
        _check_whole(self._size(self.path), draft)

    def _put_and_rename(self, draft: Draft, *, overwrite: bool) -> None:
        hidden = self._hidden(f".{PurePosixPath(self.path).name}.{secrets.token_hex(4)}.part")
        try:
            self._put(draft.path, hidden, exclusive=False)
            _check_whole(self._size(hidden), draft)
            if not overwrite and self.size() is not None:
                raise FileExistsError(self.uri)
            self.file_system.mv(hidden, self.path)
        except BaseException:
            with contextlib.suppress(Exception):
                self.file_system.rm_file(hidden)
            raise

    def _hidden(self, name: str) -> str:
        """A path beside the target; missing folders are made."""
        folder = self.path.rpartition("/")[0]
        if folder and not self.shown_only_whole:
            self.file_system.makedirs(folder, exist_ok=True)
        return f"{folder}/{name}"

    def _put(self, source: str, path: str, *, exclusive: bool) -> None:
        with Path(source).open("rb") as file:
            kind = content_type(file.read(HEAD), path)
        try:
            self.file_system.put_file(source, path, **put_options(self.file_system, kind, exclusive=exclusive))
        except OSError as error:
            if not exclusive or error.errno != errno.ENOSYS:
                raise
            # A store like S3 that does not know If-None-Match.
            self.file_system.put_file(source, path, **put_options(self.file_system, kind, exclusive=False))

    def _size(self, path: str) -> int | None:
        self.file_system.invalidate_cache()
        try:
            info: Mapping[str, Any] = self.file_system.info(path)
        except FileNotFoundError:
            return None
        if info.get("type") == "directory":
            raise IsADirectoryError(f"a folder is there; with a / at the end the video goes into it: {self.uri}/")
        return int(info["size"])

    def _has_come(self) -> bool:
        with contextlib.suppress(Exception):
            return self.size() is not None
        return False


def _check_whole(arrived: int | None, draft: Draft) -> None:
    size = Path(draft.path).stat().st_size
    if arrived != size:
        raise OSError(
            f"{arrived} of {size} bytes are there: the store has lost some, or another task has written there meanwhile"
        )


def put_options(file_system: AbstractFileSystem, content_type: str, *, exclusive: bool) -> dict[str, Any]:
    """What to hand to ``put_file`` besides the paths, as far as the file system has it.

    :param file_system: The file system.
    :param content_type: The type that the file is to have there.
    :param exclusive: Whether it is to be refused, with ``FileExistsError``, if there is a file already.
    """
    named = file_system.protocol
    protocols = {named} if isinstance(named, str) else set(named)
    put = getattr(file_system, "_put_file", file_system.put_file)
    known = inspect.signature(put).parameters
    wanted: dict[str, Any] = {"chunksize": PART, "max_concurrency": 2, "content_type": content_type}
    if exclusive:
        wanted |= {"mode": "create", "overwrite": False}
    options = {name: value for name, value in wanted.items() if name in known}
    if protocols & _S3:
        options["ContentType"] = content_type
    elif protocols & _AZURE:
        blob: Any = importlib.import_module("azure.storage.blob")
        options["content_settings"] = blob.ContentSettings(content_type=content_type)
    return options
