"""``python -m airflow_provider_runway.cli``: all that ``airflow runway`` has, where Airflow has no such command."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from airflow.cli.cli_config import ActionCommand, GroupCommand

from airflow_provider_runway.cli.__main__ import get_parser, main
from airflow_provider_runway.cli.definition import get_runway_cli_commands
from airflow_provider_runway.sandbox import Sandbox


def defined(group: GroupCommand) -> Iterator[tuple[str, ...]]:
    """The words of all commands, and what each calls."""
    for command in group.subcommands:
        if isinstance(command, ActionCommand):
            yield (command.name,)
        else:
            yield from ((command.name, *words) for words in defined(command))


def offered(parser: argparse.ArgumentParser) -> Iterator[tuple[str, ...]]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield ()
    for group in groups:
        for name, own in group.choices.items():
            yield from ((name, *words) for words in offered(own))


def test_it_offers_each_command_of_airflow_runway() -> None:
    [group] = get_runway_cli_commands()

    assert {*offered(get_parser())} == {*defined(group)}
    assert ("credits",) in {*defined(group)}


def test_a_command_runs_with_its_options(kie: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    main(["credits", "-o", "json"])

    assert '"credits": 5000,' in capsys.readouterr().out


def test_without_a_command_it_says_what_there_is() -> None:
    command = [sys.executable, "-m", "airflow_provider_runway.cli"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False, timeout=600)

    assert done.returncode == 2
    assert "usage: python -m airflow_provider_runway.cli" in done.stderr
