"""The command line as tests call it."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.submission import Stage, Submission, plan
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
from airflow_provider_runway.utils.versions import command_line


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Done:
    """What a command did: its exit code, and what it printed to standard output and error."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.out)
        return result


Call = Callable[..., Done]


RUNWAY = command_line()


def types(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))


def interrupts(monkeypatch: pytest.MonkeyPatch, target: Any, name: str) -> None:
    """Somebody presses Ctrl-C in the midst of this."""

    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    # A shell has what it runs in the background ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(target, name, interrupt)


FOX = Coordinates(dag_id="foxes", run_id="manual__2026-11-01T00:00:00+00:00", task_id="make")
WORDS = (FOX.dag_id, FOX.task_id, FOX.run_id)
INTENT = Submission(stage=Stage.INTENT, fingerprint="0123456789abcdef", intended_at="2026-11-01T00:00:00+00:00")


Record = Callable[..., Coordinates]


def current(folder: RecordsFolder, of: Coordinates = FOX) -> Submission:
    return read_entry(folder.entries(of)[-1])


def next_try(folder: RecordsFolder, of: Coordinates = FOX) -> type:
    return type(plan(current(folder, of), INTENT.fingerprint, has_succeeded=False, resubmit_ambiguous=False))
