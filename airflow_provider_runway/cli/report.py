"""``airflow runway report``: what has become of videos, out of Airflow's own database."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.cli.ending import command
from airflow_provider_runway.cli.records import moment
from airflow_provider_runway.cli.showing import show
from airflow_provider_runway.cli.stored_records import database_session
from airflow_provider_runway.report.questions import look
from airflow_provider_runway.report.texts import to_json, to_markdown, to_text
from airflow_provider_runway.results import utc_now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_runway.report.sums import Card

_AT_ONCE = 1000


@command
def report(arguments: Namespace) -> None:
    """Print what has become of the videos of all DAGs, or of some."""
    since, until = moment("--since", arguments.since), utc_now()
    with database_session() as session:
        found = look(_Database(session), since, until, arguments.dag or ())
    if arguments.output == "json":
        show(to_json(found), "json")
    else:
        sys.stdout.write(to_markdown(found) if arguments.output == "markdown" else to_text(found))


class _Database:
    """What the page "Videos" would answer to somebody who may read all DAGs."""

    def __init__(self, session: Session) -> None:
        from airflow.models.dag import DagModel
        from sqlalchemy import select

        self._session = session
        self._dags = set(session.scalars(select(DagModel.dag_id)))

    def __call__(self, **filters: Any) -> Iterator[Card]:
        """The cards that match, page by page."""
        from airflow_provider_runway.plugin.cards import card_of, is_worth_a_card
        from airflow_provider_runway.plugin.listing import Filters, page_of_videos
        from airflow_provider_runway.plugin.seen import Seen

        cursor, now, seen = None, utc_now(), Seen()
        while True:
            found, cursor = page_of_videos(self._session, self._dags, Filters(**filters), cursor, _AT_ONCE)
            yield from (card_of(row, now, lambda *_: None, seen) for row in found if is_worth_a_card(row))
            if cursor is None:
                return
