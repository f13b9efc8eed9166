"""Progress in lines that stay: not with every piece, but a few times a file."""

from __future__ import annotations

from collections.abc import Callable

_STEPS = 4
_MEGABYTE = 1_000_000


class Quarters:
    """Tells of a transfer at each quarter of the file, and not at all where its size is not known.

    :param tell: Given the megabytes transferred, and those of the whole file.
    """

    def __init__(self, tell: Callable[[float, float], None]) -> None:
        self._tell = tell
        self._step = 0

    def __call__(self, done: int, total: int | None, /) -> None:
        """So many bytes of so many are there."""
        if not total:
            return
        step = done * _STEPS // total
        if step > self._step:
            self._tell(done / _MEGABYTE, total / _MEGABYTE)
        self._step = step  # less than before where it starts over, or with the next file
