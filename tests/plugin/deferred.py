"""Task instances that wait in the triggerer, in Airflow's own tables, as the Execution API leaves them behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.utils.session import create_session
from sqlalchemy import delete, select, update

from .database import Database

VIDEO_TRIGGER = "airflow_provider_runway.triggers.runway.RunwayVideoTrigger"
NONCE = "0123456789abcdef"
WAITS: Mapping[str, Any] = {
    "runway_conn_id": "runway_default",
    "runway_task_id": "kie-1",
    "kind": "runway",
    "poll_interval": 10.0,
    "deadline": 4102444800.0,
    "nonce": NONCE,
}
LONG_AGO = 60.0
_LATER = {"deadline": 4102444800.0}


@dataclass(frozen=True)
class Seen:
    """A task instance, as the scheduler sees it."""

    state: str | None
    trigger_id: int | None
    event: Any
    kept: Any


class Waiting:
    """A task instance, in whatever state it is put."""

    def __init__(self, database: Database, task_id: str = "video", map_index: int = -1) -> None:
        database.task(task_id=task_id, map_index=map_index, state="running")
        self._is_it = (TaskInstance.task_id == task_id, TaskInstance.map_index == map_index)

    def defer(self, age: float = LONG_AGO, waits: Mapping[str, Any] = WAITS, **columns: Any) -> Waiting:
        """Defer it, so many seconds ago."""
        with create_session(scoped=False) as session:
            begun = datetime.now(timezone.utc) - timedelta(seconds=age)
            trigger = Trigger(VIDEO_TRIGGER, dict(waits), begun, **columns)
            session.add(trigger)
            session.flush()
            self._set(session, state="deferred", trigger_id=trigger.id, next_kwargs=_LATER)
        return self

    def becomes(self, state: str | None, **columns: Any) -> Waiting:
        with create_session(scoped=False) as session:
            self._set(session, state=state, trigger_id=None, **columns)
        return self

    def _set(self, session: Any, **values: Any) -> None:
        change = update(TaskInstance).where(*self._is_it).values(**values)
        session.execute(change.execution_options(synchronize_session=False))

    def seen(self) -> Seen:
        with create_session(scoped=False) as session:
            ti = TaskInstance
            query = select(ti.state, ti.trigger_id, ti.next_kwargs).where(*self._is_it)
            state, trigger_id, kwargs = session.execute(query).one()
            kwargs = dict((kwargs or {}).get("__var", kwargs or {}))
            event = kwargs.pop("event", None)
            name = state and str(getattr(state, "value", state))
            return Seen(name, trigger_id, (event or {}).get("__var", event), kwargs)

    def trigger(self) -> tuple[str, dict[str, Any], datetime]:
        """What it waits with: class, arguments, since when."""
        with create_session(scoped=False) as session:
            trigger = session.get(Trigger, self.seen().trigger_id)
            assert trigger is not None
            return trigger.classpath.rpartition(".")[2], trigger.kwargs, trigger.created_date


def forget_triggers() -> None:
    with create_session(scoped=False) as session:
        session.execute(update(TaskInstance).values(trigger_id=None).execution_options(synchronize_session=False))
        session.execute(delete(Trigger))


def stored() -> dict[str, Any]:
    """What is in Airflow's task state store, by key."""
    from airflow.models.task_state_store import TaskStateStoreModel

    with create_session(scoped=False) as session:
        rows = session.execute(select(TaskStateStoreModel.key, TaskStateStoreModel.value))
        return {key: json.loads(value) for key, value in rows}
