"""One idea, one file, and no long ones."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "airflow_provider_runway"
LONGEST = 300
# Files that are longer, and have to leave this list once they are not.
TOO_LONG: set[str] = set()
FILES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    lines = {name: len(file.read_text().splitlines()) for name, file in FILES.items()}

    assert {name for name, number in lines.items() if number > LONGEST} == TOO_LONG
