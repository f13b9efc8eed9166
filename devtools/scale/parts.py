"""What `make scale` needs of the system: PostgreSQL and Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devtools.stack import redis
from devtools.stack.postgres import binaries

NEEDS: Final = 2  # the exit code when something is missing
# What Debian's packages ask before they start a service.
POLICY: Final = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """The Debian packages that are not here."""
    found = {"postgresql": binaries() is not None, "redis-server": shutil.which(redis.PROGRAM) is not None}
    return [package for package, is_here in found.items() if not is_here]


def provide() -> None:
    """Install what is missing, where that is possible.

    :raises SystemExit: it is not; a line says what is needed.
    """
    packages = missing()
    if not packages:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(
            f"make scale needs PostgreSQL and Redis; of Debian's packages, {' and '.join(packages)} "
            f"{'is' if len(packages) == 1 else 'are'} missing here. Install with: "
            f"sudo apt-get install --no-install-recommends {' '.join(packages)}",
            file=sys.stderr,
        )
        raise SystemExit(NEEDS)
    print(f"Installing {' and '.join(packages)}.")
    with no_services(POLICY):
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *packages)
    if left := missing():
        print(f"{' and '.join(left)} could not be installed.", file=sys.stderr)
        raise SystemExit(NEEDS)


@contextmanager
def no_services(policy: Path) -> Iterator[None]:
    """Let no package that is installed meanwhile start a service; a policy that is there decides itself."""
    own = not policy.exists()
    if own:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        yield
    finally:
        if own:
            policy.unlink()


def _apt(*arguments: str) -> None:
    command: Sequence[str] = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(command)} ended with code {done.returncode}.\n{done.stderr}", file=sys.stderr)
        raise SystemExit(NEEDS)
