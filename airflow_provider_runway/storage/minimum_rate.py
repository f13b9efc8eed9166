"""How slow a media host may be before its answer counts as cut: time, where sizes alone would let it drip for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

# So many bytes have to come in so many seconds: 4 kB a second, in which even a short clip would take half an hour.
LEAST = 262_144
PERIOD = 60.0

Clock = Callable[[], float]


class TooSlowError(Exception):
    """Less has come than has to."""


class EndlessAnswerError(Exception):
    """An answer goes on and on without any of the file: interim answers, trailers, extensions of chunks."""


class Pace:
    """Watches one answer, from when it is asked for.

    :param clock: Seconds on a clock that does not jump.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._came = 0

    def took(self, size: int) -> None:
        """Take note of bytes that have come.

        :raises TooSlowError: If fewer have come than have to, in the period that is over now.
        """
        self._came += size
        now = self._clock()
        if now - self._since < PERIOD:
            return
        if self._came < LEAST:
            raise TooSlowError(f"only {self._came} bytes came in {now - self._since:.0f} s")
        self._since, self._came = now, 0
