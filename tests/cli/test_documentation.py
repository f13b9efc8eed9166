"""The page of the command line has every command, option and exit code, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from airflow.cli.cli_config import ActionCommand, GroupCommand

from airflow_provider_runway.cli.definition import get_runway_cli_commands
from airflow_provider_runway.cli.ending import INTERRUPTED, ExitCode

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def commands() -> list[ActionCommand]:
    [group] = get_runway_cli_commands()
    assert isinstance(group, GroupCommand)
    return [command for command in group.subcommands if isinstance(command, ActionCommand)]


def test_every_command_is_told_of() -> None:
    told = re.findall(r"^\| `([a-z]+)[^`]*` \|", PAGE, re.MULTILINE)

    assert set(told) == {command.name for command in commands()}


def test_every_option_is_told_of_where_it_is() -> None:
    rows = re.findall(r"^\| (`-.*?) \| (.*?) \|", PAGE, re.MULTILINE)
    told = {(flag, name) for flags, names in rows for flag in re.findall(r"`(-[^`]+)`", flags) for name in of(names)}

    assert told == {
        (flag, command.name)
        for command in commands()
        if command.name != "sandbox"
        for argument in command.args
        for flag in argument.flags
        if flag.startswith("-")
    }


def of(names: str) -> list[str]:
    """The commands that a cell names."""
    every = [command.name for command in commands() if command.name != "sandbox"]
    return every if names.startswith("all") else re.findall(r"`(\w+)`", names)


def test_every_exit_code_is_told_of_on_the_page_and_in_the_help() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    [credits_command] = [command for command in commands() if command.name == "credits"]
    in_the_help = {int(code) for code in re.findall(r"^  (\d+)  ", credits_command.epilog or "", re.MULTILINE)}

    assert in_the_help == {*map(int, ExitCode), INTERRUPTED}
    assert codes == in_the_help | {1}
