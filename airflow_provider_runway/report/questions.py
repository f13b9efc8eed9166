"""Which videos a report is about: what is asked of the page "Videos", or of the database behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, Protocol

from airflow_provider_runway.report.sums import Card, Report, expiring_of, is_paid, report_of
from airflow_provider_runway.results import VIDEO_LIFETIME

# How long before KIE deletes a video that is stored nowhere a report says so.
WARNING = timedelta(days=3)
_BEGINNING = datetime(1970, 2, 1, tzinfo=timezone.utc)
# No task begins so long before its video is ready.
_LONGEST_TASK = timedelta(days=1)
# A video that is stored by a task of its own may be among so many that were.
_MOST_STORED = 5000


class Ask(Protocol):
    """Asks for the cards of videos, the newest first."""

    def __call__(self, **filters: Any) -> Iterable[Card]:
        """The cards that match.

        :param filters: What :class:`airflow_provider_runway.plugin.listing.Filters` has.
        """


def look(ask: Ask, since: datetime, until: datetime, dag_ids: Collection[str] = ()) -> Report:
    """A report of what waits, and of what has ended since.

    :param ask: Asks for cards.
    :param since: From when on.
    :param until: The time.
    :param dag_ids: The DAGs that it is about; all, if none is named.
    """
    each = _by_dag(ask, dag_ids)
    since = max(since, _BEGINNING)
    began = min(since, until) - VIDEO_LIFETIME
    cards = list(each(state="waiting", since=began, ended_since=since))
    old = {"since": until - VIDEO_LIFETIME - _LONGEST_TASK, "until": until - VIDEO_LIFETIME + WARNING}
    ending = {
        card["kie_task_id"]: (card, end)
        for state in ("failed", "finished")
        for card in each(state=state, **old)
        if (end := _expires_at(card)) and until < end <= until + WARNING
    }
    stored = _stored(ask, old["since"]) if ending else set()
    expiring = [expiring_of(card, end) for known_as, (card, end) in ending.items() if known_as not in stored]
    expiring.sort(key=lambda found: str(found["expires_at"]))
    return report_of(cards, expiring, stored, since, until)


def _by_dag(ask: Ask, dag_ids: Collection[str]) -> Callable[..., Iterator[Card]]:
    def asking(**filters: Any) -> Iterator[Card]:
        for dag_id in dict.fromkeys(dag_ids) or (None,):
            yield from ask(dag_id=dag_id, **filters)

    return asking


def _stored(ask: Ask, since: datetime) -> set[str]:
    """KIE tasks whose video is stored, by whichever task."""
    return {card["kie_task_id"] for card in islice(ask(state="saved", since=since), _MOST_STORED)}


def _expires_at(card: Card) -> datetime | None:
    """When KIE deletes a video that was paid and is stored nowhere; of one whose task failed, about when."""
    if card["saved_to"] or not card["kie_task_id"]:
        return None
    if card["state"] == "failed":
        ended_at = card["ended_at"] or card["started_at"]
        return datetime.fromisoformat(ended_at) + VIDEO_LIFETIME if ended_at and is_paid(card) else None
    return datetime.fromisoformat(card["expires_at"]) if card["expires_at"] and card["video_url"] else None
