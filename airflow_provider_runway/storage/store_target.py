"""A file in an object store, or in any other file system that Airflow reaches through fsspec.

fsspec's files publish what they have when they are closed, and they are closed as well by an exception: what was
written until then would pass for the whole. So the file is first made whole on the disk of this machine (which needs
room for it there: ``TMPDIR``), and then handed over with ``put_file``. On S3, Google Cloud Storage and Azure that
shows nothing before the last byte has arrived; elsewhere it goes under another name first and is renamed.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from airflow_provider_runway.storage.local_target import LocalTarget, remove_abandoned
from airflow_provider_runway.storage.targets import Draft, Target, with_suffix

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# Their put_file is one request, or an upload in parts that is dropped when it fails (s3fs, gcsfs, adlfs).
_SHOWN_ONLY_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})
# s3fs and gcsfs keep whole parts in memory, by default some hundred mebibytes of them.
_PART = 8_388_608
_PREFIX = "runway-video-"


def find_store_target(uri: str, conn_id: str | None) -> Target:
    """Look up the file system of a URI.

    :param uri: With scheme, maybe with a connection id: ``s3://conn_id@bucket/key``.
    :param conn_id: The connection id, where the URI does not say.
    :raises ImportError: If the library for it is not installed.
    :raises ValueError: If Airflow knows no such scheme.
    """
    from airflow.sdk import ObjectStoragePath
    from fsspec.implementations.local import LocalFileSystem

    path = ObjectStoragePath(uri, conn_id=conn_id) if conn_id else ObjectStoragePath(uri)
    file_system = path.fs
    if isinstance(file_system, LocalFileSystem):
        return LocalTarget(file_system._strip_protocol(path.path))  # noqa: SLF001 - how fsspec makes it absolute
    address = str(path)
    if path.conn_id and f"{path.conn_id}@" not in address:  # Airflow 3.2
        scheme, _, rest = address.partition("://")
        address = f"{scheme}://{path.conn_id}@{rest}"
    return StoreTarget(file_system, path.path, address, shown_only_whole=path.protocol in _SHOWN_ONLY_WHOLE)


@dataclass(frozen=True, slots=True)
class StoreTarget:
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

    def beside(self, suffix: str) -> StoreTarget:
        """The file of the same name with another suffix."""
        return StoreTarget(
            self.file_system, with_suffix(self.path, suffix), with_suffix(self.uri, suffix), self.shown_only_whole
        )

    def size(self) -> int | None:
        """Bytes of the file that is there."""
        self.file_system.invalidate_cache()
        try:
            info: Mapping[str, Any] = self.file_system.info(self.path)
        except FileNotFoundError:
            return None
        if info.get("type") == "directory":
            raise IsADirectoryError(f"a folder is there; with a / at the end the video goes into it: {self.uri}/")
        return int(info["size"])

    def read(self) -> AbstractContextManager[BinaryIO]:
        """Open the file that is there."""
        opened = self.file_system.open(self.path, "rb", block_size=_PART, cache_type="readahead")
        return cast("AbstractContextManager[BinaryIO]", opened)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A draft in the folder for temporary files. It has the target's suffix, which tells stores the type."""
        suffix = PurePosixPath(self.path).suffix
        remove_abandoned(Path(tempfile.gettempdir()), re.compile(rf"{_PREFIX}.*"))
        with tempfile.NamedTemporaryFile(prefix=_PREFIX, suffix=suffix) as file:
            yield Draft(cast("BinaryIO", file), file.name)

    def publish(self, draft: Draft, *, overwrite: bool) -> None:
        """Hand the draft over, and see that all of it has arrived."""
        draft.file.flush()
        size = Path(draft.path).stat().st_size
        if not overwrite and self.size() is not None:
            raise FileExistsError(self.uri)
        if self.shown_only_whole:
            self._put(draft.path, self.path)
        else:
            self._put_and_rename(draft.path)
        arrived = self.size()
        if arrived != size:
            with contextlib.suppress(Exception):
                self.file_system.rm_file(self.path)
            raise OSError(f"{arrived} of {size} bytes arrived")

    def _put_and_rename(self, source: str) -> None:
        folder, _, name = self.path.rpartition("/")
        draft = f"{folder}/.{name}.{secrets.token_hex(4)}.part"
        if folder:
            self.file_system.makedirs(folder, exist_ok=True)
        try:
            self._put(source, draft)
            self.file_system.mv(draft, self.path)
        except BaseException:
            with contextlib.suppress(Exception):
                self.file_system.rm_file(draft)
            raise

    def _put(self, source: str, path: str) -> None:
        """Upload in small parts where the file system lets one choose."""
        put = getattr(self.file_system, "_put_file", self.file_system.put_file)
        known = inspect.signature(put).parameters
        wanted = {"chunksize": _PART, "max_concurrency": 2}
        self.file_system.put_file(source, path, **{name: value for name, value in wanted.items() if name in known})
