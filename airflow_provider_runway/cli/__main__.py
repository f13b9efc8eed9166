"""``python -m airflow_provider_runway.cli``: the commands of ``airflow runway``, which Airflow has from 3.2 on."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from airflow.cli.cli_config import CLICommand, GroupCommand

from airflow_provider_runway.cli.definition import get_runway_cli_commands


def get_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_runway.cli", description="Runway videos at KIE.AI"
    )
    for group in get_runway_cli_commands():
        if isinstance(group, GroupCommand):
            _add(parser, group.subcommands)
    return parser


def _add(parser: argparse.ArgumentParser, commands: Iterable[CLICommand]) -> None:
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in commands:
        own = parsers.add_parser(
            command.name,
            help=command.help,
            description=command.description or command.help,
            epilog=getattr(command, "epilog", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if isinstance(command, GroupCommand):
            _add(own, command.subcommands)
            continue
        for argument in command.args:
            argument.add_to_parser(own)
        own.set_defaults(func=command.func)


def main(words: list[str] | None = None) -> None:
    """Run one command, which ends the process with its own exit code where it has one.

    :param words: What stands behind the program's name; left out, what the process was started with.
    """
    arguments = get_parser().parse_args(words)
    arguments.func(arguments)


if __name__ == "__main__":
    main()
