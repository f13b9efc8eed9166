"""The result of a command on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_runway.cli.ending import printable


def show(result: Mapping[str, Any], output: str) -> None:
    """Print a result to standard output.

    :param result: Names and what they are.
    :param output: ``"json"``, or ``"table"``.
    """
    text = json.dumps(result, indent=2) if output == "json" else _table(result)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show_rows(rows: Sequence[Mapping[str, Any]], output: str) -> None:
    """Print a list to standard output.

    :param rows: Each with the same names.
    :param output: ``"json"``, ``"yaml"`` or ``"table"``.
    """
    if output == "table":
        cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)] if rows else []
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
        text = "\n".join(lines)
    elif output == "yaml":
        from airflow.utils import yaml

        text = yaml.dump([dict(row) for row in rows], sort_keys=False).rstrip()
    else:
        text = json.dumps(list(rows), indent=2)
    sys.stdout.write(f"{text}\n" if text else "")
    sys.stdout.flush()


def whole(number: float) -> float:
    """A number as people write it: without a fraction that is none."""
    return int(number) if float(number).is_integer() else number


def _table(result: Mapping[str, Any]) -> str:
    """A line for each name, and for each further file of those that are several."""
    widest = max(map(len, result))
    rows = list[tuple[str, str]]()
    for name, value in result.items():
        first, *others = (value or [""]) if name in _SEVERAL else [value]
        rows += [(name, _cell(first)), *(("", _cell(other)) for other in others)]
    return "\n".join(f"{name:<{widest}}  {cell}" for name, cell in rows)


def _cell(value: object) -> str:
    """A value as one line of a table. In JSON it is whole."""
    if isinstance(value, float):
        value = whole(value)
    if isinstance(value, (bool, list, tuple, dict)):
        value = json.dumps(value, ensure_ascii=False)
    return "" if value is None else printable(" ".join(str(value).splitlines()))[:_LONGEST_CELL]


# Longer than any link; what came of a job may be long.
_LONGEST_CELL = 4000
_SEVERAL = {"result_urls", "saved_files"}
