"""How a command ends: with a code that a script can act on, and a sentence for the person who called it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from typing import NoReturn

from airflow_provider_runway.cli.pasting import unpaid
from airflow_provider_runway.kie import errors

INTERRUPTED = 130


class ExitCode(IntEnum):
    """What became of a command. 1 is Python's own, for what nobody foresaw."""

    DONE = 0
    WRONG = 2
    REFUSED = 3
    FAILED = 4
    NOT_READY = 5
    UNKNOWN = 6
    GONE = 7
    NOT_STORED = 8


_CODES: tuple[tuple[ExitCode, tuple[type[errors.RunwayError], ...]], ...] = (
    (ExitCode.WRONG, (errors.InvalidRequestError,)),
    (ExitCode.FAILED, (errors.GenerationFailedError,)),
    (
        ExitCode.NOT_READY,
        (errors.WaitTimeoutError, errors.PollingFailedError, errors.MissingVideoError, errors.NotFinishedError),
    ),
    (ExitCode.UNKNOWN, (errors.AmbiguousSubmissionError,)),
    (ExitCode.GONE, (errors.TaskNotFoundError, errors.VideoExpiredError)),
    (ExitCode.NOT_STORED, (errors.DownloadError, errors.TargetExistsError, errors.TargetUnwritableError)),
)


def code_of(error: errors.RunwayError) -> ExitCode:
    """The exit code of an error, where the command itself has paid nothing."""
    return next((code for code, kinds in _CODES if isinstance(error, kinds)), ExitCode.REFUSED)


def code_before_paying(error: errors.RunwayError) -> ExitCode:
    """The exit code of an error before the submission, and of the submission's own: it says whether it is paid."""
    code = code_of(error)
    return ExitCode.WRONG if code is ExitCode.NOT_STORED else code


def code_once_paid(error: errors.RunwayError, otherwise: ExitCode) -> ExitCode:
    """The exit code of an error after the submission: never one that says that nothing was paid.

    :param otherwise: What it comes to where the error says nothing of the video, such as a key that is refused now.
    """
    code = code_of(error)
    return otherwise if code in {ExitCode.WRONG, ExitCode.REFUSED} else code


def printable(text: str) -> str:
    """A text that does to a terminal what it says and nothing else, whoever wrote it."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def say(text: str) -> None:
    """Tell the person. The result alone goes to standard output."""
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


def end(code: int, text: str) -> NoReturn:
    """Say something and leave."""
    say(text)
    raise SystemExit(code)


@contextmanager
def ending_with(
    code: Callable[[errors.RunwayError], int], hint: Callable[[errors.RunwayError], str] = lambda _error: ""
) -> Iterator[None]:
    """Make the errors of a block a line and an exit code.

    :param code: Which one, given the error.
    :param hint: How to go on, behind the error, given that.
    """
    try:
        yield
    except errors.RunwayError as error:
        end(code(error), f"{type(error).__name__}: {error} {hint(error)}".rstrip())


def command(run: Callable[[Namespace], None]) -> Callable[[Namespace], None]:
    """Make a function a command: its errors become a line and an exit code."""

    @wraps(run)
    def ending(arguments: Namespace) -> None:
        # What tells Airflow that connections may be read from its database, as in its own commands.
        os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
        try:
            with ending_with(code_of, lambda error: unpaid(error, arguments)):
                run(arguments)
        except KeyboardInterrupt:
            end(INTERRUPTED, "\nInterrupted. Nothing was sent.")

    return ending


@contextmanager
def interruptible(advice: str, code: int = INTERRUPTED) -> Iterator[None]:
    """Say what Ctrl-C means where something is under way.

    :param advice: What has become of it, and how to go on.
    :param code: The exit code.
    """
    try:
        yield
    except KeyboardInterrupt:
        end(code, f"\nInterrupted. {advice}")
