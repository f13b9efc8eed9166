from __future__ import annotations

import shutil
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devtools.stack.processes import ProcessDiedError
from devtools.stack.redis import PROGRAM, redis


def say(url: str, *commands: str) -> list[str]:
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=10) as connection:
        answers = []
        for command in commands:
            connection.sendall(f"{command}\r\n".encode())
            answers.append(connection.recv(1000).decode().strip())
        return answers


@pytest.mark.skipif(not shutil.which(PROGRAM), reason="there is no Redis here")
def test_a_redis_of_ones_own_lets_in_who_knows_the_password_and_is_gone_afterwards(tmp_path: Path) -> None:
    with redis(tmp_path) as url:
        assert say(url, "PING")[0].startswith("-NOAUTH")
        assert say(url, f"AUTH {urlsplit(url).password}", "PING") == ["+OK", "+PONG"]
        assert stat.S_IMODE((tmp_path / "redis.conf").stat().st_mode) == 0o600

    with pytest.raises(ConnectionRefusedError):
        say(url, "PING")


def test_without_its_program_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProcessDiedError, match="no Redis"), redis(tmp_path):
        pass
