"""The page of the command line has every command, option and exit code, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from airflow.cli.cli_config import ActionCommand, GroupCommand

from airflow_provider_runway.cli.definition import get_runway_cli_commands
from airflow_provider_runway.cli.ending import INTERRUPTED, ExitCode

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "cli.md").read_text()
RECORDS = (DOCS / "records.md").read_text()
[RUNWAY] = get_runway_cli_commands()


def commands(group: GroupCommand = RUNWAY) -> list[ActionCommand]:
    return [command for command in group.subcommands if isinstance(command, ActionCommand)]


def test_every_command_is_told_of() -> None:
    told = re.findall(r"^\| `([a-z]+)[^`]*` \|", PAGE, re.MULTILINE)

    assert set(told) == {command.name for command in RUNWAY.subcommands}


def test_the_commands_of_the_records_have_a_page_of_their_own_with_their_options() -> None:
    [records] = [each for each in RUNWAY.subcommands if isinstance(each, GroupCommand) and each.name == "records"]
    told = re.findall(r"^\| `([a-z-]+)` \|", RECORDS.partition("## The commands")[2], re.MULTILINE)

    assert told == [command.name for command in commands(records)]
    options = {
        flag for each in commands(records) for argument in each.args for flag in argument.flags if flag[0] == "-"
    }
    assert [option for option in sorted(options) if option.startswith("--") and f"`{option}" not in RECORDS] == []


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
    named = re.findall(r"`(\w+)`", names)
    others = [command.name for command in commands() if command.name not in {*named, "sandbox"}]
    return others if names.startswith("all") else named


def test_every_exit_code_is_told_of_on_the_page_and_in_the_help() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    [credits_command] = [command for command in commands() if command.name == "credits"]
    in_the_help = {int(code) for code in re.findall(r"^  (\d+)  ", credits_command.epilog or "", re.MULTILINE)}

    assert in_the_help == {*map(int, ExitCode), INTERRUPTED}
    assert codes == in_the_help | {1}
