"""A folder for what a film is made of, gone with the task that uses it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airflow_provider_runway.kie.errors import FilmError
from airflow_provider_runway.storage.local import ABANDONED_AFTER

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_PREFIX = "runway-film-"
_LOCK = ".lock"


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder within that for temporary files (``TMPDIR``), removed with all that is in it at the end of the block.

    Those of killed tasks are removed as well: each is locked while its process lives, and the system takes the lock off
    when it dies.

    :raises FilmError: If none can be made, or there is no room in it.
    """
    _remove_dead()
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise FilmError(
            f"The folder for temporary files cannot be used ({error.strerror or error}).",
            detail="Look at its rights and room, or set TMPDIR to another",
            retryable=True,
        ) from error
    try:
        unlocked = folder / f"{_LOCK}.new"
        with unlocked.open("xb") as lock:
            with contextlib.suppress(OSError):  # a file system without locks: there the hour alone counts
                fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
            unlocked.rename(folder / _LOCK)  # whoever finds it there finds it locked
            yield folder
    except OSError as error:
        if error.errno in _FULL:
            raise no_room(folder, error) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def no_room(folder: Path, error: OSError) -> FilmError:
    """The error of a folder that is full."""
    what = error.strerror or type(error).__name__
    return FilmError(
        f"What the film is made of does not fit into the folder for temporary files, {folder.parent} ({what}).",
        detail="Make room there, or set TMPDIR to a folder with more of it",
        retryable=True,
    )


def _remove_dead() -> None:
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    if _is_dead(Path(entry.path)):
                        shutil.rmtree(entry.path, ignore_errors=True)


def _is_dead(folder: Path) -> bool:
    lock = folder / _LOCK
    if not lock.exists():  # it may be about to be made
        return time.time() - folder.stat().st_mtime > ABANDONED_AFTER
    with lock.open("rb") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # no locks here
            return time.time() - folder.stat().st_mtime > ABANDONED_AFTER
    return True
