"""Values that are made anew once a minute at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

_KEPT = 60.0


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    value: Any


class Cache:
    """Values by name, each made anew at most once a minute, whoever asks for it and however many do at once.

    :param clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """The value of this name."""
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            kept = self._kept.get(name)
            if kept is None or kept.until <= self._clock():
                kept = self._kept[name] = _Kept(self._clock() + _KEPT, make())
            return kept.value
