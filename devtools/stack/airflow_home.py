"""An Airflow home: its settings, its secrets, its database."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devtools.stack.processes import ProcessDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK: Final = "127.0.0.1"
PASSWORDS: Final = "simple_auth_manager_passwords.json.generated"


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def environment(home: Path, dags: Path, port: int, parallelism: int, *, all_admins: bool) -> dict[str, str]:
    """The environment of every component: this process's own, less its Airflow settings, plus the stack's."""
    url = f"http://{LOOPBACK}:{port}"
    settings = {
        "API__BASE_URL": url,
        "API__HOST": LOOPBACK,
        "API__PORT": str(port),
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__EXECUTOR": "LocalExecutor",
        # A look-up of the full name can take seconds on a machine without a name server.
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": str(parallelism),
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": str(all_admins),
        "CORE__TEST_CONNECTION": "Enabled",
        # New DAG files are seen soon, waiting tasks are picked up soon.
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "LOGGING__COLORED_CONSOLE_LOG": "False",
        # A few tasks on an idle machine: the scheduler is never far behind them.
        "RUNWAY__SHORTEST_DEFERRAL": "5",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",
        # A task is told within a second that a person has failed it, and the slot of one that ended is free as soon;
        # and a server that shares two cores with everything else may be slow to answer it.
        "WORKERS__EXECUTION_API_TIMEOUT": "30",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        **_secrets(home),
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    return own | {
        "AIRFLOW_HOME": str(home),
        "NO_PROXY": ",".join(filter(None, [own.get("NO_PROXY"), LOOPBACK, "localhost"])),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }


def services(database: str | None, broker: str | None) -> dict[str, str]:
    """The environment of an Airflow that has more than SQLite and the LocalExecutor.

    :param database: SQLAlchemy's URL.
    :param broker: Celery's.
    """
    env = {}
    if database is not None:
        env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database
    if broker is not None:
        env |= {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "AIRFLOW__CELERY__BROKER_URL": broker}
    return env


def _secrets(home: Path) -> dict[str, str]:
    """Keys that all components share, made up once for each home."""
    file = home / "secrets.json"
    if not file.exists():
        made_up = {
            "API__SECRET_KEY": secrets.token_urlsafe(32),
            "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(made_up))
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def prepare_database(home: Path, env: Mapping[str, str]) -> None:
    """Give a home its database: SQLite, or what the environment names.

    Making one takes seconds, and a new SQLite is always the same: the first is kept in the Python environment, as a
    template for all that come later.
    """
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in env:
        _migrate(home, env)
        return
    airflow = version("apache-airflow-core")
    database, stamp = home / "airflow.db", home / "airflow.db.version"
    template = Path(sys.prefix) / "share" / "airflow-stack" / f"airflow-{airflow}.db"
    if database.exists():
        if not stamp.exists() or stamp.read_text() != airflow:
            _migrate(home, env)
    elif template.exists():
        shutil.copyfile(template, database)
    else:
        _migrate(home, env)
        _keep(database, template)
    stamp.write_text(airflow)


def _migrate(home: Path, env: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    done = subprocess.run(
        command, env=dict(env), cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProcessDiedError(f"airflow db migrate ended with code {done.returncode}.\n{done.stdout}{done.stderr}")


def _keep(database: Path, template: Path) -> None:
    """Copy the database through SQLite, which also takes what is not in the main file yet."""
    template.parent.mkdir(parents=True, exist_ok=True)
    unfinished = template.with_suffix(f".{os.getpid()}")
    source, target = sqlite3.connect(database), sqlite3.connect(unfinished)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    unfinished.replace(template)
