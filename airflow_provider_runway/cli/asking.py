"""Asking the person at the terminal."""

from __future__ import annotations

import sys

from airflow_provider_runway.cli.ending import ExitCode, end, printable, say


def agree(facts: str, question: str, otherwise: str, *, yes: bool, yes_does: str = "does not ask") -> None:
    """Have the person agree to something, or leave.

    :param facts: What it comes to.
    :param question: What is asked then.
    :param otherwise: How things stand if the person does not agree.
    :param yes: Whether the person has agreed beforehand, with ``--yes``.
    :param yes_does: What that option does.
    """
    if yes:
        return say(facts)
    if not sys.stdin.isatty():
        end(ExitCode.REFUSED, f"{facts} There is no terminal to ask at: --yes {yes_does}. {otherwise}")
    sys.stderr.write(printable(f"{facts} {question} [y/N] "))
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        end(ExitCode.REFUSED, otherwise)
    return None
