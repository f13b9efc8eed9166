"""A PostgreSQL of one's own: a new cluster in a folder, on a free port, gone when it is left."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from signal import SIGQUIT
from typing import Final

from devtools.stack.airflow_home import LOOPBACK, free_port
from devtools.stack.processes import Daemon, Leash, ProcessDiedError, as_user

DEBIAN: Final = Path("/usr/lib/postgresql")
DRIVERS: Final = ("psycopg2", "asyncpg")
# PostgreSQL refuses to run as root.
NOBODY: Final = "nobody"
# What a cluster that nobody will miss need not do.
CARELESS: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_SECONDS: Final = 30.0


def binaries() -> Path | None:
    """The folder with the programs of the newest PostgreSQL here, those of Debian's packages or on the path."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    folders = [path.parent for path in found] or ([Path(on_path).parent] if on_path else [])
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


def can_run() -> bool:
    """Whether Airflow can have a PostgreSQL here: its programs are there, and what Python reaches it by."""
    return binaries() is not None and all(find_spec(driver) for driver in DRIVERS)


@contextmanager
def postgres(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run one with an empty database, and yield SQLAlchemy's URL of that.

    :param home: a new folder for its files and its log; where PostgreSQL's user cannot get there, the files are in
        a temporary folder. The files are gone at the end, the log stays.
    :param settings: of the server, beside its defaults.
    :raises ProcessDiedError: it did not start; with the end of its log.
    """
    programs = _programs()
    user = NOBODY if os.geteuid() == 0 else None
    home.mkdir(parents=True, exist_ok=True)
    password, port = secrets.token_hex(16), free_port()
    with ExitStack() as stack:
        folder = _folder(home, user)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _make(programs, folder, user, password)
        given = {"port": str(port), "listen_addresses": LOOPBACK, "unix_socket_directories": "", **(settings or {})}
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        command += [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        leash = Leash()
        stack.callback(leash.close)
        server = Daemon("postgres", command, env=_env(), cwd=Path("/"), log=home / "postgres.log", user=user)
        server.start(leash)
        stack.callback(_end, server, leash)
        url = f"postgresql+psycopg2://airflow:{password}@{LOOPBACK}:{port}/postgres"
        _wait(server, url)
        yield url


@contextmanager
def postgres_or_sqlite(home: Path) -> Iterator[str | None]:
    """The database of an `AirflowStack` that lasts no longer than this: a PostgreSQL where there is one, else SQLite.

    :param home: as for `postgres`.
    """
    if can_run():
        with postgres(home, CARELESS) as url:
            yield url
    else:
        yield None


def dump(url: str, file: Path) -> None:
    """Write all that a database holds into a file, as SQL.

    :param url: as `postgres` yields it.
    """
    with file.open("wb") as output:
        command = [str(_programs() / "pg_dump"), "--dbname", plain(url)]
        subprocess.run(command, env=_env(), stdout=output, check=True, timeout=300)


def plain(url: str) -> str:
    """SQLAlchemy's URL of a PostgreSQL as PostgreSQL's own programs and drivers know it."""
    return url.replace("+psycopg2", "")


def _programs() -> Path:
    found = binaries()
    if found is None:
        raise ProcessDiedError("There is no PostgreSQL here.")
    return found


def _folder(home: Path, user: str | None) -> Path:
    """A new folder that belongs to the user, in a place that is open to them."""
    place = home.resolve()
    if user and not all(folder.stat().st_mode & 0o001 for folder in (place, *place.parents)):
        place = Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=place))
    if user:
        shutil.chown(folder, user)
    return folder


def _make(programs: Path, folder: Path, user: str | None, password: str) -> None:
    known = folder / "password"
    known.touch(mode=0o600)
    known.write_text(password)
    if user:
        shutil.chown(known, user)
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "airflow", "-E", "UTF8", "--locale=C"]
    command += ["--auth=scram-sha-256", f"--pwfile={known}", "--no-sync"]
    done = subprocess.run(
        command, env=_env(), cwd="/", capture_output=True, text=True, check=False, timeout=300, **as_user(user)
    )
    if done.returncode:
        raise ProcessDiedError(f"initdb ended with code {done.returncode}.\n{done.stdout}{done.stderr}")


def _env() -> dict[str, str]:
    """Nothing of a PostgreSQL that whoever runs this may use themselves."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _wait(server: Daemon, url: str) -> None:
    import psycopg2

    deadline = time.monotonic() + _SECONDS
    while True:
        server.require_alive()
        try:
            psycopg2.connect(plain(url)).close()
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                raise ProcessDiedError(f"PostgreSQL does not answer: {error}\n{server.tail()}") from error
            time.sleep(0.05)
        else:
            return


def _end(server: Daemon, leash: Leash) -> None:
    """End it at once, with all that still use it: nobody will ask it again."""
    if not server.has_ended:
        os.kill(server.pid, SIGQUIT)
    server.reap(leash)
