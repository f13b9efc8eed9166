from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devtools.stack.processes import Daemon, Leash, ProcessDiedError, end_sessions, members, signal_session

ROOT = Path(__file__).parents[3]

# A process whose child has left its process group, as the tasks of Airflow do, and does not react to SIGTERM.
STUBBORN_FAMILY = """
import os, signal, time
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def leash() -> Iterator[Leash]:
    leash = Leash()
    yield leash
    leash.close()


def python(code: str, tmp_path: Path) -> Daemon:
    return Daemon("family", [sys.executable, "-c", code], env=os.environ, cwd=tmp_path, log=tmp_path / "log")


def wait_for(text: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not (log.exists() and text in log.read_text()):
        assert time.monotonic() < deadline, f"{text!r} never came up in {log}"
        time.sleep(0.02)


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 60
    while living(pids):
        assert time.monotonic() < deadline, f"{living(pids)} are still there"
        time.sleep(0.02)


def test_a_session_holds_also_those_who_left_the_process_group(tmp_path: Path, leash: Leash) -> None:
    family = python(STUBBORN_FAMILY, tmp_path)
    family.start(leash)
    wait_for("ready", family.log)
    assert len(members(family.pid)) == 2

    end_sessions([family.pid], grace=5)

    assert members(family.pid) == []
    family.reap(leash)
    assert not family.started


def test_a_signal_reaches_the_whole_session_and_says_whether_anybody_was_there(tmp_path: Path, leash: Leash) -> None:
    family = python(STUBBORN_FAMILY, tmp_path)
    family.start(leash)
    wait_for("ready", family.log)
    pids = members(family.pid)

    assert signal_session(family.pid, signal.SIGKILL)

    wait_until_gone(pids)
    assert not signal_session(family.pid, signal.SIGKILL)
    family.reap(leash)


def test_nothing_is_left_of_what_a_killed_process_had_started(tmp_path: Path) -> None:
    code = f"""
import os, sys, time
from pathlib import Path
from devtools.stack.processes import Daemon, Leash
leash = Leash()
here = Path({str(tmp_path)!r})
daemon = Daemon("family", [sys.executable, "-c", {STUBBORN_FAMILY!r}], env=os.environ, cwd=here, log=here / "log")
daemon.start(leash)
print(daemon.pid, flush=True)
time.sleep(600)
"""
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with starter:
        assert starter.stdout
        session = int(starter.stdout.readline())
        wait_for("ready", tmp_path / "log")
        pids = members(session)
        starter.kill()

    wait_until_gone(pids)


def test_a_process_that_ends_by_itself_is_reported_with_the_end_of_its_log(tmp_path: Path, leash: Leash) -> None:
    short_lived = python("print('first'); print('last words'); raise SystemExit(3)", tmp_path)
    short_lived.start(leash)
    wait_for("last words", short_lived.log)
    wait_until_gone([short_lived.pid])

    with pytest.raises(ProcessDiedError, match=r"family ended with code 3\.\n(?s:.*)last words"):
        short_lived.require_alive()

    assert "first" not in short_lived.tail(lines=1)
    short_lived.reap(leash)


def test_a_log_goes_on_where_an_earlier_process_of_that_name_left_it(tmp_path: Path, leash: Leash) -> None:
    for word in ("one", "two"):
        daemon = python(f"print({word!r})", tmp_path)
        daemon.start(leash)
        wait_for(word, daemon.log)
        daemon.reap(leash)

    assert daemon.log.read_text().split() == ["one", "two"]
