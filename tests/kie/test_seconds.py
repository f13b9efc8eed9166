"""Seconds from outside."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.poll_state import PollRules
from airflow_provider_runway.kie.seconds import LONGEST_POLL_INTERVAL, finite, sane_poll_interval

from .support import JSON


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (10, 10.0),
        (2.5, 2.5),
        ("30", 30.0),
        (timedelta(minutes=1), 60.0),
        (Decimal("1.5"), 1.5),
        (0, 1.0),
        (-5, 1.0),
        (0.2, 1.0),
        (1e300, 86_400.0),
        (math.nan, 10.0),
        (math.inf, 10.0),
        (-math.inf, 10.0),
        (None, 10.0),
        ("soon", 10.0),
        ("nan", 10.0),
        ([], 10.0),
        (b"x", 10.0),
        (10**400, 10.0),
    ],
)
def test_a_poll_interval_is_made_of_whatever_was_stored(value: Any, seconds: float) -> None:
    assert sane_poll_interval(value) == seconds
    assert PollRules(poll_interval=value).poll_interval == seconds


@given(JSON | st.floats() | st.binary())
def test_any_value_makes_a_sane_poll_interval_and_a_finite_number_or_none(value: Any) -> None:
    assert 1.0 <= sane_poll_interval(value) <= 86_400.0
    assert math.isfinite(finite(value) or 0.0)


@pytest.mark.parametrize(("longest", "seconds"), [("0.15", 0.15), ("7", 7.0), ("3600", 10.0)])
def test_tests_can_have_it_shorter_than_a_person_may(
    monkeypatch: pytest.MonkeyPatch, longest: str, seconds: float
) -> None:
    monkeypatch.setenv(LONGEST_POLL_INTERVAL, longest)

    assert sane_poll_interval(10) == sane_poll_interval(None) == seconds


@pytest.mark.parametrize("longest", ["", "soon", "0", "-1", "nan", "inf"])
def test_nonsense_in_the_environment_makes_no_interval(monkeypatch: pytest.MonkeyPatch, longest: str) -> None:
    monkeypatch.setenv(LONGEST_POLL_INTERVAL, longest)

    assert sane_poll_interval(60) == 60.0
