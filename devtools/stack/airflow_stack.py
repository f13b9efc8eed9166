"""A real Airflow on this machine: api-server, scheduler, triggerers and dag-processor, each a process of its own.

The demo runs on it, and so do the tests that need the real thing:

    with AirflowStack(home=tmp_path, dags=here / "dags", env={"AIRFLOW_CONN_RUNWAY_DEFAULT": "..."}) as airflow:
        airflow.rest.unpause("my_dag")
        run_id = airflow.rest.trigger("my_dag")
        assert airflow.rest.wait_for_run("my_dag", run_id) == "success"
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime, timezone
from signal import SIGKILL
from typing import TYPE_CHECKING, Final

import httpx

from devtools.stack.airflow_home import LOOPBACK, PASSWORDS, environment, free_port, prepare_database, services
from devtools.stack.airflow_rest import AirflowRest
from devtools.stack.balancer import Balancer
from devtools.stack.processes import Daemon, Leash, ProcessDiedError, end_sessions, members, signal_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from signal import Signals
    from types import TracebackType

    from typing_extensions import Self


# What a component calls itself in Airflow's table of jobs.
JOBS: Final = {"SchedulerJob": "scheduler", "DagProcessorJob": "dag-processor", "TriggererJob": "triggerer"}


class AirflowStack:
    """Starts, breaks and stops a real Airflow, with SQLite and the LocalExecutor unless it is given more.

    :param home: Airflow's home: database, logs, secrets. It may be new, or one that an earlier stack has used.
    :param dags: the folder with the DAGs.
    :param env: further environment of all components: connections, variables, and any `AIRFLOW__SECTION__KEY`. Nothing
        that begins with `AIRFLOW` is taken over from this process.
    :param database: SQLAlchemy's URL of an empty database; None: SQLite in the home.
    :param broker: Celery's URL of a broker, for the CeleryExecutor; None: the LocalExecutor.
    :param workers: with a broker, how many workers to start: "worker", "worker-2" and so on.
    :param parallelism: how many tasks can run at once; the workers share them.
    :param triggerers: how many triggerers to start: "triggerer", "triggerer-2" and so on.
    :param api_servers: how many API servers to start: "api-server", which all components talk to, "api-server-2" and so
        on.
    :param callbacks: have the service call Airflow, whichever of its API servers, when a video is ready.
    :param all_admins: let everybody in as admin, without a login; otherwise the user is "admin", and Airflow makes up
        the `password`.
    :param timeout: seconds that everything may take to become healthy.
    :param on_up: called with "database" and with each component's kind, as soon as it is there.
    """

    def __init__(
        self,
        *,
        home: Path,
        dags: Path,
        env: Mapping[str, str] | None = None,
        database: str | None = None,
        broker: str | None = None,
        workers: int = 2,
        parallelism: int = 4,
        triggerers: int = 1,
        api_servers: int = 1,
        callbacks: bool = False,
        all_admins: bool = True,
        timeout: float = 120,
        on_up: Callable[[str], None] = lambda _part: None,
    ) -> None:
        self.home = home.resolve()
        ports = [free_port() for _ in range(api_servers)]
        self.port = ports[0]
        self.url = f"http://{LOOPBACK}:{self.port}"
        names = _names("api-server", api_servers)
        self._urls = {name: f"http://{LOOPBACK}:{port}" for name, port in zip(names, ports, strict=True)}
        self.balancer = Balancer(free_port(), ports) if callbacks else None
        self.database = database
        self._dags = dags.resolve()
        called = {"AIRFLOW__RUNWAY__CALLBACK_BASE_URL": self.balancer.url} if self.balancer else {}
        self._extra_env = {**services(database, broker), **called, **(env or {})}
        self._parallelism = parallelism
        self._all_admins = all_admins
        self._timeout = timeout
        self._on_up = on_up
        self._up: set[str] = set()
        self._commands = {
            **{name: ["api-server", "--port", url.rpartition(":")[2]] for name, url in self._urls.items()},
            "scheduler": ["scheduler", "--skip-serve-logs"],
            "dag-processor": ["dag-processor"],
            **{name: ["triggerer", "--skip-serve-logs"] for name in _names("triggerer", triggerers)},
        }
        self._workers = _names("worker", workers) if broker else []
        share = str(-(-parallelism // max(1, len(self._workers))))
        for name in self._workers:
            command = ["celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip"]
            self._commands[name] = [*command, "--concurrency", share, "--celery-hostname", name]
        self._components: dict[str, Daemon] = {}
        self._left: list[int] = []
        self._leash: Leash | None = None
        self._rest: AirflowRest | None = None

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start all components, and return when all are healthy.

        :raises ProcessDiedError: one of them ended by itself, or was not healthy in time; with the end of its log.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        env = self.env
        self._leash = Leash()
        try:
            prepare_database(self.home, env)
            self._on_up("database")
            self._components = {
                name: Daemon(
                    name,
                    [sys.executable, "-m", "airflow", *command],
                    env=env,
                    cwd=self.home,
                    log=self.log(name),
                )
                for name, command in self._commands.items()
            }
            if self.balancer is not None:
                self.balancer.start()
            self._start(list(self._components))
        except BaseException:
            self.stop()
            raise

    def stop(self, grace: float = 4) -> None:
        """Stop all components, and whatever they have left behind. Safe to call twice.

        :param grace: seconds that they have to stop by themselves.
        """
        if self._leash is None:
            return
        self._hang_up()  # the API server would wait for its clients
        running = [daemon for daemon in self._components.values() if daemon.started]
        end_sessions([*(daemon.pid for daemon in running), *self._left], grace)
        for daemon in running:
            daemon.reap(self._leash)
        self._left.clear()
        if self.balancer is not None:
            self.balancer.stop()
        self._leash.close()
        self._leash = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- to work with -----------------------------------------------------------------------------------------------

    @property
    def rest(self) -> AirflowRest:
        """The client of its REST API."""
        if self._rest is None:
            raise RuntimeError("Airflow is not running")
        return self._rest

    @property
    def password(self) -> str | None:
        """The password of the user "admin"; None when everybody is let in."""
        if self._all_admins:
            return None
        passwords: dict[str, str] = json.loads((self.home / PASSWORDS).read_text())
        return passwords["admin"]

    @property
    def components(self) -> list[str]:
        """The names of its components."""
        return list(self._commands)

    @property
    def env(self) -> dict[str, str]:
        """The environment of its components, for commands such as `airflow`."""
        env = environment(self.home, self._dags, self.port, self._parallelism, all_admins=self._all_admins)
        return env | self._extra_env

    def pid(self, component: str) -> int:
        """The process id of a component's main process."""
        return self._components[component].pid

    def log(self, component: str) -> Path:
        """The file that a component writes what it has to say to."""
        return self.home / "logs" / "components" / f"{component}.log"

    def require_alive(self) -> None:
        """Raise `ProcessDiedError`, with the end of its log, if a component has ended by itself."""
        for daemon in self._components.values():
            daemon.require_alive()

    def log_tails(self, lines: int = 40) -> str:
        """The end of every component's log."""
        return "\n\n".join(daemon.tail(lines) for daemon in self._components.values())

    # -- to break it ------------------------------------------------------------------------------------------------

    def kill(self, component: str, number: Signals = SIGKILL, *, alone: bool = False) -> None:
        """Send a signal to a component and all its processes, running tasks included; by default the one that kills.

        :param alone: only to its main process; what that has started runs on.
        """
        if alone:
            os.kill(self.pid(component), number)
        else:
            signal_session(self.pid(component), number)

    def restart(self, component: str, grace: float = 4) -> None:
        """Start a component anew, after stopping it if it is still there, and return when it is healthy.

        :param grace: seconds that it has to stop by itself.
        """
        daemon, leash = self._components[component], self._held()
        if component == "api-server":
            self._hang_up()
        if daemon.started:
            end_sessions([daemon.pid], grace)
            daemon.reap(leash)
        self._start([component])

    def is_dead(self, component: str) -> bool:
        """Whether a component's main process has ended."""
        return self._components[component].has_ended

    def revive(self, component: str) -> None:
        """Start a component anew whose main process has ended, without waiting until it is healthy.

        What the ended one had started and is still there runs on, until the stack stops.
        """
        daemon, leash = self._components[component], self._held()
        session = daemon.pid
        daemon.reap(leash)
        if members(session):
            leash.hold(session)
            self._left.append(session)
        daemon.start(leash)

    def sessions(self, component: str) -> list[int]:
        """The session of a component, and those of earlier ones of any component that left something running."""
        return [self.pid(component), *self._left]

    # -- within -----------------------------------------------------------------------------------------------------

    def _held(self) -> Leash:
        if self._leash is None:
            raise RuntimeError("Airflow is not running")
        return self._leash

    def _hang_up(self) -> None:
        if self._rest is not None:
            self._rest.close()
            self._rest = None

    def _start(self, names: Sequence[str]) -> None:
        since = datetime.now(tz=timezone.utc)
        self._up.clear()
        daemons = [self._components[name] for name in names]
        for daemon in daemons:
            daemon.start(self._held())
        deadline = time.monotonic() + self._timeout
        while (missing := self._missing_now(names, since)) is not None:
            for daemon in daemons:
                daemon.require_alive()
            if time.monotonic() > deadline:
                raise ProcessDiedError(f"{missing} within {self._timeout:.0f} s.\n{self.log_tails()}")
            time.sleep(0.2)

    def _missing_now(self, names: Sequence[str], since: datetime) -> str | None:
        """What there is still to wait for, on a busy machine the answer itself."""
        try:
            return self._missing(names, since)
        except httpx.TransportError as error:
            return f"api-server did not answer: {error}"

    def _missing(self, names: Sequence[str], since: datetime) -> str | None:
        """What there is still to wait for; None when all of these are up.

        A heartbeat in a kept database may be an earlier stack's, or another triggerer's, so a component counts as up
        by a job of its own. Celery's workers have none: they are up when they take tasks.
        """
        try:
            for url in (self._urls[name] for name in names if name in self._urls):
                httpx.get(f"{url}/api/v2/monitor/health", timeout=10, trust_env=False, verify=False).json()
            health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=10, trust_env=False, verify=False).json()
        except json.JSONDecodeError:
            return "api-server did not answer"
        if self._rest is None:
            self._rest = AirflowRest(self.url, self.password)
            # The first request that a task makes would be kept waiting for seconds.
            self._rest.request("GET", "/execution/health")
        self._say_up(name for name in names if name in self._urls)
        jobs = [name for name in names if name not in {*self._urls, *self._workers}]
        started = self._rest.get("/api/v2/jobs", start_date_gte=since.isoformat(), is_alive=True)["jobs"]
        self._say_up(JOBS.get(job["job_type"], job["job_type"]) for job in started)
        if len(started) < len(jobs):
            kinds = ", ".join(job["job_type"] for job in started) or "nothing"
            return f"of {', '.join(jobs)}, only {kinds} came up"
        ill = [name for name, part in health.items() if part["status"] != "healthy"]
        return f"{', '.join(ill)} did not become healthy" if ill else None

    def _say_up(self, parts: Iterable[str]) -> None:
        for part in parts:
            if part not in self._up:
                self._up.add(part)
                self._on_up(part)


def _names(component: str, count: int) -> list[str]:
    return [component, *(f"{component}-{number}" for number in range(2, count + 1))][:count]
