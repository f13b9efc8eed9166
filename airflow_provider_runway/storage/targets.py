"""Where a video can be stored, and how it gets there unseen until it is whole.

A target is one file: a name that ends with ``/`` is a folder, and the video goes into it under a default name.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from airflow_provider_runway.kie.errors import RunwayError, TargetUnwritableError

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

_BLOCK = 1_048_576
# What no retry can mend: a person has to change the target, its rights, or what is installed.
_HOPELESS = (PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError, ImportError, ValueError)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file's bytes are, in short.

    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param md5: The other one, which media hosts use as ETag; not for security.
    """

    size: int
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A file on its way: on a disk of this machine, and not yet where it is to be seen.

    :param file: Open for writing and reading, empty at first.
    :param path: Where it is meanwhile.
    """

    file: BinaryIO
    path: str


class Target(Protocol):
    """A file that may or may not be there yet."""

    @property
    def uri(self) -> str:
        """The whole address, with its scheme, as ``ObjectStoragePath`` understands it."""

    def beside(self, suffix: str) -> Target:
        """The file of the same name with another suffix."""

    def size(self) -> int | None:
        """Bytes of the file that is there; ``None`` if there is none.

        :raises IsADirectoryError: If a folder is there.
        """

    def read(self) -> AbstractContextManager[BinaryIO]:
        """Open the file that is there."""

    def draft(self) -> AbstractContextManager[Draft]:
        """A draft, which is gone at the end of the block unless it was published."""

    def publish(self, draft: Draft, *, overwrite: bool) -> None:
        """Make a whole and settled draft the file.

        :raises FileExistsError: If there is a file already, which may not be overwritten.
        """


def fingerprint(target: Target) -> Fingerprint:
    """Read the file that is there."""
    size, sha256, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with target.read() as file:
        while block := file.read(_BLOCK):
            size += len(block)
            sha256.update(block)
            md5.update(block)
    return Fingerprint(size, sha256.hexdigest(), md5.hexdigest())


def find_target(target: str | ObjectStoragePath, default_name: str) -> Target:
    """Read a path: without a scheme it is a file of this machine, otherwise whatever Airflow has a file system for.

    :param target: A path, a URI such as ``s3://conn_id@bucket/key``, or an ``ObjectStoragePath``.
    :param default_name: The name of the file in a target that ends with ``/``.
    :raises TargetUnwritableError: If it names no file, or Airflow has no file system for it.
    """
    from airflow_provider_runway.storage.local_target import LocalTarget

    text = str(target)
    if not text.strip():
        raise TargetUnwritableError("The path to store the video at is empty.", retryable=False)
    if text.endswith("/"):
        text += default_name
    if "://" not in text:
        return LocalTarget(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - a string is wanted
    from airflow_provider_runway.storage.store_target import find_store_target

    conn_id = None if isinstance(target, str) else target.conn_id
    with storing(text):
        return find_store_target(text, conn_id)


@contextmanager
def storing(uri: str, task_id: str | None = None, kind: type[Exception] = Exception) -> Iterator[None]:
    """Say in our terms what goes wrong with a target, whatever its file system raises.

    :param uri: The target.
    :param task_id: The KIE task, once there is one.
    :param kind: What is taken for a fault of the target.
    """
    try:
        yield
    except RunwayError:
        raise
    except kind as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        video = f"The video of task {task_id}" if task_id else "A video"
        advice = (
            " It is paid and KIE.AI still has it (14 days at most): a retry downloads it again and pays nothing."
            if task_id
            else ""
        )
        raise TargetUnwritableError(
            f"{video} cannot be stored at {uri} ({what}).{advice}",
            task_id=task_id,
            retryable=not isinstance(error, _HOPELESS),
        ) from error


def with_suffix(path: str, suffix: str) -> str:
    """A path whose file has another suffix."""
    folder, slash, name = path.rpartition("/")
    stem = re.sub(r"(?<=.)\.[A-Za-z0-9]{1,5}$", "", name)
    return f"{folder}{slash}{stem}{suffix}"
