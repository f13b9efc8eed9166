"""What the demo and the tests ask of a running Airflow, over its public REST API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

POLL_SECONDS: Final = 0.4
FINISHED_RUN: Final = frozenset({"success", "failed"})
NOT_MAPPED: Final = -1
_PAUSES_WHERE_REFUSED: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class TaskInstance:
    """One task of one DAG run as it stands now; `state` is None until the scheduler has looked at it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    try_number: int
    operator: str | None
    start_date: str | None
    end_date: str | None

    @property
    def label(self) -> str:
        """Its name, with the index where it is one of a mapped task."""
        return self.task_id if self.map_index == NOT_MAPPED else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class Dag:
    """One DAG; `schedule` is None when only people, other DAGs or assets start it."""

    dag_id: str
    is_paused: bool
    schedule: str | None

    @property
    def runs_by_clock(self) -> bool:
        """Whether it starts by itself as time passes."""
        return self.schedule is not None and "asset" not in self.schedule.lower()


class AirflowRest:
    """A client of one Airflow's REST API.

    :param base_url: where the API server listens.
    :param password: the admin's password; None when the server lets everybody in as admin.
    :param transport: in place of the network, for tests.
    :param sleep: what pauses before a call is repeated.
    """

    def __init__(
        self,
        base_url: str,
        password: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = base_url
        self._password = password
        self._sleep = sleep
        # Settings of the environment (proxies above all) are for the world outside, and this is at home.
        self._http = httpx.Client(base_url=base_url, timeout=60, trust_env=False, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- any request ------------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Send any request with the token; raises `httpx.HTTPStatusError`, with the server's words, if refused.

        A call that ends with 500 is repeated a few times: the database, an SQLite that others write to as well, was
        locked then, and nothing was changed.
        """
        if "Authorization" not in self._http.headers:
            self._http.headers["Authorization"] = f"Bearer {self._token()}"
        response = self._http.request(method, path, **kwargs)
        for pause in _PAUSES_WHERE_REFUSED:
            if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                break
            self._sleep(pause)
            response = self._http.request(method, path, **kwargs)
        if response.is_error:
            message = f"{method} {path}: HTTP {response.status_code}: {response.text[:500]}"
            raise httpx.HTTPStatusError(message, request=response.request, response=response)
        return response

    def get(self, path: str, **params: Any) -> Any:
        """GET a path (`/api/v2/...`) and read the JSON."""
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST JSON to a path (`/api/v2/...`) and read the JSON."""
        return self.request("POST", path, json=body).json()

    def _token(self) -> str:
        if self._password is None:
            response = self._http.get("/auth/token")
        else:
            response = self._http.post("/auth/token", json={"username": "admin", "password": self._password})
        response.raise_for_status()
        return str(response.json()["access_token"])

    # -- the installation -------------------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """State and last heartbeat of database, scheduler, triggerer and dag-processor."""
        answer: dict[str, Any] = self._http.get("/api/v2/monitor/health", timeout=10).raise_for_status().json()
        return answer

    def import_errors(self) -> dict[str, str]:
        """The DAG files that could not be imported, each with its traceback."""
        errors = self.get("/api/v2/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in errors}

    def plugins(self) -> list[dict[str, Any]]:
        """The plugins that the API server has loaded."""
        plugins: list[dict[str, Any]] = self.get("/api/v2/plugins")["plugins"]
        return plugins

    def connection_types(self) -> dict[str, dict[str, Any]]:
        """What the connection form knows, by connection type (this is the form's own, unversioned address)."""
        return {meta["connection_type"]: meta for meta in self.get("/ui/connections/hook_meta")}

    def test_connection(self, connection: Mapping[str, Any]) -> tuple[bool, str]:
        """Press "Test" on a connection, given as the form sends it; returns (works, message)."""
        answer = self.post("/api/v2/connections/test", connection)
        return answer["status"], answer["message"]

    def pool(self, name: str = "default_pool") -> dict[str, Any]:
        """The slots of a pool: `running_slots`, `deferred_slots`, `occupied_slots` and so on."""
        slots: dict[str, Any] = self.get(f"/api/v2/pools/{name}")
        return slots

    # -- DAGs and runs ----------------------------------------------------------------------------------------------

    def dags(self) -> list[Dag]:
        """All DAGs that have been read so far."""
        rows = self.get("/api/v2/dags", limit=100)["dags"]
        return [Dag(row["dag_id"], row["is_paused"], row["timetable_summary"]) for row in rows]

    def unpause(self, dag_id: str, timeout: float = 30) -> None:
        """Let a DAG run, as soon as its file has been read.

        :raises TimeoutError: it did not appear; the message has what could not be imported.
        """
        deadline = time.monotonic() + timeout
        while dag_id not in (known := [dag.dag_id for dag in self.dags()]):
            if time.monotonic() > deadline:
                errors = "\n".join(f"{name}:\n{trace}" for name, trace in self.import_errors().items())
                raise TimeoutError(f"DAG {dag_id} did not appear in {timeout:.0f} s; there are {known}.\n{errors}")
            time.sleep(POLL_SECONDS)
        self.request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, run_id: str | None = None) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": dict(conf or {}), "dag_run_id": run_id}
        return str(self.post(f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run_ids(self, dag_id: str) -> list[str]:
        """The ids of a DAG's runs, the newest first."""
        runs = self.get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-id")["dag_runs"]
        return [run["dag_run_id"] for run in runs]

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: queued, running, success or failed."""
        return str(self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def wait_for_run(
        self,
        dag_id: str,
        run_id: str,
        timeout: float = 120,
        on_change: Callable[[TaskInstance], None] | None = None,
    ) -> str:
        """Wait until a run has ended, and return its state.

        An API server that is away for a while (restarted by a test) is waited for, too.

        :param timeout: seconds, after which `TimeoutError` names every task's state.
        :param on_change: called with each task instance whose state or try has changed since the last look.
        """
        deadline = time.monotonic() + timeout
        seen: dict[str, TaskInstance] = {}
        while True:
            try:
                state = self.run_state(dag_id, run_id)
                instances = self.task_instances(dag_id, run_id)
            except httpx.TransportError:
                state, instances = "unknown", []
            for instance in instances:
                before = seen.get(instance.label)
                seen[instance.label] = instance
                if on_change and (
                    before is None or (before.state, before.try_number) != (instance.state, instance.try_number)
                ):
                    on_change(instance)
            if state in FINISHED_RUN:
                return state
            if time.monotonic() > deadline:
                states = {label: instance.state for label, instance in seen.items()}
                raise TimeoutError(f"{dag_id} {run_id} is still {state} after {timeout:.0f} s: {states}")
            time.sleep(POLL_SECONDS)

    # -- tasks ------------------------------------------------------------------------------------------------------

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """All task instances of a run, mapped ones one by one."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        rows: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=100, offset=len(rows), order_by="map_index")
            rows += page["task_instances"]
            if not page["task_instances"] or len(rows) >= page["total_entries"]:
                return [_task_instance(row) for row in rows]

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = NOT_MAPPED
    ) -> Any:
        """A value that a task has pushed; `httpx.HTTPStatusError` (404) if there is none."""
        path = f"{_task_path(dag_id, run_id, task_id)}/xcomEntries/{key}"
        return self.get(path, map_index=map_index, deserialize=True)["value"]

    def task_log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = NOT_MAPPED) -> str:
        """The log of one try as plain text, the part of the triggerer included."""
        path = f"{_task_path(dag_id, run_id, task_id)}/logs/{try_number}"
        content = self.get(path, map_index=map_index, full_content=True)["content"]
        return "\n".join(map(_log_line, content))

    def state_store(self, dag_id: str, run_id: str, task_id: str, map_index: int = NOT_MAPPED) -> dict[str, Any]:
        """What a task has stored to find again in a later try."""
        path = f"{_task_path(dag_id, run_id, task_id)}/state-store"
        rows = self.get(path, map_index=map_index)["task_state_store"]
        return {row["key"]: row["value"] for row in rows}

    def change_state(
        self, dag_id: str, run_id: str, task_id: str, key: str, *, value: Any, map_index: int = NOT_MAPPED
    ) -> None:
        """Put another value in the place of one that a task has stored."""
        path = f"{_task_path(dag_id, run_id, task_id)}/state-store/{key}"
        self.request("PATCH", path, params={"map_index": map_index}, json={"value": value})

    def delete_state(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int = NOT_MAPPED) -> None:
        """Delete one thing that a task has stored, as a person does who wants a task to forget it."""
        path = f"{_task_path(dag_id, run_id, task_id)}/state-store/{key}"
        self.request("DELETE", path, params={"map_index": map_index})

    def extra_links(self, dag_id: str, run_id: str, task_id: str, map_index: int = NOT_MAPPED) -> dict[str, str | None]:
        """The links on a task's page, by name; None for those that lead nowhere yet."""
        path = f"{_task_path(dag_id, run_id, task_id)}/links"
        links: dict[str, str | None] = self.get(path, map_index=map_index)["extra_links"]
        return links

    def clear(
        self, dag_id: str, run_id: str, task_ids: Sequence[str | tuple[str, int]], *, downstream: bool = False
    ) -> list[TaskInstance]:
        """Clear tasks, whatever their state, as a person does who wants them run again; returns what was cleared.

        :param task_ids: ids, or pairs of id and map index; the id of a mapped task alone means all its indexes.
        """
        body = {
            "dry_run": False,
            "only_failed": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": downstream,
        }
        cleared = self.post(f"/api/v2/dags/{dag_id}/clearTaskInstances", body)["task_instances"]
        return [_task_instance(row) for row in cleared]


def _task_path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"


def _task_instance(row: Mapping[str, Any]) -> TaskInstance:
    return TaskInstance(
        dag_id=row["dag_id"],
        run_id=row["dag_run_id"],
        task_id=row["task_id"],
        map_index=row["map_index"],
        state=row["state"],
        try_number=row["try_number"],
        operator=row["operator_name"],
        start_date=row["start_date"],
        end_date=row["end_date"],
    )


def _log_line(record: str | Mapping[str, Any]) -> str:
    if isinstance(record, str):
        return record
    known = ("timestamp", "level", "event")
    said = [str(record[key]) for key in known if record.get(key)]
    more = [f"{key}={json.dumps(value)}" for key, value in record.items() if key not in known]
    return " ".join([*said, *more])
