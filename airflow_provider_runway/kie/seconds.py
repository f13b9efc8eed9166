"""Numbers of seconds out of stored data, which nobody can be told to correct any more."""

from __future__ import annotations

import math
import os
from datetime import timedelta
from typing import Any

from airflow_provider_runway.kie.rules import SHORTEST_POLL_INTERVAL

DEFAULT_POLL_INTERVAL = 10.0
_A_DAY = 86_400.0
# Of the environment, for tests: seconds between two polls at most, whatever a task asks for.
LONGEST_POLL_INTERVAL = "RUNWAY_LONGEST_POLL_INTERVAL"


def sane_poll_interval(value: object) -> float:
    """A poll interval made of whatever was given, for places that cannot refuse it.

    :return: Seconds, from the shortest that a person may give to a day; :data:`DEFAULT_POLL_INTERVAL` for no number;
        :func:`shortened`.
    """
    seconds = finite(value)
    return shortened(DEFAULT_POLL_INTERVAL if seconds is None else min(max(seconds, SHORTEST_POLL_INTERVAL), _A_DAY))


def shortened(seconds: float) -> float:
    """A pause between two polls, no longer than :data:`LONGEST_POLL_INTERVAL`, if that is set."""
    longest = finite(os.environ.get(LONGEST_POLL_INTERVAL))
    return seconds if longest is None or longest <= 0 else min(seconds, longest)


def finite(value: Any) -> float | None:
    """A finite number made of a number, a duration or a numeric text; ``None`` out of anything else."""
    try:
        number = value.total_seconds() if isinstance(value, timedelta) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
