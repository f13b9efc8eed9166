"""The command line as tests call it."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from versions import AIRFLOW

from airflow_provider_runway.utils.versions import command_line

if TYPE_CHECKING or AIRFLOW >= (3, 2):
    pass
else:
    pass


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

    monkeypatch.setattr(target, name, interrupt)
