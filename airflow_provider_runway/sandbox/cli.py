"""The sandbox as a command."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.client import connection_json
from airflow_provider_runway.sandbox.guard import warning_of
from airflow_provider_runway.sandbox.server import SandboxError, listen, server_of
from airflow_provider_runway.sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAILED = 1
_AS_GIVEN = ("seconds", "distribution", "credits", "http_errors", "video_scale", "webhook_key", "public_url")
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is interrupted.

    :param arguments: those of the command line by default.
    :returns: the exit code: 0 after SIGINT or SIGTERM, 1 when it could not start.
    """
    return run(_parser().parse_args(arguments))


def run(given: argparse.Namespace) -> int:
    """Run the sandbox until it is interrupted.

    :param given: the options of :func:`add_options`.
    :returns: the exit code: 0 after SIGINT or SIGTERM, 1 when it could not start.
    """
    try:
        settings = SandboxSettings(
            keys=tuple(given.key or ["sandbox-key"]),
            callback_hosts=(*SandboxSettings().callback_hosts, *given.callback_host),
            **{name: getattr(given, name) for name in _AS_GIVEN},
        )
        return _serve(settings, given.host, given.port, given.state)
    except (SandboxError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usual = SandboxSettings()
    add = parser.add_argument
    add("--port", type=int, default=8123, help="port to listen on; 0 picks a free one")
    add("--host", default="127.0.0.1", help="interface to listen on")
    add("--seconds", type=float, default=usual.seconds, help="how long a video takes")
    add("--distribution", choices=("fixed", "lognormal"), default=usual.distribution, help="how that varies")
    add("--credits", type=float, default=usual.credits, help="balance at the start")
    add("--key", action="append", help="an API key to let in; may be repeated (default: sandbox-key)")
    add("--http-errors", action="store_true", help="answer errors with their HTTP status instead of 200")
    add("--video-scale", type=float, default=usual.video_scale, help="size of the videos, up to 1")
    add("--webhook-key", help="sign callbacks with this key")
    add("--callback-host", action="append", default=[], help="a further host that may be called back, or *")
    add("--public-url", help="what media URLs begin with, if it is not the address asked")
    add("--state", type=Path, help="file that keeps the tasks from one run to the next")


def _serve(settings: SandboxSettings, host: str, port: int, state: Path | None) -> int:
    server = server_of(settings, host, state=state)
    listener = listen(host, port)

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)  # uvicorn has its own while it runs, and raises the signal again afterwards
    if warning := warning_of(host):
        sys.stderr.write(f"{warning}\n")
    shown = "127.0.0.1" if host in _ANYWHERE else host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{listener.getsockname()[1]}"
    _say(_welcome(url, settings))
    server.run(sockets=[listener])
    _say("Sandbox stopped.")
    return 0


def _welcome(url: str, settings: SandboxSettings) -> str:
    return f"""\
KIE.AI sandbox ready at {url}
  {settings.credits:g} credits; a video takes {settings.seconds:g} s; nothing costs money.
  Calls and videos: {url}/logs

Point Airflow to it:
  export AIRFLOW_CONN_RUNWAY_DEFAULT='{connection_json(url, settings.keys[0])}'

Stop it with Ctrl-C."""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_runway.sandbox",
        description="KIE.AI played locally: Runway videos that cost nothing.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_options(parser)
    return parser
