"""Saves a video in a process of its own, which a test kills or measures.

``python -m storage.saving stick|measure LINK TARGET``
"""

from __future__ import annotations

import builtins
import io
import sys
import threading
from pathlib import Path
from typing import Any

from airflow_provider_runway.storage.download import Downloader
from airflow_provider_runway.storage.publishing import SavedFile
from airflow_provider_runway.storage.save import save_video

from .stand_ins import lead_to_s3fs

STICKS_AT = 42_000_000
_open = builtins.open


class _Sticking(io.FileIO):
    """A file that is read no further than to its middle."""

    def readinto(self, buffer: Any) -> int | None:
        if self.tell() >= STICKS_AT:
            sys.stdout.write("stuck\n")
            sys.stdout.flush()
            threading.Event().wait()
        return super().readinto(buffer)


def _open_sticking(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
    """What libraries open a draft with, to send it."""
    if "runway-video-" in str(file) and mode == "rb":
        return io.BufferedReader(_Sticking(file))
    return _open(file, mode, *arguments, **options)


def _save(link: str, target: str) -> SavedFile:
    return save_video(link, target, Downloader(task_id="task-1"))


def peak() -> int:
    """MiB that this process has had at most; what ``getrusage`` says may be its parent's."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


def _measure(link: str, target: str) -> int:
    """MiB that it takes more to save a large video, and to read it back, than a small one."""
    _save(f"{link}/small", f"{target}.small.mp4")
    _save(f"{link}/small", f"{target}.small.mp4")
    before = peak()
    saved = _save(f"{link}/large", f"{target}.mp4")
    again = _save(f"{link}/large", f"{target}.mp4")
    if again.downloaded or saved.sha256 != again.sha256:
        raise AssertionError
    return peak() - before


if __name__ == "__main__":
    lead_to_s3fs()
    what, address, place = sys.argv[1:]
    if what == "stick":
        builtins.open = _open_sticking
        _save(address, place)
    else:
        sys.stdout.write(f"MiB: {_measure(address, place)}\n")
