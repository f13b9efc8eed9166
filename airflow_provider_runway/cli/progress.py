"""Progress on standard error: one line that moves on a terminal, and lines that stay anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from airflow_provider_runway.cli.ending import say

# Parts of a file after which a line is written where lines stay.
_STEPS = 4
_MEGABYTE = 1_000_000


class WaitProgress(Protocol):
    """Told each new state of a KIE task, and the seconds waited."""

    def __call__(self, state: str, waited: float, /) -> None: ...  # noqa: D102


class DownloadProgress(Protocol):
    """Told the bytes received and, if known, those of the whole file."""

    def __call__(self, received: int, total: int | None, /) -> None: ...  # noqa: D102


@contextmanager
def waiting(task_id: str) -> Iterator[WaitProgress]:
    """Show a wait."""
    if not sys.stderr.isatty():
        yield lambda state, waited: say(f"Task {task_id}: {state} after {waited:.0f} s.")
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("Task {task.fields[id]}: {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("looking", total=None, id=task_id)
        yield lambda state, _waited: progress.update(line, description=state)


@contextmanager
def downloading(path: str) -> Iterator[DownloadProgress]:
    """Show a download."""
    if not sys.stderr.isatty():
        yield _Lines(path)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("Downloading", total=None)
        yield lambda received, total: progress.update(line, completed=received, total=total)


class _Lines:
    """A line for each quarter of a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._step = 0

    def __call__(self, received: int, total: int | None, /) -> None:
        if not total:
            return
        step = received * _STEPS // total
        if step > self._step:
            self._step = step
            say(f"{self._path}: {received / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB.")
