"""Which stored files the page may play: those below ``[runway] media_roots``, and never one that leads out of there.

Where a file was stored is said by a task, and so by whoever writes DAGs: it is not trusted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from airflow_provider_runway.utils.config import read_media_roots
from airflow_provider_runway.utils.file_uris import FileAddress

_LOCAL = {"", "file", "local"}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of which the address is below one of the roots.

    :param root: The root, as it is configured.
    :param below: What stands behind it in the address: one or several names, none of them ``.`` or ``..``.
    """

    root: str
    below: str

    def open(self) -> tuple[BinaryIO, int]:
        """Open the file: it, and its bytes.

        :raises OSError: If there is none, if it is no file, or if a symbolic link leads out of the root.
        """
        address = _address(self.root)
        if address.scheme in _LOCAL:
            return _open_local(address.path, self.below)
        from airflow.sdk import ObjectStoragePath

        folder = ObjectStoragePath(self.root)
        path = ObjectStoragePath(f"{self.root.rstrip('/')}/{self.below}")
        if (path.protocol, _address(str(path)).authority) != (folder.protocol, _address(str(folder)).authority):
            raise FileNotFoundError(self.below)
        size = path.stat().st_size
        file: BinaryIO = path.open("rb")
        return file, size


def stored_place(result: Mapping[str, Any], which: str) -> str | None:
    """Where a task says that it has stored a file.

    :param result: What the task has returned; a film's has names of its own.
    :param which: ``"0"`` for the video, ``"1"`` and so on for each file of a job, or ``"thumbnail"``.
    """
    if which == "thumbnail":
        stored = result.get("thumbnail_saved_to") or result.get("thumbnail")
    elif which == "0":
        stored = result.get("saved_to") or result.get("path")
    else:
        files = result.get("saved_files")
        place = int(which) - 1
        stored = files[place] if isinstance(files, list) and place < len(files) else None
    return stored if isinstance(stored, str) else None


def find(address: str, roots: Iterable[str]) -> StoredFile | None:
    """The file of this address, if that is below one of the roots.

    :param address: Where a task says that it has stored something.
    :param roots: What ``[runway] media_roots`` names.
    """
    if not address.isprintable() or address.endswith("/"):
        return None
    file = _address(address)
    names = file.path.split("/")[1:]
    if not names or not file.path.startswith("/") or any(name in {"", ".", ".."} or "\\" in name for name in names):
        return None
    for root in roots:
        folder = _address(root)
        path = folder.path.rstrip("/") + "/"
        both_local = folder.scheme in _LOCAL and file.scheme in _LOCAL and not file.authority
        same_store = folder.scheme == file.scheme and folder.authority == file.authority
        if (both_local or (same_store and folder.scheme not in _LOCAL)) and file.path.startswith(path):
            return StoredFile(root, file.path[len(path) :])
    return None


def media_roots() -> tuple[str, ...]:
    """What ``[runway] media_roots`` names; nothing where that is nonsense, so that the page shows all else."""
    from airflow_provider_runway.kie.errors import InvalidRequestError

    try:
        return read_media_roots()
    except InvalidRequestError:
        return ()


def _address(text: str) -> FileAddress:
    return FileAddress.read(text) if "://" in text else FileAddress("", "", text)


def _open_local(root: str, below: str) -> tuple[BinaryIO, int]:
    """Open a file of this machine: the way to it, symbolic links resolved, is gone step by step, through no other."""
    real_root = os.path.realpath(root)
    path = os.path.realpath(os.path.join(real_root, below), strict=True)  # noqa: PTH118 - a text is wanted
    if not path.startswith(real_root.rstrip("/") + "/"):
        raise FileNotFoundError(below)
    *folders, name = path[len(real_root.rstrip("/")) + 1 :].split("/")
    descriptor = os.open(real_root, _FOLDER)
    try:
        for folder in folders:
            descriptor = _step(descriptor, folder, _FOLDER)
        descriptor = _step(descriptor, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(below)
        return os.fdopen(descriptor, "rb"), status.st_size
    except BaseException:
        os.close(descriptor)
        raise


def _step(folder: int, name: str, flags: int) -> int:
    """Open what is in an open folder, through no symbolic link that somebody has put there meanwhile."""
    descriptor = os.open(name, flags, dir_fd=folder)
    os.close(folder)
    return descriptor
