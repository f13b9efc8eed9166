from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from devtools.scale import parts
from devtools.scale.parts import NEEDS, missing, no_services, provide
from devtools.stack import postgres

APT_GET = """#!/bin/sh
echo "$@" >> "$APT_SAID"
case "$*" in *install*) touch "$(dirname "$0")/redis-server" "$POSTGRES/initdb" "$POSTGRES/postgres" ;; esac
chmod +x "$(dirname "$0")"/redis-server 2>/dev/null || true
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without either: a path with only the usual programs on it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "touch", "chmod", "dirname"):
        (programs / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    (tmp_path / "15" / "bin").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    return tmp_path


def add_apt_get(bare: Path, monkeypatch: pytest.MonkeyPatch, script: str = APT_GET) -> Path:
    apt_get = bare / "bin" / "apt-get"
    apt_get.write_text(script)
    apt_get.chmod(0o755)
    said = bare / "said"
    monkeypatch.setenv("APT_SAID", str(said))
    monkeypatch.setenv("POSTGRES", str(bare / "15" / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(parts, "POLICY", bare / "policy")
    return said


def test_without_the_means_to_install_it_says_what_is_needed(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert missing() == ["postgresql", "redis-server"]

    with pytest.raises(SystemExit) as ended:
        provide()

    assert ended.value.code == NEEDS
    assert "apt-get install --no-install-recommends postgresql redis-server" in capsys.readouterr().err


def test_nobody_but_root_installs_anything(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = add_apt_get(bare, monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(SystemExit):
        provide()

    assert not said.exists()


def test_root_has_what_is_missing_installed_and_nothing_else(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = add_apt_get(bare, monkeypatch)

    provide()
    provide()

    assert [line.split(" -o DPkg::Lock::Timeout=300 ")[1] for line in said.read_text().splitlines()] == [
        "update",
        "install --yes --no-install-recommends postgresql redis-server",
    ]
    assert missing() == []


def test_a_package_that_cannot_be_installed_is_told(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_apt_get(bare, monkeypatch, "#!/bin/sh\necho no network >&2\nexit 100\n")

    with pytest.raises(SystemExit) as ended:
        provide()

    assert ended.value.code == NEEDS
    assert "code 100" in (said := capsys.readouterr().err)
    assert "no network" in said
    assert not (bare / "policy").exists()


def test_a_package_starts_no_service_while_it_is_installed(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"

    with no_services(policy):
        assert subprocess.run([policy, "redis-server", "start"], check=False).returncode == 101

    assert not policy.exists()


def test_a_policy_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("somebody's own")

    with no_services(policy):
        assert policy.read_text() == "somebody's own"

    assert policy.read_text() == "somebody's own"
