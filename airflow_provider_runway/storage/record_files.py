"""The files of a records folder: on a disk, or in an object store. What they say is :mod:`.records`' business.

A file is created exclusively: of all that create one of the same name, on whatever machine, one succeeds. On a disk a
draft is linked to the name, so that nobody sees half of it; in S3, Google Cloud Storage and Azure it is one request
with the store's own condition (``If-None-Match: *``, ``ifGenerationMatch=0``).
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_runway.storage.local import LocalTarget, sync_folder
from airflow_provider_runway.storage.locate import locate
from airflow_provider_runway.storage.object_store import ObjectStoreTarget
from airflow_provider_runway.storage.record_entries import LARGEST

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class Files(Protocol):
    """The files of a folder, by their names in it: ``<subfolder>/<file>``."""

    def uri(self, name: str) -> str:
        """The whole address of a file."""

    def names(self, subfolder: str) -> list[str]:
        """The files in a subfolder, without its name; none if there is no such subfolder.

        :raises OSError: If the folder itself is not there, where that can be told.
        """

    def read(self, name: str) -> bytes:
        """What is in a file, or its first 4 MiB and one byte."""

    def create(self, name: str, content: bytes) -> None:
        """Make a file.

        :raises FileExistsError: If there is one of that name.
        """

    def replace(self, name: str, content: bytes) -> None:
        """Make a file, or put it in place of another, in one step."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def changed(self) -> Iterator[tuple[str, datetime]]:
        """All files in subfolders, hidden ones too, and when each was written."""

    def is_exclusive_at_once(self, name: str) -> bool:
        """Whether of two that have both begun to create this file before either is done, one cannot succeed."""


def open_files(url: str) -> Files:
    """The files of a folder.

    :param url: An absolute path, or a URI that Airflow has a file system for.
    :raises Exception: Whatever Airflow and the provider of that file system raise; see
        :func:`airflow_provider_runway.storage.locate.locate`.
    """
    target = locate(f"{url}/probe")
    if isinstance(target, LocalTarget):
        return _LocalFiles(Path(target.path).parent)
    if isinstance(target, ObjectStoreTarget):
        root, address = (whole.rpartition("/")[0].rstrip("/") for whole in (target.path, target.uri))
        return _StoredFiles(target.file_system, root, address, target.shown_only_whole)
    raise TypeError(type(target).__name__)  # pragma: no cover - there are two


@dataclass(frozen=True, slots=True)
class _LocalFiles:
    root: Path

    def uri(self, name: str) -> str:
        return str(self.root / name)

    def names(self, subfolder: str) -> list[str]:
        try:
            return [path.name for path in (self.root / subfolder).iterdir()]
        except FileNotFoundError:
            self._require()
            return []

    def read(self, name: str) -> bytes:
        with (self.root / name).open("rb") as file:
            return file.read(LARGEST + 1)

    def create(self, name: str, content: bytes) -> None:
        self._publish(name, content, overwrite=False)

    def replace(self, name: str, content: bytes) -> None:
        self._publish(name, content, overwrite=True)

    def remove(self, name: str) -> None:
        path = self.root / name
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are in it
            path.parent.rmdir()

    def changed(self) -> Iterator[tuple[str, datetime]]:
        self._require(FileNotFoundError)  # whoever lists a folder can do so again
        for path in sorted(self.root.glob("*/*")):
            with contextlib.suppress(FileNotFoundError):
                yield (
                    f"{path.parent.name}/{path.name}",
                    datetime.fromtimestamp(path.stat().st_mtime, timezone.utc),
                )

    def is_exclusive_at_once(self, name: str) -> bool:
        del name
        return True  # the kernel's own, of a link

    def _publish(self, name: str, content: bytes, *, overwrite: bool) -> None:
        target = LocalTarget(str(self.root / name))
        for others_may_have_removed_its_folder in (True, True, False):
            self._require()
            try:
                with target.draft() as draft:
                    draft.file.write(content)
                    target.publish(draft, overwrite=overwrite)
                break
            except FileNotFoundError:
                if not others_may_have_removed_its_folder:
                    raise
        sync_folder(self.root)

    def _require(self, error: type[OSError] = OSError) -> None:
        """The folder is never made: where a shared disk is not mounted, that would keep records of this machine.

        A disk may be away for seconds, as while it is mounted anew: an error of no further kind is one that may pass.
        """
        if not self.root.is_dir():
            raise error(f"there is no folder {self.root} on this machine") from None


@dataclass(frozen=True, slots=True)
class _StoredFiles:
    file_system: AbstractFileSystem
    root: str
    address: str
    shown_only_whole: bool

    def uri(self, name: str) -> str:
        return f"{self.address}/{name}"

    def names(self, subfolder: str) -> list[str]:
        folder = f"{self.root}/{subfolder}"
        self.file_system.invalidate_cache()
        try:
            found = self.file_system.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        names = [_name_of(info) for info in found if info.get("type") != "directory"]
        return [name for name in names if name and name != subfolder]  # what marks a folder is no file

    def read(self, name: str) -> bytes:
        content: bytes = self.file_system.cat_file(f"{self.root}/{name}")
        return content[: LARGEST + 1]

    def create(self, name: str, content: bytes) -> None:
        self.file_system.pipe_file(self._make_room(name), content, mode="create")

    def replace(self, name: str, content: bytes) -> None:
        path = self._make_room(name)
        if self.shown_only_whole:
            self.file_system.pipe_file(path, content)
            return
        folder, _, last = path.rpartition("/")
        draft = f"{folder}/.{last}.{secrets.token_hex(4)}.part"
        self.file_system.pipe_file(draft, content)
        self.file_system.mv(draft, path)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.file_system.rm_file(f"{self.root}/{name}")

    def changed(self) -> Iterator[tuple[str, datetime]]:
        self.file_system.invalidate_cache()
        found: dict[str, dict[str, Any]] = self.file_system.find(self.root, detail=True)
        for path, info in sorted(found.items()):
            name = path.removeprefix(self.root).strip("/")
            if "/" in name:
                yield name, _when(info) or self.file_system.modified(path)

    def is_exclusive_at_once(self, name: str) -> bool:
        if self.shown_only_whole:
            return True  # one request
        path = f"{self.root}/{name}"
        try:
            with self.file_system.open(path, "xb") as one, self.file_system.open(path, "xb") as other:
                one.write(b"{}")
                other.write(b"{}")
        except FileExistsError:
            return True
        finally:
            self.remove(name)
        return False

    def _make_room(self, name: str) -> str:
        path = f"{self.root}/{name}"
        if not self.shown_only_whole:
            self.file_system.makedirs(path.rpartition("/")[0], exist_ok=True)
        return path


def _name_of(info: dict[str, Any]) -> str:
    return str(info["name"]).rstrip("/").rpartition("/")[2]


def _when(info: dict[str, Any]) -> datetime | None:
    """When a file was written, by the names that s3fs, gcsfs, adlfs and others have for it."""
    for key in ("LastModified", "last_modified", "updated", "mtime", "created"):
        value = info.get(key)
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, (int, float)):
            value = datetime.fromtimestamp(value, timezone.utc)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return None
