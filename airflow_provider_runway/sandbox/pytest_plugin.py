"""The ``runway_sandbox`` fixture, at hand in every project that has the provider installed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_runway.sandbox.local import Sandbox
    from airflow_provider_runway.sandbox.settings import SandboxSettings

# Seconds between two polls of a task. KIE.AI, and so the sandbox, answers ten polls a second of each.
_SHORT_PAUSE = "0.15"
_SQLITE = "sqlite:///"


@pytest.fixture(scope="session")
def runway_sandbox_settings() -> SandboxSettings:
    """The settings that each test begins with; override this fixture to have others."""
    from airflow_provider_runway.sandbox.settings import SandboxSettings

    return SandboxSettings(seconds=0.2, video_scale=0.25)


@pytest.fixture(scope="session")
def runway_airflow_database() -> None:
    """The database of a fresh Airflow home, which ``dag.test()`` needs: made if it is SQLite's and has nothing in it.

    Override this fixture to make another one.
    """
    if find_spec("airflow") is None:
        return
    from airflow.configuration import conf

    url = conf.get("database", "sql_alchemy_conn")
    if not url.startswith(_SQLITE) or _has_tables(url.removeprefix(_SQLITE)):
        return
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(  # noqa: S603 - a command of ours
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"airflow db migrate ended with code {done.returncode}.\n{done.stdout}{done.stderr}", pytrace=False)


@pytest.fixture
def runway_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits poll again at once, in this process and those that it starts, whatever the DAG's intervals are.

    Override this fixture to wait as in earnest.
    """
    # There is no busy scheduler in a test that a wait would have to be long for.
    monkeypatch.setenv("AIRFLOW__RUNWAY__SHORTEST_DEFERRAL", "0")
    monkeypatch.setenv("RUNWAY_LONGEST_POLL_INTERVAL", _SHORT_PAUSE)


@pytest.fixture(scope="session")
def _runway_sandbox_servers() -> Iterator[Callable[[SandboxSettings], Sandbox]]:
    """One server for each settings that tests ask for, be they overridden in one folder or in one file."""
    from airflow_provider_runway.sandbox.local import Sandbox

    servers: dict[str, Sandbox] = {}

    def serve(settings: SandboxSettings) -> Sandbox:
        key = repr(settings)
        if key not in servers:
            servers[key] = stack.enter_context(Sandbox(settings))
        return servers[key]

    with ExitStack() as stack:
        yield serve


@pytest.fixture
def runway_sandbox(
    runway_airflow_database: None,  # noqa: ARG001 - asked for what it does
    runway_short_waits: None,  # noqa: ARG001 - same
    _runway_sandbox_servers: Callable[[SandboxSettings], Sandbox],
    runway_sandbox_settings: SandboxSettings,
) -> Sandbox:
    """KIE.AI played locally: one server for the whole run, as good as new for each test."""
    sandbox = _runway_sandbox_servers(runway_sandbox_settings)
    sandbox.reset()
    return sandbox


def _has_tables(path: str) -> bool:
    """Whether an SQLite database has any; opening one that is not there makes an empty file, as Airflow does, too."""
    try:
        with closing(sqlite3.connect(path)) as database:
            return bool(database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall())
    except sqlite3.Error:
        return False
