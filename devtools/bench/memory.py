"""How much a process grows while it does something."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PAUSE = 0.02


class Growth:
    """Bytes by which a process has grown beyond what it was, at its largest."""

    largest = 0


@contextmanager
def growth() -> Iterator[Growth]:
    """Watch this process during the block."""
    import psutil

    process, over, found = psutil.Process(), threading.Event(), Growth()
    before = process.memory_info().rss

    def watch() -> None:
        while not over.wait(_PAUSE):
            found.largest = max(found.largest, process.memory_info().rss - before)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()
