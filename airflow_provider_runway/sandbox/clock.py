"""The sandbox's time: the wall clock, which a test may turn forward."""

from __future__ import annotations

import math
import time


class Clock:
    """Seconds since the epoch, moved forward by hand when a test does not want to wait."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Turn the clock forward.

        :param seconds: how far, 0 or more.
        :raises ValueError: it would go backwards.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds: {seconds!r} is not how far a clock goes forward")
        self._ahead += seconds
