"""``airflow runway spent``: what submissions have cost, by the ledgers of the days."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from airflow_provider_runway.cli.ending import ExitCode, command, end, say
from airflow_provider_runway.cli.records import moment
from airflow_provider_runway.cli.showing import show_rows, whole
from airflow_provider_runway.hooks.budget import account_of, daily_credit_limit
from airflow_provider_runway.hooks.connections import get_settings
from airflow_provider_runway.hooks.records import records_folder
from airflow_provider_runway.kie.clock import CLOCK
from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.operators.budget import today
from airflow_provider_runway.storage.ledger_entries import Spending, reckoned

# Days that are looked up at most: each is asked for by itself.
_MOST_DAYS = 366


@command
def spent(arguments: Namespace) -> None:
    """Print what was spent, by DAG, day or model."""
    settings = get_settings(arguments.conn_id)
    folder, limit = records_folder(settings), daily_credit_limit(settings)
    if folder is None:
        end(
            ExitCode.REFUSED,
            f"There is no records folder: neither connection {arguments.conn_id!r} nor [runway] records names one. "
            f"Without it nothing is written of what is spent: see {page('budget.md')}.",
        )
    last = today(CLOCK)
    first = max(moment("--since", arguments.since).date(), last - timedelta(days=_MOST_DAYS - 1))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    books = {day: folder.ledger(account_of(settings), day).books() for day in days}
    rows = _rows(((day, each) for day in days for each in books[day].spendings()), arguments.by)
    show_rows(rows, arguments.output)
    so_far = books[last].spent if last in books else 0.0
    allowed = f" of {limit:g}" if limit is not None else ""
    hint = (
        "" if limit is not None else f" No daily_credit_limit is set, so nothing is counted: see {page('budget.md')}."
    )
    say(f"Today, {last} in UTC, {so_far:g}{allowed} credits are spent or set aside.{hint}")


def _rows(spendings: Iterator[tuple[date, Spending]], by: str) -> list[Mapping[str, Any]]:
    """The sums: submissions that count, their credits and dollars, and the credits that came back."""
    sums = defaultdict[str, dict[str, float]](lambda: {"submissions": 0, "credits": 0.0, "came_back": 0.0})
    for day, spending in spendings:
        row = sums[{"dag": spending.reservation.of.dag_id, "day": str(day), "model": spending.reserved.model}[by]]
        row["submissions"] += spending.credits > 0
        row["credits"] += spending.credits
        row["came_back"] += max(spending.reserved.credits - spending.credits, 0.0)
    return [
        {
            by: name,
            "submissions": int(row["submissions"]),
            "credits": whole(reckoned(row["credits"])),
            "dollars": round(row["credits"] * DOLLARS_PER_CREDIT, 2),
            "came_back": whole(reckoned(row["came_back"])),
        }
        for name, row in sorted(sums.items())
    ]
