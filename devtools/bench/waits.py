"""A process full of waits, as a triggerer runs them, that tells what they cost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import time
from array import array
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from devtools.bench.contenders import CONTENDERS
from devtools.bench.processes import Process, answering

# Seconds between two beats of the heart that feels the loop stall.
_BEAT = 0.005
# Seconds for which the loop is watched with nothing but that heart on it.
_IDLE = 1.0


class Figures(NamedTuple):
    """What a process of waits has cost.

    :param cpu: Seconds of processor time since the process began.
    :param clock: Seconds on its clock.
    :param stall: Milliseconds, the longest time the loop stood still since it was last asked, less what Python's
        garbage collector took of each.
    :param whole_stall: The same with that.
    :param usual_stall: Milliseconds, what 99 of 100 beats since then stayed below.
    :param collection: Milliseconds, the longest garbage collection since then.
    :param ended: Waits that have ended, of themselves or by an error.
    :param error: What the first of them ended with, if any did.
    """

    cpu: float
    clock: float
    stall: float
    whole_stall: float
    usual_stall: float
    collection: float
    ended: int
    error: str | None


class Waits:
    """The waits of one contender in a process of their own, to ask.

    :param process: The process, running.
    """

    def __init__(self, process: Process) -> None:
        self._process = process

    def prepare(self) -> float:
        """Have the class imported and the waits serialized; returns the CPU that an idle loop takes, in s/s."""
        return float(self._process.ask("prepare"))

    def start(self, number: int) -> None:
        """Have so many further waits started, as a triggerer does: one after the other, the loop free in between."""
        self._process.ask("start", number)

    def figures(self) -> Figures:
        """What they have cost."""
        return Figures(*self._process.ask("figures"))

    def resident(self) -> int:
        """Bytes of memory that the process takes."""
        import psutil

        return int(psutil.Process(self._process.pid).memory_info().rss)

    def stop(self) -> None:
        """Cancel them all, and see them end."""
        self._process.ask("stop")


def waits_process(contender: str, number: int, interval: float, base_url: str) -> Process:
    """A process for :class:`Waits`.

    :param contender: Whose waits.
    :param number: How many there can be.
    :param interval: Seconds, their poll interval.
    :param base_url: The server's.
    """
    return Process(_main, contender, number, interval, base_url, like_triggerer=True)


def _main(pipe: Connection, contender: str, number: int, interval: float, base_url: str) -> None:
    from airflow.sdk.log import configure_logging

    # As the triggerer logs, but for where the lines go: that is its supervisor's work.
    with open(os.devnull, "wb", buffering=0) as nowhere:  # noqa: PTH123 - a Path would say no more
        configure_logging(json_output=True, output=nowhere, sending_to_supervisor=True)
        asyncio.run(_Runner(contender, number, interval, base_url).run(pipe))


class _Runner:
    def __init__(self, contender: str, number: int, interval: float, base_url: str) -> None:
        self._contender = CONTENDERS[contender]
        self._number = number
        self._interval = interval
        self._base_url = base_url
        self._waiting: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._delays = array("d")
        self._own_stall = 0.0
        self._collector = _Collector()
        self._ended = 0
        self._error: str | None = None

    async def run(self, pipe: Connection) -> None:
        os.environ.update(self._contender.connections(self._base_url))
        heart = asyncio.create_task(self._beat())
        answers: dict[str, Callable[..., Any]] = {
            "prepare": self._prepare,
            "start": lambda number: self._starting.add(asyncio.create_task(self._start(number))),
            "figures": self._figures,
            "stop": self._stop,
        }
        try:
            await answering(pipe, answers)
        finally:
            heart.cancel()

    async def _prepare(self) -> float:
        make = self._contender.make
        self._waiting = [json.dumps(make(number, self._interval, self._base_url)) for number in range(self._number)]
        self._waiting.reverse()
        gc.collect()
        await asyncio.sleep(0.1)
        cpu, clock = time.process_time(), time.perf_counter()
        await asyncio.sleep(_IDLE)
        idle = (time.process_time() - cpu) / (time.perf_counter() - clock)
        self._figures()
        return idle

    async def _start(self, number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)
            path, arguments = json.loads(self._waiting.pop())
            trigger = _find(path)(**arguments)
            await asyncio.sleep(0)
            self._tasks.append(asyncio.create_task(self._wait(trigger)))

    async def _wait(self, trigger: Any) -> None:
        said: object = "nothing"
        try:
            async for event in trigger.run():
                said = event
                break
        except Exception as error:  # noqa: BLE001 - counted like an event
            said = error
        self._ended += 1
        self._error = self._error or repr(said)

    def _figures(self) -> tuple[Any, ...]:
        for starting in self._starting:
            if starting.done():
                starting.result()  # a trigger that could not be made ends the benchmark
        delays, own = sorted(self._delays), self._own_stall
        self._delays, self._own_stall = array("d"), 0.0
        stalls = (own, delays[-1], delays[int(len(delays) * 0.99)], self._collector.take_longest())
        return (
            time.process_time(),
            time.perf_counter(),
            *(1000 * seconds for seconds in stalls),
            self._ended,
            self._error,
        )

    async def _stop(self) -> None:
        for task in (*self._starting, *self._tasks):
            task.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._starting, *self._tasks, return_exceptions=True), 30)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before, collected = loop.time(), self._collector.seconds
            await asyncio.sleep(_BEAT)
            delay = max(0.0, loop.time() - before - _BEAT)
            self._delays.append(delay)
            self._own_stall = max(self._own_stall, delay - (self._collector.seconds - collected))


class _Collector:
    """How long Python's garbage collector has run: it stops everything, and takes the longer the more there is."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._longest = 0.0
        self._began = 0.0
        gc.callbacks.append(self._note)

    def take_longest(self) -> float:
        """Seconds that the longest collection since the last call has taken."""
        longest, self._longest = self._longest, 0.0
        return longest

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            took = time.perf_counter() - self._began
            self.seconds += took
            self._longest = max(self._longest, took)


_CLASSES: dict[str, Any] = {}


def _find(path: str) -> Any:
    """Import by path, once, as the triggerer does."""
    if path not in _CLASSES:
        module, _, name = path.rpartition(".")
        _CLASSES[path] = getattr(importlib.import_module(module), name)
    return _CLASSES[path]
