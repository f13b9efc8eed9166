"""What keeps a flood of callbacks from Airflow's database and its secrets: a bucket of permits, and keys kept."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import ConnectionSettingsError

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings

_CONN_ID = re.compile(r"[\w.-]{1,250}")
# Seconds for which a connection is not read again, and connections that are kept.
_FRESH = 60.0
_MOST = 100


class TooManyError(Exception):
    """There have been too many of late."""


class Permits:
    """So many at once, and so many a second after that: a token bucket.

    :param per_second: How fast they come back.
    :param most: How many there are at most, and at first.
    :param clock: Seconds.
    """

    def __init__(self, per_second: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = most
        self._clock = clock
        self._left = float(most)
        self._at = clock()

    def take(self) -> None:
        """Take one.

        :raises TooManyError: If there is none.
        """
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1.0:
            raise TooManyError
        self._left -= 1.0


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    settings: Settings


class Connections:
    """The connections that callbacks name, each read once a minute at most, and only so many in all.

    :param read: Reads one.
    :param permits: How many may be read.
    :param clock: Seconds.
    """

    def __init__(
        self, read: Callable[[str], Settings], permits: Permits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._permits = permits
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def at_hand(self, conn_id: str) -> Settings | None:
        """A connection that was read within the last minute; ``None`` if it was not."""
        kept = self._kept.get(conn_id)
        return kept.settings if kept is not None and self._clock() - kept.at < _FRESH else None

    def look_up(self, conn_id: str) -> Settings:
        """A connection. Not for several threads at once.

        :raises ConnectionSettingsError: If there is none that can be used.
        :raises TooManyError: If too many are asked for, and this one is not known.
        """
        if (settings := self.at_hand(conn_id)) is not None:
            return settings
        if not _CONN_ID.fullmatch(conn_id):
            raise ConnectionSettingsError(f"{conn_id!r} is no connection.")
        try:
            self._permits.take()
        except TooManyError:
            # Others may have taken them all: what was good a while ago is better than nothing.
            if conn_id in self._kept:
                return self._kept[conn_id].settings
            raise
        try:
            settings = self._read(conn_id)
        except ConnectionSettingsError:
            self._kept.pop(conn_id, None)
            raise
        self._kept[conn_id] = _Kept(self._clock(), settings)
        self._kept.move_to_end(conn_id)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return settings
