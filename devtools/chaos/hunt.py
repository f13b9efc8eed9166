"""Carrying out the strikes of `make chaos` on a running Airflow."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from devtools.chaos.strikes import Strike, Target
from devtools.stack.processes import members

if TYPE_CHECKING:
    from devtools.stack.airflow_stack import AirflowStack

_TICK: Final = 0.05
_SLOW_TICK: Final = 1.0  # where somebody has to be asked
# Seconds that a hunter waits for a victim.
_PATIENCE: Final = 2.0
# Of a process that has a task as its child: the LocalExecutor's, Celery's.
_WORKER_TITLES: Final = ("airflow worker -- LocalExecutor", "airflow supervisor: ")
_TASK_TITLE: Final = re.compile(r"airflow worker -- [0-9a-f]{8}-")


class Striker(threading.Thread):
    """Kills at the times of a schedule, and starts components again that are dead, as a service manager would.

    It goes on starting dead components after the last strike, until it is stopped.

    :param airflow: whom to strike.
    :param strikes: when and whom, in order.
    :param service_port: the port by which tasks talk to the service.
    :param diary: the file that says what was killed when.
    :param passed: says how many seconds of the schedule have passed; None: those that have passed since the start.
    """

    def __init__(
        self,
        airflow: AirflowStack,
        strikes: Sequence[Strike],
        service_port: int,
        diary: Path,
        *,
        passed: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(name="striker", daemon=True)
        self.struck: Counter[Target] = Counter()
        self.missed: Counter[Target] = Counter()
        self.died_by_themselves: Counter[str] = Counter()
        self.error: Exception | None = None
        self._airflow = airflow
        self._strikes = list(strikes)
        self._service_port = service_port
        self._diary = diary
        self._passed = passed
        self._away: dict[str, float] = {}
        self._over = threading.Event()

    @property
    def is_done(self) -> bool:
        """Whether all strikes are behind it, and all components have been started again."""
        return not self._strikes and not self._away

    def tasks_hit(self, parallelism: int) -> int:
        """How many tasks can have been under way, at most, in what was killed or died.

        :param parallelism: how many run at once.
        """
        alone = {Target.TASK, Target.TALKING_TASK, Target.WORKER}
        single = sum(count for target, count in self.struck.items() if target in alone)
        return single + parallelism * (self.struck.total() - single + self.died_by_themselves.total())

    def stop(self) -> None:
        """Have it end, and wait for that."""
        self._over.set()
        self.join()
        if self.error is not None:
            raise self.error

    def run(self) -> None:
        """Strike and revive until it is stopped."""
        start = time.monotonic()
        try:
            while not self._over.wait(_TICK if self._passed is None else _SLOW_TICK):
                now = time.monotonic() - start
                self._revive(now)
                passed = now if self._passed is None else self._passed()
                if self._strikes and self._strikes[0].at <= passed:
                    self._strike(self._strikes.pop(0), now)
        except Exception as error:  # noqa: BLE001 - raised again where the thread is joined
            self.error = error

    def _revive(self, now: float) -> None:
        for component in self._airflow.components:
            if not self._airflow.is_dead(component) or now < self._away.get(component, 0.0):
                continue
            if self._away.pop(component, None) is None:
                self.died_by_themselves[component] += 1
                self._note(now, component, "died by itself")
            self._airflow.revive(component)

    def _strike(self, strike: Strike, now: float) -> None:
        if strike.target.component is not None:
            several = self._of(strike.target.component)
            component = several[int(strike.lot * len(several))]
            hit = component not in self._away and not self._airflow.is_dead(component)
            if hit:
                self._away[component] = now + strike.away
                self._airflow.kill(component, alone=strike.target is Target.SCHEDULER_ALONE)
            victim = component
        else:
            process = self._victim(strike)
            victim = "" if process is None else f"{process.pid}"
            hit = process is not None and _kill(process.pid)
        (self.struck if hit else self.missed)[strike.target] += 1
        self._note(now, strike.target.value, victim if hit else "nobody there")

    def _victim(self, strike: Strike) -> psutil.Process | None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            tasks = self._tasks()
            if strike.target is Target.WORKER:
                found = [worker for task in tasks if _runs(task) and (worker := task.parent()) is not None]
            elif strike.target is Target.TALKING_TASK:
                found = [task for task in tasks if _talks_to(task, self._service_port)]
            else:
                found = tasks
            if found:
                return found[int(strike.lot * len(found))]
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)

    def _tasks(self) -> list[psutil.Process]:
        """The processes that run tasks: the children of the executor's workers."""
        leaders = [
            session
            for component in (*self._of("scheduler"), *self._of("worker"))
            for session in self._airflow.sessions(component)
        ]
        found = []
        for session in leaders:
            for pid in sorted(members(session)):
                with suppress(psutil.Error, OSError):
                    process = psutil.Process(pid)
                    parent = process.parent()
                    if parent is None or parent.pid in leaders or pid in leaders:
                        continue
                    if " ".join(parent.cmdline()).startswith(_WORKER_TITLES):
                        found.append(process)
        return found

    def _of(self, kind: str) -> list[str]:
        """The components of a kind."""
        return [each for each in self._airflow.components if each == kind or each.startswith(f"{kind}-")]

    def _note(self, now: float, what: str, victim: str) -> None:
        with self._diary.open("a") as file:
            file.write(json.dumps({"at": round(now, 2), "time": time.time(), "what": what, "victim": victim}) + "\n")


def _runs(process: psutil.Process) -> bool:
    """Whether a task's process has gone so far that Airflow calls the task running.

    The LocalExecutor has no remedy for a worker that dies before: its task stays queued as long as the scheduler lives.
    """
    with suppress(psutil.Error):
        return _TASK_TITLE.match(" ".join(process.cmdline())) is not None
    return False


def _talks_to(process: psutil.Process, port: int) -> bool:
    with suppress(psutil.Error, OSError):
        return any(getattr(each.raddr, "port", None) == port for each in process.net_connections("tcp"))
    return False


def _kill(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False
