"""What other videos tell of one that waits: how long such take, and which queue before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.plugin.cache import Cache
from airflow_provider_runway.plugin.listing import Filters, Row, page_of_videos, waiting_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# So many of the last videos are looked at, and so few of a sort tell nothing.
_LAST, _FEWEST = 200, 3
_ERA = (1970, 3000)
_cache = Cache()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen.

    :param seconds: How long videos of a sort have taken from their submission on, half of them at most.
    :param places: By the id of a task instance, its place in the queue of its connection; 1 is the first.
    """

    seconds: Mapping[tuple[Any, ...], float] = field(default_factory=dict)
    places: Mapping[Any, int] = field(default_factory=dict)

    def expected_at(self, said: Mapping[str, Any], submitted_at: datetime | None) -> datetime | None:
        """When a video is expected, as far as its like were seen.

        :param said: What its task has announced.
        :param submitted_at: When it was submitted.
        """
        seconds = self.seconds.get(_sort(said))
        return None if seconds is None or submitted_at is None else submitted_at + timedelta(seconds=seconds)


def look(session: Session, dags: Collection[str], rows: Iterable[Row]) -> Seen:
    """What there is to be seen for a page of videos: asked for where it has any that wait.

    :param session: A database session.
    :param dags: The DAGs that the viewer may read.
    :param rows: The page.
    """
    waiting = [row for row in rows if row.ti.state not in {"success", "failed"}]
    if not waiting:
        return Seen()
    seconds = _cache.get(frozenset(dags), lambda: _seconds(page_of_videos(session, dags, _FINISHED, None, _LAST)[0]))
    queues = any("queue" in row.runway for row in waiting)
    return Seen(seconds, _places(waiting_rows(session)) if queues else {})


_FINISHED = Filters(state="finished")


def _sort(said: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(str(said.get(name)) for name in ("model", "duration", "quality"))


def _seconds(rows: Iterable[Row]) -> dict[tuple[Any, ...], float]:
    taken = defaultdict(list)
    for row in rows:
        ends = [moment_of(row.result.get(name)) for name in ("submitted_at", "completed_at")]
        if row.runway and ends[0] is not None and ends[1] is not None and ends[0] < ends[1]:
            taken[_sort(row.runway)].append((ends[1] - ends[0]).total_seconds())
    return {sort: median(each) for sort, each in taken.items() if len(each) >= _FEWEST}


def _places(rows: Iterable[Row]) -> dict[Any, int]:
    queues = defaultdict(list)
    for row in rows:
        queue = row.runway.get("queue")
        if isinstance(queue, Mapping) and not row.runway.get("task_id"):
            queues[str(row.runway.get("conn_id"))].append((str(queue.get("since")), row.ti.start_date, row.ti.id))
    return {key: place for queue in queues.values() for place, (*_, key) in enumerate(sorted(queue, key=str), 1)}


def moment_of(value: Any) -> datetime | None:
    """A moment that a task has told, in UTC; ``None`` where it is none, or none of this era: it is reckoned with."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment if _ERA[0] <= moment.year < _ERA[1] else None
