"""What `make demo` and `make ui` share: the service played locally (or a real account), and an Airflow beside it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import httpx

from airflow_provider_runway.sandbox.client import connection_json
from devtools.stack.airflow_home import LOOPBACK, free_port
from devtools.stack.airflow_stack import AirflowStack
from devtools.stack.processes import Daemon, Leash, ProcessDiedError, end_sessions

ROOT: Final = Path(__file__).resolve().parent.parent
HOME: Final = ROOT / ".demo"
VIDEOS: Final = HOME / "videos"
EXAMPLES: Final = ROOT / "dags_examples"
CONNECTION: Final = "AIRFLOW_CONN_RUNWAY_DEFAULT"


class Clock:
    """Prints lines in columns: seconds since the start, who, what."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, who: str, what: str) -> None:
        """Print one line, at once even into a pipe."""
        print(f"{time.monotonic() - self._start:6.1f} s  {who:<16} {what}", flush=True)


@dataclass(frozen=True)
class Service:
    """Where the videos are made.

    :param connection: the Airflow connection, as the environment has it.
    :param sandbox: the process that plays the service; None when it is the real one.
    :param url: where that listens.
    """

    connection: str
    sandbox: Daemon | None = None
    url: str | None = None

    @property
    def is_real(self) -> bool:
        """Whether videos cost money there."""
        return self.sandbox is None

    def require_alive(self) -> None:
        """Raise with the end of its log if the sandbox has ended."""
        if self.sandbox:
            self.sandbox.require_alive()


@contextmanager
def alone() -> Iterator[None]:
    """Keep the home for this process; a second demo beside it would share one database with the first.

    :raises SystemExit: somebody else has it.
    """
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("A demo or ui of this folder is running already. Stop it first (Ctrl-C where it runs).")
        yield


@contextmanager
def service(clock: Clock) -> Iterator[Service]:
    """The connection that the environment names, after asking; else a sandbox that ends with this context."""
    if connection := os.environ.get(CONNECTION):
        _agree_to_pay()
        clock.say("service", f"{CONNECTION} of your environment: videos are paid")
        yield Service(connection)
        return
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    daemon = Daemon(
        "sandbox",
        [sys.executable, "-m", "airflow_provider_runway.sandbox", "--port", str(port)],
        env=os.environ,
        cwd=HOME,
        log=HOME / "logs" / "components" / "sandbox.log",
    )
    leash = Leash()
    try:
        daemon.start(leash)
        _wait_for_sandbox(daemon, url)
        clock.say("sandbox", f"{url} plays KIE.AI: nothing is paid")
        yield Service(connection_json(url, "sandbox-key"), daemon, url)
    finally:
        end_sessions([daemon.pid], grace=2)
        daemon.reap(leash)
        leash.close()


def _agree_to_pay() -> None:
    print(f"{CONNECTION} is set: these videos are made there, and paid (1 credit is US$0.005).")
    print(f"Unset it to have them made locally, for nothing.{'' if sys.stdin.isatty() else ' Or say yes with YES=1.'}")
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty() or input("Pay for them? [y/N] ").strip().lower() not in {"y", "yes"}:
        sys.exit("Nothing was started.")


def _wait_for_sandbox(daemon: Daemon, url: str, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while True:
        daemon.require_alive()
        try:
            httpx.get(f"{url}/_sandbox/health", timeout=5, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise ProcessDiedError(f"The sandbox did not answer within {timeout:.0f} s.\n{daemon.tail()}") from None
            time.sleep(0.1)
        else:
            return


@contextmanager
def running(
    clock: Clock, env: Mapping[str, str] | None = None, home: Path = HOME / "airflow"
) -> Iterator[tuple[Service, AirflowStack]]:
    """Service and Airflow, up and healthy, until the end of this context.

    :param env: further environment for Airflow.
    :param home: Airflow's home; by default the one that is kept.
    """
    with ExitStack() as stack:
        stack.enter_context(alone())
        stack.enter_context(ended_politely())
        shutil.rmtree(HOME / "logs" / "components", ignore_errors=True)
        VIDEOS.mkdir(exist_ok=True)
        used = stack.enter_context(service(clock))
        clock.say(
            "airflow",
            "starting, half a minute on two idle cores: database, api-server, scheduler, dag-processor, triggerer",
        )
        places = {
            CONNECTION: used.connection,
            "AIRFLOW_VAR_RUNWAY_VIDEOS": f"file://{VIDEOS}",
            "AIRFLOW__RUNWAY__MEDIA_ROOTS": str(VIDEOS),
        }
        airflow = stack.enter_context(
            AirflowStack(
                home=home,
                dags=EXAMPLES,
                env={**places, **(env or {})},
                on_up=lambda part: clock.say(part, "up"),
            ),
        )
        clock.say("airflow", f"{airflow.url} (no login)")
        yield used, airflow


@contextmanager
def ended_politely() -> Iterator[None]:
    """Let a request to end from outside take the way of an exception, so that everything is stopped."""

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
