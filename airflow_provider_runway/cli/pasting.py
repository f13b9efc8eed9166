"""Lines that can be pasted into a shell to go on, and what to mend before."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie import errors
from airflow_provider_runway.utils.versions import command_line

UNSUBMITTED = "No video was submitted, and nothing was paid."


def how_to_wait(task_id: str, arguments: Namespace) -> str:
    """How to wait for a video."""
    return f"To wait for it: {_line('wait', task_id, arguments=arguments)}"


def how_to_save(task_id: str, path: str, arguments: Namespace) -> str:
    """How to store a video at a path, with the flags that were given."""
    flags = [f"--{flag}" for flag in ("overwrite", "thumbnail") if getattr(arguments, flag, False)]
    return _line("save", task_id, path, *flags, arguments=arguments)


def how_to_store(error: errors.RunwayError, task_id: str, path: str, arguments: Namespace) -> str:
    """How to store a video after that has failed: elsewhere, where it is the place that does not take it."""
    if not isinstance(error, (errors.TargetExistsError, errors.TargetUnwritableError)):
        return f"{how_to_mend(error, arguments)}To store it: {how_to_save(task_id, path, arguments)}"
    flags = ["--thumbnail"] if getattr(arguments, "thumbnail", False) else []
    elsewhere = _elsewhere(path)
    line = _line("save", task_id, elsewhere, *flags, arguments=arguments)
    return f"To store it elsewhere (any path can stand in place of {elsewhere}): {line}"


def how_to_mend(error: errors.RunwayError, arguments: Namespace) -> str:
    """What to correct before anything can go on, with a space behind it; nothing where the error says it itself."""
    if isinstance(error, errors.AuthenticationError):
        return f"Correct the API key of connection {arguments.conn_id!r}. "
    return ""


def unpaid(error: errors.RunwayError, arguments: Namespace, paid: str = "This command has paid nothing.") -> str:
    """What an error leaves open where nothing was paid: that it was not, and what to correct."""
    mend = how_to_mend(error, arguments).strip()
    return mend and f"{paid} {mend}"


def told(error: errors.RunwayError) -> str:
    """An error in the terms of a command line: what is there for operators is left out."""
    if not isinstance(error, errors.TargetExistsError):
        return str(error)
    paid = "The video is paid and KIE.AI still has it (14 days at most)."
    return f"{error.summary} {paid} The option --overwrite of save replaces the file."


def _elsewhere(path: str) -> str:
    """A folder that can be had on any machine and is not the one that has just failed."""
    folder = Path(path) if path.endswith("/") else Path(path).parent
    try:
        is_here = folder.samefile(Path())
    except (OSError, ValueError):
        is_here = False
    return "~/" if is_here or not os.access(Path(), os.W_OK) else "./"


def _line(*words: str, arguments: Namespace) -> str:
    """A command that can be pasted into a shell, with what has to be said again to reach the same task."""
    kind = getattr(arguments, "kind", "runway")
    conn_id = [] if arguments.conn_id == RunwayHook.default_conn_name else ["--conn-id", arguments.conn_id]
    return command_line(*words, *conn_id, *([] if kind == "runway" else ["--kind", kind]))
