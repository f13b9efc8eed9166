"""Task instances that wait in the triggerer, in Airflow's own tables, as the Execution API leaves them behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.utils.session import create_session
from sqlalchemy import delete, insert, select, update
from uuid6 import uuid7
from versions import AIRFLOW

from .database import NOW, Database

HAS_REGIONS = AIRFLOW >= (3, 4)
VIDEO_TRIGGER = "airflow_provider_runway.triggers.runway.RunwayVideoTrigger"
NONCE = "0123456789abcdef"
WAITS: dict[str, Any] = {
    "runway_conn_id": "runway_default",
    "runway_task_id": "kie-1",
    "kind": "runway",
    "poll_interval": 10.0,
    "deadline": 4102444800.0,
    "nonce": NONCE,
}
NEXT_KWARGS = {"deadline": 4102444800.0, "submitted_at": "2026-11-26T00:00:00+00:00"}


@dataclass(frozen=True)
class Seen:
    """A task instance, as the scheduler and the triggerer see it."""

    state: str | None
    trigger_id: int | None
    next_method: str | None
    next_kwargs: Any

    @property
    def event(self) -> Any:
        kwargs = self.next_kwargs or {}
        return kwargs.get("event", kwargs.get("__var", {}).get("event"))


class Waiting:
    """A task instance that was deferred."""

    def __init__(self, task_id: str = "video", *, map_index: int = -1, region: UUID | None = None) -> None:
        self.where = {"dag_id": "clips", "run_id": "manual__1", "task_id": task_id}
        self.index = {"region_index" if HAS_REGIONS else "map_index": map_index}
        if HAS_REGIONS:
            self.index["region_id"] = region or UUID(int=0)  # type: ignore[assignment]
        self.id = uuid7()
        with create_session(scoped=False) as session:
            run = Database._run
            if session.scalar(select(TaskInstance.id).limit(1)) is None:
                run(session, "clips", "manual__1")
            table: Any = TaskInstance.__table__
            session.execute(
                insert(table).values(
                    id=str(self.id) if AIRFLOW < (3, 2) else self.id,
                    **self.where,
                    **self.index,
                    state="running",
                    operator="RunwayGenerateOperator",
                    start_date=NOW,
                    pool="default_pool",
                    pool_slots=1,
                    try_number=1,
                    max_tries=2,
                )
            )

    def defer(
        self, age: float = 60.0, path: str = VIDEO_TRIGGER, waits: dict[str, Any] | None = None, **columns: Any
    ) -> Waiting:
        """Defer it, so many seconds ago."""
        with create_session(scoped=False) as session:
            trigger = Trigger(path, {}, datetime.now(timezone.utc) - timedelta(seconds=age), **columns)
            trigger.encrypted_kwargs = json.dumps(WAITS if waits is None else waits)
            session.add(trigger)
            session.flush()
            kwargs = {"state": "deferred", "trigger_id": trigger.id, "next_method": "execute_complete"}
            self._set(session, **kwargs, next_kwargs=NEXT_KWARGS)
        return self

    def becomes(self, state: str | None) -> Waiting:
        with create_session(scoped=False) as session:
            self._set(session, state=state, trigger_id=None)
        return self

    def _set(self, session: Any, **values: Any) -> None:
        session.execute(
            update(TaskInstance)
            .where(TaskInstance.id == (str(self.id) if AIRFLOW < (3, 2) else self.id))
            .values(**values)
            .execution_options(synchronize_session=False)
        )

    def seen(self) -> Seen:
        with create_session(scoped=False) as session:
            ti = TaskInstance
            key = str(self.id) if AIRFLOW < (3, 2) else self.id
            row = session.execute(
                select(ti.state, ti.trigger_id, ti.next_method, ti.next_kwargs).where(ti.id == key)
            ).one()
            return Seen(row.state and str(getattr(row.state, "value", row.state)), *row[1:])

    def trigger(self) -> tuple[str, dict[str, Any], datetime]:
        """What it waits with: class, arguments, since when."""
        with create_session(scoped=False) as session:
            trigger = session.get(Trigger, self.seen().trigger_id)
            assert trigger is not None
            return trigger.classpath, trigger.kwargs, trigger.created_date


def forget_triggers() -> None:
    with create_session(scoped=False) as session:
        session.execute(delete(Trigger))
