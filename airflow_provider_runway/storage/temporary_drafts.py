"""Drafts in the folder for temporary files (``TMPDIR``), and what is left of those whose process was killed.

A draft is locked while its process lives, and the system takes the lock off when it dies: so a dead one is known at
once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airflow_provider_runway.storage.local import ABANDONED_AFTER
from airflow_provider_runway.storage.target import Draft

_PREFIX = "runway-video-"
_NAME = re.compile(rf"{_PREFIX}([0-9a-f]{{12}})-.*")


@contextmanager
def temporary_draft(uri: str, suffix: str) -> Iterator[Draft]:
    """A draft of a target that is elsewhere.

    Dead drafts of the same target are removed, and any that are an hour old.

    :param uri: The target.
    :param suffix: The end of the draft's name, such as ``.mp4``.
    """
    mark = hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    inherited = _remove_dead(mark)
    while True:
        descriptor, path = tempfile.mkstemp(suffix, f"{_PREFIX}{mark}-")
        try:
            with open(descriptor, "w+b") as file:  # noqa: PTH123 - a descriptor has no path
                if _lock(descriptor, path):
                    yield Draft(file, path, inherited)
                    return
        finally:
            Path(path).unlink(missing_ok=True)


def _lock(descriptor: int, path: str) -> bool:
    """Lock a new draft: ``False`` if another process has taken it for dead before it was locked."""
    with contextlib.suppress(OSError):  # a file system without locks: there the hour alone counts
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _remove_dead(mark: str) -> bool:
    """Remove drafts of killed processes: whether there was one of this target, and no live one is."""
    dead = live = False
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name is None:
                continue
            is_dead = _remove_if_dead(entry, own=name[1] == mark)
            if name[1] == mark:
                dead, live = dead or is_dead, live or not is_dead
    return dead and not live


def _remove_if_dead(entry: os.DirEntry[str], *, own: bool) -> bool:
    with contextlib.suppress(OSError), Path(entry.path).open("rb") as file:
        old = time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_AFTER
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # no locks here
            own = False
        if own or old:
            Path(entry.path).unlink()
            return True
    return False
