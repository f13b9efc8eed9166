"""Time, which is passed in wherever something waits, so that no test need wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


class Timer(Protocol):
    """What asyncio's timers can do."""

    def cancel(self) -> None: ...  # noqa: D102


CallLater = Callable[[float, Callable[[], None]], Timer]


def _call_later(seconds: float, callback: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, callback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What time it is, and how it passes.

    :param monotonic: Seconds on a clock that does not jump.
    :param sleep: Pauses for so many seconds.
    :param asleep: The same on an event loop.
    :param call_later: Calls back on the running event loop after so many seconds.
    :param time: Epoch seconds.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    asleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    call_later: CallLater = _call_later
    time: Callable[[], float] = time.time


CLOCK = Clock()
