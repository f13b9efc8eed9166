"""A file in some storage, and how it gets there unseen until it is whole."""

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
from typing import BinaryIO, Protocol

from airflow_provider_runway.kie.errors import RunwayError, TargetUnwritableError
from airflow_provider_runway.kie.texts import LONGEST_MESSAGE, shorten
from airflow_provider_runway.storage.store_errors import is_retryable, told

_BLOCK = 1_048_576
# Free bytes that a disk must have before a video is paid for: several times what one of 10 seconds has.
ROOM = 67_108_864


@dataclass(frozen=True, slots=True)
class Checksum:
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


def checksum(target: Target) -> Checksum:
    """Read the file that is there."""
    size, sha256, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with target.read() as file:
        while block := file.read(_BLOCK):
            size += len(block)
            sha256.update(block)
            md5.update(block)
    return Checksum(size, sha256.hexdigest(), md5.hexdigest())


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
        text, cause = told(error)
        what = shorten(text, LONGEST_MESSAGE)
        retryable = is_retryable(error)
        if task_id is None:
            message, detail = f"No video can be stored at {uri!s} ({what}).", "Nothing was sent or paid."
        else:
            message = f"The video of task {task_id} cannot be stored at {uri!s} ({what})."
            detail = "It is paid and KIE.AI still has it (14 days at most)."
        raise TargetUnwritableError(message, detail=detail, task_id=task_id, retryable=retryable) from cause


# What stands behind another dot, such as the year in ``take.2026``, belongs to the name.
_MEDIA_SUFFIX = re.compile(
    r"(?<=.)\.(?:mp4|m4v|mov|webm|mkv|avi|gif|png|jpe?g|webp|avif|mp3|wav|ogg|flac|aac|m4a)$", re.IGNORECASE
)


def with_suffix(path: str, suffix: str) -> str:
    """A path whose file has another suffix in place of that of a media file."""
    folder, slash, name = path.rpartition("/")
    stem = _MEDIA_SUFFIX.sub("", name)
    return f"{folder}{slash}{stem}{suffix}"
