"""Stand-ins for what Airflow hands to an operator, and for time."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from airflow.sdk import Context
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.operators.submission import RECORD_KEY


def now() -> float:
    """Epoch seconds, as all that uses a hook has them."""
    return RunwayHook.clock.time()


class GivenTime:
    """Time that passes when somebody pauses, at once.

    :param advance: told of each pause, before it is over.
    """

    def __init__(self, advance: Callable[[float], None] = lambda _seconds: None) -> None:
        self.pauses: list[float] = []
        self._advance = advance
        began = time.time()
        self.clock = Clock(
            monotonic=lambda: 1000.0 + sum(self.pauses),
            sleep=self._sleep,
            asleep=self._asleep,
            call_later=self._call_later,
            time=lambda: began + sum(self.pauses),
        )

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._advance(seconds)

    async def _asleep(self, seconds: float) -> None:
        self._sleep(seconds)

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        """Call back at the next turn of the loop, when the time until then has passed."""

        def turn() -> None:
            self._sleep(seconds)
            callback()

        return asyncio.get_running_loop().call_soon(turn)


class FakeStore:
    """Airflow's task state store: outlives the tries of a task, and holds JSON."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.retentions: list[timedelta | None] = []
        self.stages: list[str] = []

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.rows[key]) if key in self.rows else default

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        if value is None:
            raise ValueError("None cannot be stored")
        self.rows[key] = json.dumps(value)
        self.retentions.append(retention)
        self.stages.append(value.get("stage", key))

    def delete(self, key: str) -> None:
        self.rows.pop(key, None)
        self.stages.append("forgotten")

    @property
    def record(self) -> dict[str, Any] | None:
        """The submission record as it stands."""
        record: dict[str, Any] | None = self.get(RECORD_KEY)
        return record


class FakeTaskInstance:
    """The part of Airflow's task instance that operators use."""

    dag_id = "clips"
    task_id = "video"
    map_index = -1
    run_id = "manual__2026"

    def __init__(self, max_tries: int = 2, try_number: int = 1) -> None:
        self.max_tries = max_tries
        self.try_number = try_number
        self.state = "running"
        self.task = SimpleNamespace(retries=2)
        self.xcoms: dict[str, Any] = {}
        # What Airflow's API tells the process: the keys of the XComs of the try before, which it deletes.
        self._ti_context_from_server = SimpleNamespace(next_method=None, xcom_keys_to_clear=list[str]())

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = json.loads(json.dumps(value))

    def xcom_pull(self, *, key: str, task_ids: str, map_indexes: int) -> Any:
        return self.xcoms.get(key)

    def get_first_reschedule_date(self, context: Context) -> None:
        """There was none."""

    def get_task_states(
        self, dag_id: str, map_index: int | None, task_ids: list[str], run_ids: list[str]
    ) -> dict[str, Any]:
        """What Airflow's API says, not what the process believes."""
        assert (dag_id, map_index, task_ids) == (self.dag_id, self.map_index, [self.task_id])
        return {run_id: {self.task_id: self.state} for run_id in run_ids}

    def get_ti_count(self, **_which: Any) -> int:
        return 1


def fake_context(store: FakeStore | None = None, *, max_tries: int = 2) -> Context:
    """The context of one try; without a store it is that of an Airflow before 3.3."""
    context: dict[str, Any] = {"ti": FakeTaskInstance(max_tries), "outlet_events": OutletEventAccessors()}
    if store is not None:
        context["task_state_store"] = store
    return cast("Context", context)


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


# A whole picture of one grey pixel.
PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", (1).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0")
    + _chunk(b"IDAT", zlib.compress(b"\0\x80"))
    + _chunk(b"IEND", b"")
)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, however slow the machine is."""
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.005)
