"""The Airflow task that a callback is for, and how it is woken: the one place that knows Airflow's tables for that.

What is done here is what Airflow does for its own triggers, with its own functions. It is the same from 3.1 to 3.4, but
for how a task instance is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger, handle_event_submit
from airflow.triggers.base import TriggerEvent
from sqlalchemy import select, update

from airflow_provider_runway.triggers.deferral import shortest_deferral
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger
from airflow_provider_runway.utils.versions import airflow_version

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_runway.kie.callback_tokens import CallbackToken

_FIRST_WITH_REGIONS = (3, 4)
DEFERRED = "deferred"
_NOWHERE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Found:
    """A task instance.

    :param id: Its id in this try.
    :param state: Airflow's.
    :param trigger: What it is deferred with.
    :param waits_for: The arguments of that; none where they cannot be read.
    """

    id: Any
    state: str | None
    trigger: Trigger | None = None
    waits_for: Mapping[str, Any] = field(default_factory=dict)


def find(session: Session, token: CallbackToken) -> Found | None:
    """The task instance that a token names, as it is now; ``None`` if there is none.

    :param session: A database session.
    :param token: The token.
    """
    ti = TaskInstance
    query = select(ti.id, ti.state, ti.trigger_id).where(
        ti.dag_id == token.dag_id,
        ti.run_id == token.run_id,
        ti.task_id == token.task_id,
    )
    if airflow_version() >= _FIRST_WITH_REGIONS:
        region_id, index = region_of(token)
        model: Any = ti
        query = query.where(model.region_id == region_id, model.region_index == index)
    else:
        query = query.where(ti.map_index == token.map_index)
    row = session.execute(query).first()
    if row is None:
        return None
    state = None if row.state is None else str(getattr(row.state, "value", row.state))
    trigger = session.get(Trigger, row.trigger_id) if state == DEFERRED and row.trigger_id is not None else None
    return Found(row.id, state, trigger, {} if trigger is None else _arguments(trigger))


def region_of(token: CallbackToken) -> tuple[UUID, int]:
    """Which part of a run a token names, as Airflow 3.4 has it in two columns."""
    region_id, _, index = (token.region or "").partition("/")
    try:
        return UUID(region_id), int(index)
    except ValueError:
        return _NOWHERE, token.map_index


def wake(session: Session, found: Found, event: Mapping[str, Any], now: datetime) -> bool | None:
    """Wake a task instance that is deferred, or have that done at the first moment at which it is safe.

    A scheduler before 3.4 fails a task that is back before it has noted its deferral; see
    :mod:`airflow_provider_runway.triggers.deferral`. Until then a trigger pauses in place of the one that polls: it is
    in the database, so that nothing is lost with this process.

    :param session: A database session. What is done is done in its transaction.
    :param found: The task instance.
    :param event: What its next method is called with.
    :param now: The time.
    :return: Whether it is woken now; ``None`` if it is not what was found any more.
    """
    if found.trigger is None:
        return None
    pause = timedelta(seconds=shortest_deferral())
    safe = min(found.trigger.created_date, now) + pause
    if now < safe:
        later = _replacement(found.trigger, event, safe)
        session.add(later)
        session.flush()
        return False if _take(session, found, trigger_id=later.id) else None
    if not _take(session, found, state=DEFERRED):
        return None
    task_instance = session.get(TaskInstance, found.id, populate_existing=True)
    if task_instance is None:  # pragma: no cover - its row is locked
        return None
    handle_event_submit(TriggerEvent(dict(event)), task_instance=task_instance, session=session)
    return True


def _take(session: Session, found: Found, **values: Any) -> bool:
    """Change a task instance that is still deferred with this trigger, and lock its row: whether it was."""
    ti, trigger = TaskInstance, found.trigger
    is_same = (ti.id == found.id, ti.state == DEFERRED, ti.trigger_id == (trigger and trigger.id))
    changed: Any = session.execute(
        update(ti).where(*is_same).values(**values).execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount == 1)


def _replacement(trigger: Trigger, event: Mapping[str, Any], wake_at: datetime) -> Trigger:
    path, kwargs = RunwayWakeTrigger(event, wake_at.timestamp()).serialize()
    kept = {name: getattr(trigger, name) for name in ("queue", "team_name") if hasattr(trigger, name)}
    return Trigger(path, kwargs, trigger.created_date, **kept)


def _arguments(trigger: Trigger) -> Mapping[str, Any]:
    try:
        arguments: Any = trigger.kwargs
    except Exception:  # noqa: BLE001 - not ours, then
        return {}
    return arguments if isinstance(arguments, dict) else {}


def utc_now() -> datetime:
    """The time by this machine's clock, as triggers are dated."""
    return datetime.now(timezone.utc)
