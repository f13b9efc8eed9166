"""A Redis of one's own, in memory, on a free port, gone when it is left."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from devtools.stack.airflow_home import LOOPBACK, free_port
from devtools.stack.processes import Daemon, Leash, ProcessDiedError, end_sessions

PROGRAM: Final = "redis-server"
_SECONDS: Final = 30.0


@contextmanager
def redis(home: Path) -> Iterator[str]:
    """Run one, and yield its URL.

    :param home: a folder for its settings and its log.
    :raises ProcessDiedError: it did not start; with the end of its log.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise ProcessDiedError("There is no Redis here.")
    home.mkdir(parents=True, exist_ok=True)
    password, port = secrets.token_hex(16), free_port()
    settings = home / "redis.conf"
    settings.touch(mode=0o600)
    settings.write_text(f'bind {LOOPBACK}\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\n')
    with ExitStack() as stack:
        leash = Leash()
        stack.callback(leash.close)
        server = Daemon(PROGRAM, [program, str(settings)], env=os.environ, cwd=home, log=home / "redis.log")
        server.start(leash)
        stack.callback(server.reap, leash)
        stack.callback(end_sessions, [server.pid], 3)
        _wait(server, port)
        yield f"redis://:{password}@{LOOPBACK}:{port}/0"


def _wait(server: Daemon, port: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        server.require_alive()
        with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        time.sleep(0.05)
    raise ProcessDiedError(f"Redis does not answer.\n{server.tail()}")
