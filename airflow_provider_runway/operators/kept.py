"""What a task keeps for itself: until it comes back from a trigger, and for its retries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from airflow_provider_runway.operators.submission import RETENTION, StateStore

if TYPE_CHECKING:
    from airflow.sdk import Context


class Kept:
    """A JSON object that one task instance keeps.

    It is in Airflow's task state store, which outlives a try. Before Airflow 3.3 there is none: there it is in an XCom,
    which lasts until the next try begins.

    :param context: The task's context.
    :param key: Its name.
    """

    def __init__(self, context: Context, key: str) -> None:
        self._ti = context["ti"]
        self._store = cast("StateStore | None", context.get("task_state_store"))
        self._key = key

    def read(self) -> dict[str, Any] | None:
        """What is kept, if there is something."""
        if self._store is not None:
            value = self._store.get(self._key)
        else:
            value = self._ti.xcom_pull(key=self._key, task_ids=self._ti.task_id, map_indexes=self._ti.map_index)
        return value if isinstance(value, dict) else None

    def write(self, value: dict[str, Any]) -> None:
        """Keep this in place of what was there before."""
        if self._store is not None:
            self._store.set(self._key, value, retention=RETENTION)
        else:
            self._ti.xcom_push(self._key, value)
