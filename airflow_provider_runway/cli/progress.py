"""Progress on standard error: one line that moves on a terminal, and lines that stay anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from airflow_provider_runway.cli.ending import say
from airflow_provider_runway.storage.quarters import Quarters


class WaitProgress(Protocol):
    """Told each new state of a KIE task, and the seconds waited."""

    def __call__(self, state: str, waited: float, /) -> None: ...  # noqa: D102


class TransferProgress(Protocol):
    """Told the bytes transferred and, if known, those of the whole file."""

    def __call__(self, done: int, total: int | None, /) -> None: ...  # noqa: D102


@contextmanager
def waiting(task_id: str) -> Iterator[WaitProgress]:
    """Show a wait."""
    if not sys.stderr.isatty():
        yield lambda state, waited: say(f"Task {task_id}: {state} after {waited:.0f} s.")
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    # No markup: the state is KIE's own word where it is one that nobody knows.
    text = TextColumn("Task {task.fields[id]}: {task.description}", markup=False)
    columns = (SpinnerColumn(), text, TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("polling", total=None, id=task_id)
        yield lambda state, _waited: progress.update(line, description=state, refresh=True)


@contextmanager
def transferring(what: str, path: str) -> Iterator[TransferProgress]:
    """Show a download or an upload."""
    if not sys.stderr.isatty():
        yield Quarters(lambda done, whole: say(f"{path}: {done:.1f} of {whole:.1f} MB."))
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(line, completed=done, total=total)
