"""One page of videos, the newest first: one query, whose inner part finds the task instances by keyset.

One that finds too few of a week looks further back.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

from airflow.models.taskinstance import TaskInstance
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from airflow_provider_runway.plugin.airflow_models import COLUMNS, as_id, as_read, text_in, with_xcom
from airflow_provider_runway.plugin.cache import Cache
from airflow_provider_runway.plugin.operator_names import OPERATORS
from airflow_provider_runway.utils.announcements import FAILURE_KEY, RUNWAY_KEY

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

State = Literal["waiting", "finished", "failed", "saved"]
RESULT_KEY = "return_value"
# A search of prompts reads each video's, so it has a beginning.
SEARCH_RANGE = timedelta(days=30)
WAITING = ("running", "deferred", "scheduled", "queued", "up_for_reschedule", "restarting")
_RANGES = (timedelta(days=7), timedelta(days=100))
_BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)
FAILED = ("failed", "up_for_retry")
# Of a task that has skipped itself, as moderation refused its prompt.
REFUSED = "skipped"
_STATES: Mapping[str, Sequence[str]] = {
    "waiting": WAITING,
    "finished": ("success",),
    "saved": ("success",),
    "failed": FAILED,
}
_MOST_WAITING = 5000
_ALL = (*WAITING, "success", *FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked for; ``None`` leaves a part of it open.

    :param since: The earliest start of a task.
    :param until: The first start that is too late.
    :param q: A part of the prompt, in whatever case.
    :param ended_since: Besides what ``state`` asks for, all that has ended from then on: a page that shows what waits
        sees by the same answer what has become of it.
    """

    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    state: State | None = None
    model: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None
    ended_since: datetime | None = None

    @property
    def earliest(self) -> datetime | None:
        """The earliest start; of a search within prompts there always is one."""
        if self.since is not None or not self.q:
            return self.since
        return (self.until or datetime.now(timezone.utc)) - SEARCH_RANGE


@dataclass(frozen=True, slots=True)
class Cursor:
    """Behind which task instance the next page begins."""

    start: datetime
    id: str

    def encode(self) -> str:
        """As a text for an address."""
        return base64.urlsafe_b64encode(json.dumps([self.start.isoformat(), self.id]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Read what :meth:`encode` has made.

        :raises ValueError: If it is something else.
        """
        try:
            start, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            as_id(key)
            moment = datetime.fromisoformat(start).astimezone(timezone.utc)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, binascii.Error) as error:
            raise ValueError("the cursor is none") from error
        return cls(moment, key)


@dataclass(frozen=True, slots=True)
class Row:
    """A task instance, and what it has pushed; ``{}`` where it has not, or something that is no object."""

    ti: Any
    runway: Mapping[str, Any]
    result: Mapping[str, Any]
    failure: Mapping[str, Any]


def page_of_videos(
    session: Session, dags: Collection[str], filters: Filters, cursor: Cursor | None, limit: int
) -> tuple[list[Row], Cursor | None]:
    """A page of videos, the newest first, and where the next one begins.

    :param session: A database session.
    :param dags: The DAGs that the viewer may read.
    :param filters: What is asked for.
    :param cursor: Where this page begins; ``None`` for the first.
    :param limit: How many videos a page has.
    """
    if not dags:
        return [], None
    rows: list[Row] = []
    for earliest in _looking_back(filters, cursor):
        rows = _newest(session, dags, filters, cursor, earliest=earliest, count=limit + 1)
        if len(rows) > limit:
            break
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1].ti
    return rows[:limit], Cursor(last.start_date, str(last.id))


def _looking_back(filters: Filters, cursor: Cursor | None) -> list[datetime | None]:
    """How far back to look, and then further: no index of Airflow's has starts, but most need not be sorted then."""
    narrow = (filters.run_id, filters.task_id, filters.map_index, filters.model, filters.q)
    if filters.state in {"waiting", "saved"} or any(each is not None for each in narrow):
        return [None]
    ahead = cursor.start if cursor else filters.until or datetime.now(timezone.utc)
    return [*(ahead - range_ for range_ in _RANGES if ahead - _BEGINNING > range_), None]


def _newest(
    session: Session,
    dags: Collection[str],
    filters: Filters,
    cursor: Cursor | None,
    *,
    earliest: datetime | None,
    count: int,
) -> list[Row]:
    found = _task_instances(session, dags, filters)
    if cursor is not None:
        key = as_id(cursor.id)
        start = TaskInstance.start_date
        found = found.where(or_(start < cursor.start, and_(start == cursor.start, TaskInstance.id < key)))
    if earliest is not None:
        found = found.where(TaskInstance.start_date >= earliest)
    newest = found.order_by(TaskInstance.start_date.desc(), TaskInstance.id.desc()).limit(count).subquery()
    query: Select[Any] = select(newest)
    for key in (RUNWAY_KEY, RESULT_KEY, FAILURE_KEY):
        query, value = with_xcom(query, newest.c, key)
        query = query.add_columns(as_read(value).label(f"xcom_{key}"))
    query = query.order_by(newest.c.start_date.desc(), newest.c.id.desc())
    return [_row(each) for each in session.execute(query)]


def waiting_rows(session: Session) -> list[Row]:
    """The task instances that wait in the triggerer, of all DAGs: who queues before whom is the same for everyone."""
    ti = TaskInstance
    waiting = select(*COLUMNS).where(ti.state == "deferred", ti.operator.in_(known_operators(session)))
    found = waiting.limit(_MOST_WAITING).subquery()
    query, runway = with_xcom(select(found), found.c, RUNWAY_KEY)
    rows = session.execute(query.add_columns(as_read(runway).label("said")))
    return [Row(each, as_object(each.said), {}, {}) for each in rows]


def _task_instances(session: Session, dags: Collection[str], filters: Filters) -> Select[Any]:
    ti = TaskInstance
    found: Select[Any] = select(*COLUMNS).where(
        ti.dag_id.in_(dags),
        ti.operator.in_(known_operators(session)),
        _in_wanted_state(session, filters),
        ti.start_date.is_not(None),
    )
    for name in ("dag_id", "run_id", "task_id", "map_index"):
        if (wanted := getattr(filters, name)) is not None:
            found = found.where(getattr(ti, name) == wanted)
    if filters.earliest is not None:
        found = found.where(ti.start_date >= filters.earliest)
    if filters.until is not None:
        found = found.where(ti.start_date < filters.until)
    found = only_announced(session, found)
    if filters.model or filters.q:
        found, runway = with_xcom(found, ti, RUNWAY_KEY)
        if filters.model:
            found = found.where(text_in(session, runway, "model") == filters.model)
        if filters.q:
            found = found.where(
                func.lower(text_in(session, runway, "prompt")).contains(filters.q.lower(), autoescape=True)
            )
    if filters.state == "saved":
        found, result = with_xcom(found, ti, RESULT_KEY)
        # A film says it by another name.
        found = found.where(or_(*(text_in(session, result, name).is_not(None) for name in ("saved_to", "path"))))
    return found


def _in_wanted_state(session: Session, filters: Filters) -> ColumnElement[bool]:
    state, refused = TaskInstance.state, is_refused(session)
    of_any = or_(state.in_(_ALL), refused)
    wanted = of_any if filters.state is None else state.in_(_STATES[filters.state])
    if filters.state == "failed":
        wanted = or_(wanted, refused)
    if filters.ended_since is None:
        return wanted
    return or_(wanted, and_(of_any, TaskInstance.end_date >= filters.ended_since))


def is_refused(session: Session) -> ColumnElement[bool]:
    """Whether a task has skipped itself as moderation refused its prompt, and not by a rule of the DAG."""
    skipped = aliased(TaskInstance)
    of_ours = and_(skipped.state == REFUSED, skipped.operator.in_(known_operators(session)))
    query, failure = with_xcom(select(skipped.id).where(of_ours), skipped, FAILURE_KEY)
    said = query.where(text_in(session, failure, "reason").is_not(None))
    return and_(TaskInstance.state == REFUSED, TaskInstance.id.in_(said))


def _row(found: Any) -> Row:
    return Row(found, *(as_object(getattr(found, f"xcom_{key}")) for key in (RUNWAY_KEY, RESULT_KEY, FAILURE_KEY)))


def as_object(text: str | None) -> Mapping[str, Any]:
    """What the JSON of an XCom says, if it is an object; an empty one otherwise."""
    value: Any = text
    for _ in range(2):  # the API server itself stores JSON within JSON
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return {}
    return value if isinstance(value, dict) else {}


_OURS = frozenset(OPERATORS)
_operators = Cache(300.0)


def known_operators(session: Session) -> frozenset[str]:
    """The names of our operators, and of those that users derive from them: whatever has announced a video."""
    found: frozenset[str] = _operators.get("known", lambda: _OURS | _announcing(session))
    return found


def _announcing(session: Session) -> frozenset[str]:
    found, runway = with_xcom(select(TaskInstance.operator).distinct(), TaskInstance, RUNWAY_KEY)
    names = session.scalars(found.where(runway.is_not(None), TaskInstance.operator.not_in(OPERATORS)))
    return frozenset(filter(None, names))


def only_announced(session: Session, select: Select[Any]) -> Select[Any]:
    """Of tasks of operators that are not ours, only those that have told of a video themselves.

    Any task may push an XCom of that name, and makes all tasks of its operator known by it.
    """
    if known_operators(session) == _OURS:
        return select
    select, runway = with_xcom(select, TaskInstance, RUNWAY_KEY)
    select, failure = with_xcom(select, TaskInstance, FAILURE_KEY)
    told = or_(runway.is_not(None), text_in(session, failure, "reason").is_not(None))
    return select.where(or_(TaskInstance.operator.in_(OPERATORS), told))
