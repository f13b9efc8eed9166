"""How far a film is, in lines that stay: at each quarter, and at least once a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_STEPS = 4
_LONGEST_SILENCE = 60.0


class Progress:
    """Tells how far a film is.

    :param seconds: Its length.
    :param monotonic: What time it is.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._began = self._told = monotonic()
        self._step = 0

    def __call__(self, done: float, /) -> None:
        """So many seconds of the film are made."""
        now, done = self._monotonic(), min(max(done, 0.0), self._seconds)
        step = int(done * _STEPS / self._seconds)
        if step > self._step or now - self._told >= _LONGEST_SILENCE:
            log.info("%.1f of %.1f s of the film are made, after %.0f s.", done, self._seconds, now - self._began)
            self._told, self._step = now, max(step, self._step)
