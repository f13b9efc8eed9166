"""Numbers, in whatever form a record, a template or a setting has them."""

from __future__ import annotations

from typing import Any


def whole_number(value: Any) -> int | None:
    """An integer out of an integer, a round float or a numeric string; ``None`` out of anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) < _LONGEST_NUMBER and value.strip().isascii():
        try:
            return int(value)
        except ValueError:
            return None
    return None


_LONGEST_NUMBER = 20
