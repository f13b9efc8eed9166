"""What is sent to a server that answers every poll with the same error."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from devtools.bench.contenders import HTTP_SENSOR, OURS
from devtools.bench.server import Server
from devtools.bench.waits import Waits, waits_process

ERRORS = (401, 422, 429, 500)
# The chance by which pauses vary makes two runs differ by a few requests.
CHANCE = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Requests in the seconds after waits began.

    :param waits: How many waits.
    :param healthy: Requests a second while the server answers "still running".
    :param by_error: The same for each error.
    """

    waits: int
    healthy: float
    by_error: Mapping[int, float]

    @property
    def never_more(self) -> bool:
        """Whether no error brings more requests than "still running" does."""
        return max(self.by_error.values()) <= self.healthy * CHANCE


def measure_storms(server: Server, *, waits: int, interval: float, seconds: float) -> Mapping[str, Storm]:
    """Measure ours with many waits, and ``HttpSensorTrigger``, where it is there, with one that polls once a minute.

    :param server: The server.
    :param waits: How many of ours.
    :param interval: Seconds, the poll interval of ours.
    :param seconds: For how long each error is answered.
    """
    storms = {OURS.name: _measure(OURS.name, server, waits=waits, interval=interval, seconds=seconds)}
    if HTTP_SENSOR.installed:
        storms[HTTP_SENSOR.name] = _measure(HTTP_SENSOR.name, server, waits=1, interval=60.0, seconds=seconds / 4)
    return storms


def _measure(contender: str, server: Server, *, waits: int, interval: float, seconds: float) -> Storm:
    rates: dict[int | None, float] = {}
    for error in (None, *ERRORS):
        server.forget(error)
        with waits_process(contender, waits, interval, server.base_url) as process:
            running = Waits(process)
            running.prepare()
            before = server.counts()
            running.start(waits)
            time.sleep(seconds)
            after = server.counts()
            running.stop()
        rates[error] = (after.requests - before.requests) / (after.moment - before.moment)
    server.forget()
    return Storm(waits=waits, healthy=rates[None], by_error={error: rates[error] for error in ERRORS})
