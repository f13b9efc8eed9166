"""Where a video can be stored, and how it gets there unseen until it is whole.

A target is one file: a name that ends with ``/`` is a folder, and the video goes into it under a default name.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from airflow_provider_runway.kie.errors import RunwayError, TargetUnwritableError
from airflow_provider_runway.kie.texts import LONGEST_MESSAGE, shorten
from airflow_provider_runway.storage.store_errors import is_hopeless

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

_BLOCK = 1_048_576
# Free bytes that a disk must have before a video is paid for: several times what one of 10 seconds has.
ROOM = 67_108_864


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
    :param inherited: Whether an earlier process on this machine was killed with a draft of the same target.
    """

    file: BinaryIO
    path: str
    inherited: bool = False


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

    def probe(self) -> None:
        """Write something small beside the file and remove it: whether a video can be stored shows only then."""

    def publish(self, draft: Draft, *, overwrite: bool) -> None:
        """Make a whole and settled draft the file.

        Of two that publish without ``overwrite`` at the same time, one succeeds.

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


def check_room(draft: Draft) -> None:
    """See that the disk that a draft is on takes a video.

    What is free is not all: a quota, or a server that the disk is on, says so only when bytes arrive there.

    :raises OSError: If it is full.
    """
    usage = shutil.disk_usage(Path(draft.path).parent)
    if usage.total and usage.free < ROOM:  # some network file systems count nothing
        raise OSError(errno.ENOSPC, f"less than {ROOM // _BLOCK} MiB are free", draft.path)
    draft.file.write(bytes(_BLOCK))
    draft.file.flush()
    os.fsync(draft.file.fileno())


def address_of(path: str | os.PathLike[str] | ObjectStoragePath) -> str:
    """A path as the text that leads to the same file, with the id of its connection.

    :raises TypeError: If it is no path.
    """
    if isinstance(path, str):
        return path
    text = str(path) if hasattr(path, "protocol") else os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is a text, not {type(path).__name__}")
    conn_id = getattr(path, "conn_id", None)
    if not conn_id or f"{conn_id}@" in text:
        return text
    scheme, _, rest = text.partition("://")  # Airflow 3.2 leaves it out
    return f"{scheme}://{conn_id}@{rest}"


def find_target(target: str | os.PathLike[str] | ObjectStoragePath, default_name: str) -> Target:
    """Read a path: without a scheme it is a file of this machine, otherwise whatever Airflow has a file system for.

    :param target: A path, a URI such as ``s3://conn_id@bucket/key``, or a path object.
    :param default_name: The name of the file in a target that ends with ``/``.
    :raises TypeError: If it is no path.
    :raises ValueError: If it is empty.
    :raises ImportError: If Airflow has no file system for it.
    :raises airflow.sdk.exceptions.AirflowNotFoundException: If there is no such connection.
    """
    from airflow_provider_runway.storage.local_target import LocalTarget

    text = address_of(target)
    if not text.strip():
        raise ValueError("the path is empty")
    if text.endswith("/"):
        text += default_name
    if "://" not in text:
        return LocalTarget(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - a string is wanted
    from airflow_provider_runway.storage.store_target import find_store_target

    return find_store_target(text)


@contextmanager
def storing(uri: object, task_id: str | None = None, kind: type[Exception] = Exception) -> Iterator[None]:
    """Say in our terms what goes wrong with a target, whatever its file system raises.

    :param uri: The target.
    :param task_id: The KIE task; ``None`` as long as nothing was sent.
    :param kind: What is taken for a fault of the target.
    """
    try:
        yield
    except RunwayError:
        raise
    except kind as error:
        what = shorten(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, LONGEST_MESSAGE)
        retryable = not is_hopeless(error)
        if task_id is None:
            message = f"No video can be stored at {uri!s} ({what}). Nothing was sent or paid."
        else:
            message = (
                f"The video of task {task_id} cannot be stored at {uri!s} ({what}). It is paid and KIE.AI still has it "
                f"(14 days at most)."
            )
        raise TargetUnwritableError(message, task_id=task_id, retryable=retryable) from error


def with_suffix(path: str, suffix: str) -> str:
    """A path whose file has another suffix."""
    folder, slash, name = path.rpartition("/")
    stem = re.sub(r"(?<=.)\.[A-Za-z0-9]{1,5}$", "", name)
    return f"{folder}{slash}{stem}{suffix}"
