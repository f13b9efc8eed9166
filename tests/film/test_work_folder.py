from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_provider_runway.exceptions import FilmError
from airflow_provider_runway.film import work_folder as work_folders
from airflow_provider_runway.film.work_folder import work_folder


def test_it_is_gone_with_all_that_is_in_it(temporary: Path) -> None:
    def fail() -> None:
        with work_folder() as folder:
            (folder / "clip-001.mp4").write_bytes(b"x")
            assert folder.parent == temporary
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_one_that_is_full_is_named_and_gone(temporary: Path) -> None:
    said = rf"does not fit into the folder for temporary files, {temporary}"
    with pytest.raises(FilmError, match=said) as raised, work_folder():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.retryable


def test_where_none_can_be_made_it_says_so(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "gone"))
    said = r"folder for temporary files cannot be used \(No such file or directory\)"
    with pytest.raises(FilmError, match=said), work_folder():
        pass


def test_one_of_a_killed_task_is_removed_by_the_next(temporary: Path) -> None:
    script = (
        f"import tempfile, time; tempfile.tempdir = {str(temporary)!r}\n"
        "from airflow_provider_runway.film.work_folder import work_folder\n"
        "with work_folder() as folder: print(folder, flush=True); time.sleep(3600)"
    )
    killed = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    left = Path(killed.stdout.readline().strip())

    with work_folder():
        assert left.exists()  # its task still lives
    killed.kill()
    killed.wait()
    killed.stdout.close()
    with work_folder() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_one_that_is_being_made_is_not_taken_for_a_killed_tasks(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def another_task_looks_first(file: int, how: int) -> None:
        if how == fcntl.LOCK_EX:
            work_folders._remove_dead()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", another_task_looks_first)
    with work_folder() as folder:
        (folder / "clip-001.mp4").write_bytes(b"x")
    assert list(temporary.iterdir()) == []


def test_one_without_a_lock_is_removed_when_it_is_old(temporary: Path) -> None:
    old, new = temporary / "runway-film-old", temporary / "runway-film-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (time.time() - 4000,) * 2)

    with work_folder() as folder:
        assert sorted(temporary.iterdir()) == sorted([new, folder])
    new.rmdir()
