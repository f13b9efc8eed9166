"""How many videos there are, and what they have cost: by day and DAG, and of what waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select

from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT
from airflow_provider_runway.plugin.airflow_models import text_in, with_xcom
from airflow_provider_runway.plugin.cache import Cache
from airflow_provider_runway.plugin.cards import number
from airflow_provider_runway.plugin.listing import FAILED, WAITING, is_refused, known_operators, only_announced
from airflow_provider_runway.plugin.operator_names import FREE_OPERATORS
from airflow_provider_runway.utils.announcements import FAILURE_KEY, RUNWAY_KEY

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# How far back totals reach if nobody says.
USUAL_RANGE = timedelta(days=30)
_MOST_ROWS = 50_000
_PAID = object()
_kept = Cache(30.0)


def kept_totals(
    session: Session, dags: Collection[str], since: datetime, until: datetime | None, dag_id: str | None
) -> dict[str, Any]:
    """The :func:`totals` of half a minute ago at most, for all who may read the same DAGs; by whole minutes."""
    since = since.replace(second=0, microsecond=0)
    asked = frozenset(dags if dag_id is None else {dag_id} & {*dags})
    found: dict[str, Any] = _kept.get((asked, since, until), lambda: totals(session, asked, since, until))
    return found


def totals(session: Session, dags: Collection[str], since: datetime, until: datetime | None) -> dict[str, Any]:
    """Videos, failures, refused prompts and money by day (in UTC) and DAG; and how much waits.

    ``is_whole`` is false where there was more than is added up: then the oldest is missing.

    :param session: A database session.
    :param dags: The DAGs that the viewer may read.
    :param since: The earliest start of a task.
    :param until: The first start that is too late; ``None`` for now.
    """
    ti, day = TaskInstance, _day(session)
    where = [
        ti.dag_id.in_(dags),
        ti.operator.in_(known_operators(session) - FREE_OPERATORS),
        ti.start_date.is_not(None),
    ]
    over = [*where, ti.start_date >= since, *([] if until is None else [ti.start_date < until])]
    nothing = {"videos": 0, "failed": 0, "refused": 0, "credits": 0.0}
    days: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: {**nothing})
    made = _counted(session, [*over, ti.state == "success"], day, ti.dag_id)
    failed = _counted(session, [*over, ti.state.in_(FAILED)], day, ti.dag_id, _PAID)
    refused = _counted(session, [*over, is_refused(session)], day, ti.dag_id)
    waits = _counted(session, [*where, ti.state.in_(WAITING)])
    for of_day, of_dag, price, count in made:
        sums = days[str(of_day)[:10], of_dag]
        sums["videos"] += count
        sums["credits"] += count * _credits(price)
    for of_day, of_dag, paid, price, count in failed:
        sums = days[str(of_day)[:10], of_dag]
        sums["failed"] += count
        sums["credits"] += count * _credits(price) if str(paid).lower() in {"true", "1"} else 0.0
    for of_day, of_dag, _, count in refused:
        days[str(of_day)[:10], of_dag]["refused"] += count
    waiting = {"videos": 0, "credits": 0.0}
    for *_, price, count in waits:
        waiting["videos"] += count
        waiting["credits"] += count * _credits(price)
    return {
        "is_whole": all(len(counted) < _MOST_ROWS for counted in (made, failed, refused, waits)),
        "days": [
            {"day": of_day, "dag_id": of_dag, **_in_dollars(days[of_day, of_dag])} for of_day, of_dag in sorted(days)
        ],
        "waiting": _in_dollars(waiting),
    }


def _counted(session: Session, where: list[Any], *by: Any) -> list[Any]:
    """Tasks counted by what is named and their price, the greatest first, up to :data:`_MOST_ROWS` such counts.

    :param by: What they are counted by; :data:`_PAID` stands for what their failure says of that.
    """
    query, runway = with_xcom(select(TaskInstance.id).where(*where), TaskInstance, RUNWAY_KEY)
    query = only_announced(session, query)
    if any(each is _PAID for each in by):
        query, failure = with_xcom(query, TaskInstance, FAILURE_KEY)
        by = tuple(text_in(session, failure, "paid") if each is _PAID else each for each in by)
    named = [each.label(f"by_{number}") for number, each in enumerate((*by, text_in(session, runway, "credits")))]
    tasks = query.with_only_columns(*named, maintain_column_froms=True).subquery()
    counts = select(*tasks.c, func.count()).group_by(*tasks.c).order_by(*(each.desc() for each in tasks.c))
    return [*session.execute(counts.limit(_MOST_ROWS))]


def _day(session: Session) -> Any:
    start = TaskInstance.start_date
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return func.date(func.timezone("UTC", start) if is_postgresql else start)


def _credits(text: Any) -> float:
    try:
        return float(number(float(text), 0.0))
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _in_dollars(sums: dict[str, float]) -> dict[str, float]:
    return {**sums, "dollars": round(sums["credits"] * DOLLARS_PER_CREDIT, 6)}
