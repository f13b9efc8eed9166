"""Numbers as people give them: as numbers, or as the text that a template has come to."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Real
from typing import Any

_LONGEST = 40
_LARGEST = 1e9


def finite(value: Any) -> float | None:
    """A number; ``None`` for whatever is none, or none that can be reckoned with."""
    exact = exactly(value)
    return None if exact is None else float(exact)


def exactly(value: Any) -> Fraction | None:
    """A number as it was written: ``0.1`` is a tenth, ``"30000/1001"`` a rate; ``None`` for whatever is none."""
    if isinstance(value, bool) or not (isinstance(value, (Real, str)) or _is_decimal(value)):
        return None
    text = str(value).strip()
    if not text.isascii() or "_" in text or len(text) > _LONGEST:
        return None
    try:
        number = Fraction(text) if "/" in text else Fraction(str(float(text)))
    except (ArithmeticError, ValueError):  # also infinity, and what is no number
        return None
    return number if math.fabs(number) <= _LARGEST else None


def _is_decimal(value: object) -> bool:
    return type(value).__name__ == "Decimal"
