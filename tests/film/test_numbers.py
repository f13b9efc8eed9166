from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from airflow_provider_runway.film.numbers import exactly, finite


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, Fraction(5)),
        (0.1, Fraction(1, 10)),
        (" 0.5 ", Fraction(1, 2)),
        ("30000/1001", Fraction(30000, 1001)),
        (Decimal("2.5"), Fraction(5, 2)),
        (Fraction(1, 3), Fraction(1, 3)),
        ("1e2", Fraction(100)),
    ],
)
def test_a_number_is_taken_as_it_was_written(value: Any, number: Fraction) -> None:
    assert exactly(value) == number


@pytest.mark.parametrize(
    "value",
    [None, True, "", "None", "x", "1_0", "\u0661", math.nan, math.inf, "nan", "1/0", "1e400", 10**20, b"1", [1]],
)
def test_what_is_no_number_to_reckon_with_is_none(value: Any) -> None:
    assert exactly(value) is None
    assert finite(value) is None
