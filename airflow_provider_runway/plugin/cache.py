"""Values that are made anew once in a while at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

_MOST = 256


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    value: Any


class Cache:
    """Values by name, each made anew once in a while, whoever asks for it and however many do at once.

    While one thread makes a value anew, others get the one before: none waits that need not.

    :param seconds: For how long a value is kept.
    :param clock: Seconds.
    """

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[Hashable, _Kept] = {}
        self._locks: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """The value of this name."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and kept.until > self._clock():
                return kept.value
            lock = self._locks.setdefault(name, Lock())
        if kept is None:
            lock.acquire()
        elif not lock.acquire(blocking=False):
            return kept.value
        try:
            made = self._kept.get(name)
            if made is None or made.until <= self._clock():
                made = _Kept(self._clock() + self._seconds, make())
                self._keep(name, made)
            return made.value
        finally:
            lock.release()

    def _keep(self, name: Hashable, made: _Kept) -> None:
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = made
            while len(self._kept) > _MOST:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self._locks.pop(oldest, None)
