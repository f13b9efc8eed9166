"""What ``airflow runway`` offers. Airflow imports this with every command of its own, so nothing else is imported."""

from __future__ import annotations

import argparse
from functools import partial

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

from airflow_provider_runway.kie.kinds import KINDS
from airflow_provider_runway.kie.rules import ASPECT_RATIOS, DURATIONS, QUALITIES

_COMMANDS = "airflow_provider_runway.cli.commands"

_TASK_ID = Arg(("task_id",), metavar="TASK_ID", help="the KIE task")
_CONN_ID = Arg(("--conn-id",), default="runway_default", help="the connection (default: runway_default)")
_OUTPUT = Arg(
    ("-o", "--output"), choices=("table", "json"), default="table", help="how the result is printed (default: table)"
)
_KIND = Arg(("--kind",), choices=KINDS, default="runway", help="the kind of the KIE task (default: runway)")
_ORDER = Arg(
    ("-y", "--yes"),
    action="store_true",
    help="do not ask, where to look orders and pays (kinds veo-1080p and veo-4k alone)",
)
_TIMEOUT = Arg(("--timeout",), type=float, default=1800.0, metavar="SECONDS", help="longest wait (default: 1800)")
_POLL_INTERVAL = Arg(
    ("--poll-interval",),
    type=float,
    default=10.0,
    metavar="SECONDS",
    help="shortest pause between two polls (default: 10)",
)


class _SandboxOptions(Arg):
    """The options of ``python -m airflow_provider_runway.sandbox``, as they are."""

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        from airflow_provider_runway.sandbox.cli import add_options

        add_options(parser)


def get_runway_cli_commands() -> list[GroupCommand]:
    """The commands, as Airflow's command line takes them."""
    return [GroupCommand(name="runway", help="Runway videos at KIE.AI", subcommands=_SUBCOMMANDS)]


_EXIT_CODES = """\
exit codes:
  0  done
  2  an argument cannot be used: nothing was sent
  3  refused, declined or not reached: nothing was paid
  4  KIE.AI failed the video: its credits come back
  5  the video is not there yet; to wait on pays nothing
  6  it is unknown whether a video was taken and paid
  7  there is no such task or model, or KIE.AI has deleted the video
  8  the video is there and could not be stored; "save" pays nothing
  130  interrupted"""


def _command(
    name: str, summary: str, *options: Arg, function: str = "", module: str = _COMMANDS, epilog: str = _EXIT_CODES
) -> ActionCommand:
    func = lazy_load_command(f"{module}.{function or name}")
    return ActionCommand(name=name, help=summary, func=func, args=options, epilog=epilog)


_record_command = partial(_command, module="airflow_provider_runway.cli.records", epilog="")
_STATES = (
    "in-doubt", "unsent", "submitted", "failed", "gone", "finished", "published", "forgotten", "unreadable",
)  # fmt: skip
_ROWS = Arg(
    ("-o", "--output"),
    choices=("table", "json", "yaml"),
    default="table",
    help="how the result is printed (default: table)",
)
_WHICH = Arg(
    ("which",), nargs="+", metavar="WHICH", help="DAG_ID TASK_ID RUN_ID, or 8 digits of the record's key or more"
)
_MAP_INDEX = Arg(("--map-index",), type=int, default=-1, help="which of a mapped task (default: -1, not mapped)")
_YES = Arg(("-y", "--yes"), action="store_true", help="do not ask")

_RECORDS_COMMANDS = (
    _record_command(
        "list",
        "List the submissions that are recorded",
        Arg(("--dag-id",), help="only those of this DAG"),
        Arg(("--run-id",), help="only those of this DAG run"),
        Arg(("--state",), choices=_STATES, help="only those in this state"),
        Arg(("--since",), metavar="TIME", help="only what was written to since: a date, or 7d"),
        _CONN_ID,
        _ROWS,
        function="list_",
    ),
    _record_command("show", "Show all that is recorded of one Airflow task", _WHICH, _MAP_INDEX, _CONN_ID, _ROWS),
    _record_command(
        "set-id",
        "Record the KIE task of a submission that is in doubt: the next try waits on it",
        Arg(("kie_task_id",), metavar="KIE_TASK_ID", help="the KIE task, as KIE.AI's logs name it"),
        _WHICH,
        _MAP_INDEX,
        Arg(("--force",), action="store_true", help="whatever is known of the submission and of the task"),
        _CONN_ID,
        function="set_id",
    ),
    _record_command(
        "forget",
        "Leave the last submission of a task behind: the next try submits, and pays",
        _WHICH,
        _MAP_INDEX,
        _YES,
        _CONN_ID,
    ),
    _record_command(
        "prune",
        "Remove old records",
        Arg(
            ("--older-than",),
            default="60d",
            metavar="TIME",
            help="what was not written to for so long (default: 60d; m, h, d or w), or since a date",
        ),
        Arg(("--dry-run",), action="store_true", help="list them, and remove nothing"),
        _YES,
        _CONN_ID,
        _ROWS,
    ),
)

_CALLBACKS_COMMANDS = (
    _command(
        "check",
        "Send one call through the public address, as KIE.AI does; free of charge",
        Arg(("--url",), help="the public address of the API server (default: the configured one)"),
        _CONN_ID,
        _OUTPUT,
        module="airflow_provider_runway.cli.callbacks",
        epilog="",
    ),
)

_SUBCOMMANDS = (
    GroupCommand(name="callbacks", help="See whether KIE.AI's calls arrive", subcommands=_CALLBACKS_COMMANDS),
    GroupCommand(
        name="records",
        help="See and put right what is recorded of submissions",
        subcommands=_RECORDS_COMMANDS,
    ),
    _command(
        "report",
        "Show what was made, saved, refused and paid; reads Airflow's database",
        Arg(("--since",), default="24h", metavar="TIME", help="from when on: 24h (default), 7d, or a date"),
        Arg(("--dag",), action="append", metavar="DAG_ID", help="only this DAG; may be given several times"),
        Arg(
            ("-o", "--output"),
            choices=("table", "json", "markdown"),
            default="table",
            help="how it is printed (default: table)",
        ),
        module="airflow_provider_runway.cli.report",
        epilog="",
    ),
    _command(
        "spent",
        "Show what was spent, by the ledgers of a daily_credit_limit; free of charge",
        Arg(("--by",), choices=("dag", "day", "model"), default="dag", help="what the sums are of (default: dag)"),
        Arg(("--since",), default="7d", metavar="TIME", help="from which day on: 7d (default), or a date, in UTC"),
        _CONN_ID,
        _ROWS,
        module="airflow_provider_runway.cli.spent",
        epilog="",
    ),
    _command("credits", "Show the balance; free of charge", _CONN_ID, _OUTPUT, function="credits_"),
    _command("status", "Poll a KIE task once", _TASK_ID, _KIND, _ORDER, _CONN_ID, _OUTPUT),
    _command(
        "wait",
        "Wait until a video is ready; pays nothing",
        *(_TASK_ID, _KIND, _ORDER, _TIMEOUT, _POLL_INTERVAL, _CONN_ID, _OUTPUT),
    ),
    _command(
        "save",
        "Store a video that is ready; pays nothing",
        _TASK_ID,
        Arg(
            ("path",),
            metavar="PATH",
            help="a path, or what Airflow's ObjectStoragePath takes; with a / at the end it is a folder",
        ),
        Arg(("--overwrite",), action="store_true", help="replace another file that is there"),
        Arg(("--thumbnail",), action="store_true", help="store the thumbnail beside the video"),
        *(_KIND, _ORDER, _CONN_ID, _OUTPUT),
    ),
    _command(
        "generate",
        "Make a video: says the price and asks before it spends",
        Arg(("prompt",), metavar="PROMPT", help="what happens in the video, 1 to 1800 characters"),
        Arg(("--image-url",), help="a picture to start from: http(s) URL, or the address of a file"),
        Arg(("--duration",), type=int, choices=DURATIONS, default=5, help="seconds of video (default: 5)"),
        Arg(("--quality",), choices=QUALITIES, default="720p", help="720p (default) or 1080p; 10 s are 720p"),
        Arg(
            ("--aspect-ratio",),
            choices=ASPECT_RATIOS,
            help="the shape (default: 16:9, or the image's if there is one)",
        ),
        Arg(("--watermark",), help="text at the bottom right"),
        Arg(("--save-to",), metavar="PATH", help="store the video there; with a / at the end it is a folder"),
        Arg(("--no-wait",), action="store_true", help="end as soon as KIE.AI has taken the request"),
        Arg(("-y", "--yes"), action="store_true", help="spend without asking"),
        *(_TIMEOUT, _POLL_INTERVAL, _CONN_ID, _OUTPUT),
    ),
    _command(
        "models",
        "List KIE.AI's models, or show what one takes, what it costs, and the operator for it; free of charge",
        Arg(("text",), nargs="*", metavar="TEXT", help="the name of a model, or words to find some by"),
        _CONN_ID,
        _OUTPUT,
        module="airflow_provider_runway.cli.models",
    ),
    ActionCommand(
        name="sandbox",
        help="Play KIE.AI on this machine: videos that cost nothing",
        func=lazy_load_command(f"{_COMMANDS}.sandbox"),
        args=(_SandboxOptions(("--port",)),),  # type: ignore[no-untyped-call]
    ),
)
