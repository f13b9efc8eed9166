"""Processes that leave nothing behind.

Each one runs in a session of its own, so that everything it starts can be found again, even what has left its process
group (Airflow's tasks do). A `Leash` ends them all when this process dies without being able to.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ProcessDiedError(RuntimeError):
    """A process ended by itself, or did not do in time what was waited for; carries the end of its log."""


def members(session: int) -> list[int]:
    """The living processes of a session, zombies left out."""
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(OSError):  # it may have ended while we look
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def signal_session(session: int, number: signal.Signals) -> bool:
    """Send a signal to all of a session; false when nobody was there."""
    pids = members(session)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return bool(pids)


def end_sessions(sessions: Sequence[int], grace: float) -> None:
    """Ask the leaders to stop, and after `grace` seconds make an end of everything that is still there."""
    for session in sessions:
        with suppress(ProcessLookupError):
            os.kill(session, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(map(_leader_lives, sessions)):
        time.sleep(0.05)
    for session in sessions:
        while signal_session(session, signal.SIGKILL):
            time.sleep(0.02)


def _leader_lives(session: int) -> bool:
    try:
        return bool(psutil.Process(session).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def as_user(name: str | None) -> dict[str, Any]:
    """What `subprocess` takes to run a command as somebody, without any further group; nothing for None."""
    return {} if name is None else {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


class Leash:
    """Holds sessions for as long as this process lives: if it is killed, a watcher ends them in its place."""

    def __init__(self) -> None:
        self._watcher = subprocess.Popen(
            [sys.executable, "-m", "devtools.stack.leash"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def hold(self, session: int) -> None:
        """End this session when this process dies."""
        self._say(f"+{session}")

    def release(self, session: int) -> None:
        """This session has ended; its number may soon belong to somebody else."""
        self._say(f"-{session}")

    def close(self) -> None:
        """Send the watcher home, which ends what is still held."""
        if self._watcher.stdin:
            self._watcher.stdin.close()
        self._watcher.wait()

    def _say(self, line: str) -> None:
        if self._watcher.stdin:
            self._watcher.stdin.write(f"{line}\n".encode())
            self._watcher.stdin.flush()


class Daemon:
    """A command that runs in the background, in its own session, with its output in a log file.

    :param user: as whom it runs; None: as whoever runs this.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._env = dict(env)
        self._cwd = cwd
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, which is its session's number, too."""
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process.pid

    @property
    def started(self) -> bool:
        """Whether it was started, and its end has not been seen to yet."""
        return self._process is not None

    def start(self, leash: Leash) -> None:
        """Start it; its log grows at the end of what an earlier one of this name wrote."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                env=self._env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_user(self._user),
            )
        leash.hold(self.pid)

    def reap(self, leash: Leash) -> None:
        """Take note that its session has ended."""
        if self._process is not None:
            self._process.wait()
            leash.release(self._process.pid)
            self._process = None

    @property
    def has_ended(self) -> bool:
        """Whether it was started and has ended."""
        return self._process is not None and self._process.poll() is not None

    def require_alive(self) -> None:
        """Raise with the end of its log if it has ended by itself."""
        if self._process is not None and self.has_ended:
            raise ProcessDiedError(f"{self.name} ended with code {self._process.returncode}.\n{self.tail()}")

    def tail(self, lines: int = 40) -> str:
        """The last lines of its log, under a heading that names the file."""
        if not self.log.exists():
            return f"--- {self.log}: nothing was written"
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 64 * 1024))
            text = file.read().decode(errors="replace")
        return "\n".join([f"--- the end of {self.log}", *text.splitlines()[-lines:]])
