"""What a release must be: ``python -m devtools.release tag v1.0.0`` fails if the tag is not the version."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_VERSION: Final = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Check a tag; returns the exit code.

    :param arguments: Of the command line; by default those of this process.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["tag"])
    parser.add_argument("name", help="such as v1.0.0")
    tag = parser.parse_args(arguments).name
    faults = faults_of(tag, version((ROOT / "pyproject.toml").read_text()), (ROOT / "CHANGELOG.md").read_text())
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def version(project: str) -> str:
    """The version that a ``pyproject.toml`` names.

    :param project: Its text.
    :raises ValueError: If it names none.
    """
    named = _VERSION.search(project)
    if named is None:
        raise ValueError("pyproject.toml names no version.")
    return named[1]


def faults_of(tag: str, release: str, changes: str) -> list[str]:
    """What stands against releasing under this tag, in sentences.

    :param tag: The tag.
    :param release: The version of the project.
    :param changes: The text of the changelog.
    """
    faults = []
    if tag != f"v{release}":
        faults.append(f"The tag is {tag}, the version {release}: tag v{release}.")
    if not re.search(rf"^## {re.escape(release)}\b", changes, re.MULTILINE):
        faults.append(f"CHANGELOG.md has no section for {release}.")
    return faults


if __name__ == "__main__":
    sys.exit(main())
