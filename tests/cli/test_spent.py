"""``airflow runway spent``, and what the command line itself spends."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from airflow_provider_runway.cli.budget import BY_HAND
from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.hooks.budget import account_of
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.clock import CLOCK
from airflow_provider_runway.operators.budget import today
from airflow_provider_runway.sandbox import CutAfter, Refuse, Sandbox
from airflow_provider_runway.storage.ledger import Ledger
from airflow_provider_runway.storage.ledger_entries import LedgerEntry, Reserved, Settled
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

from .support import Call, types

LIMIT = "AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT"


@pytest.fixture(autouse=True)
def _context(server_context: None) -> None:
    """As Airflow's own commands."""


def ledger(folder: RecordsFolder, days_ago: int = 0) -> Ledger:
    return folder.ledger(account_of(RunwayHook().settings), today(CLOCK) - timedelta(days=days_ago))


def fill(book: Ledger, *spent: tuple[str, str, float], failed: int | None = None) -> None:
    total = 0.0
    for number, (dag_id, model, credits_) in enumerate(spent, start=1):
        total += credits_
        of = Coordinates(dag_id=dag_id, run_id="manual__1", task_id="make", map_index=number)
        reserved = Reserved(credits=credits_, model=model, submission=1)
        assert book.add(LedgerEntry(number=number, of=of, spent=total, reserved=reserved))
    if failed is not None:
        settled = (Settled(entry=failed, credits=0.0, why="failed"),)
        last = len(spent) + 1
        assert book.add(LedgerEntry(number=last, of=of, spent=total - spent[failed - 1][2], settled=settled))


@pytest.fixture
def spending(folder: RecordsFolder, monkeypatch: pytest.MonkeyPatch) -> RecordsFolder:
    monkeypatch.setenv(LIMIT, "240")
    fill(ledger(folder), ("clips", "aleph", 110), ("clips", "generate-5s-720p", 12), ("films", "aleph", 110), failed=3)
    fill(ledger(folder, 1), ("clips", "generate-5s-720p", 12))
    fill(ledger(folder, 30), ("old", "generate-5s-720p", 12))
    return folder


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("dag", [("clips", 3, 134, 0.67, 0), ("films", 0, 0, 0.0, 110)]),
        ("model", [("aleph", 1, 110, 0.55, 110), ("generate-5s-720p", 2, 24, 0.12, 0)]),
    ],
)
def test_it_sums_up_the_ledgers_of_a_week(
    call: Call, spending: RecordsFolder, by: str, rows: list[tuple[str, int, float, float, float]]
) -> None:
    done = call("spent", "--by", by, "-o", "json")
    names = (by, "submissions", "credits", "dollars", "came_back")
    assert json.loads(done.out) == [dict(zip(names, row, strict=True)) for row in rows]
    assert done.code == 0
    assert "122 of 240 credits are spent or set aside." in done.err


def test_it_shows_the_days_from_a_date_on(call: Call, spending: RecordsFolder) -> None:
    since = today(CLOCK) - timedelta(days=30)
    done = call("spent", "--by", "day", "--since", str(since), "-o", "json")
    days = [str(today(CLOCK) - timedelta(days=ago)) for ago in (30, 1, 0)]
    assert [(row["day"], row["credits"]) for row in json.loads(done.out)] == [*zip(days, (12, 12, 122), strict=True)]
    assert call("spent", "--by", "day").out.splitlines()[0].split() == [
        *("day", "submissions", "credits", "dollars", "came_back"),
    ]


def test_a_date_of_the_future_or_of_long_ago_does_no_harm(call: Call, spending: RecordsFolder) -> None:
    assert call("spent", "--since", "2999-01-01").code == 0
    assert json.loads(call("spent", "--since", "0001-01-01", "-o", "json").out)
    assert call("spent", "--since", "yesterday").code == ExitCode.WRONG


def test_without_a_folder_it_is_refused_with_a_sentence(call: Call, kie: Sandbox) -> None:
    done = call("spent")
    assert done.code == ExitCode.REFUSED
    assert "There is no records folder" in done.err


def test_without_a_limit_it_says_that_nothing_is_counted(call: Call, folder: RecordsFolder) -> None:
    done = call("spent")
    assert (done.code, done.out) == (0, "")
    assert "No daily_credit_limit is set, so nothing is counted" in done.err


def test_old_ledgers_are_pruned_with_old_records(call: Call, spending: RecordsFolder) -> None:
    done = call("records", "prune", "--older-than", "20d", "--dry-run")
    assert "1 ledgers of what was spent in a day." in done.err
    assert call("records", "prune", "--older-than", "20d", "--yes").code == 0
    assert ledger(spending, 30).last() is None
    assert ledger(spending, 1).last() is not None


def test_what_is_made_by_hand_counts(
    call: Call, folder: RecordsFolder, kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT, "20")
    assert call("generate", "A fox", "--yes", "--no-wait").code == 0
    [spending] = ledger(folder).books().spendings()
    assert (spending.reservation.of.dag_id, spending.credits, spending.is_open) == (BY_HAND, 12, True)

    done = call("generate", "A hare", "--yes", "--no-wait")
    assert done.code == ExitCode.REFUSED
    assert "DailyCreditLimitError: Of the daily_credit_limit of 20 credits 12 are spent today" in done.err
    assert len(kie.ledger.submissions) == 1
    assert json.loads(call("spent", "-o", "json").out)[0]["dag"] == BY_HAND


def test_what_kie_does_not_take_comes_back_and_what_is_in_doubt_does_not(
    call: Call, folder: RecordsFolder, kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT, "20")
    kie.fault(Refuse(422), on="submit", times=1)
    assert call("generate", "A fox", "--yes", "--no-wait").code == ExitCode.REFUSED
    assert ledger(folder).books().spent == 0

    kie.fault(CutAfter(), on="submit", times=1)
    assert call("generate", "A fox", "--yes", "--no-wait").code == ExitCode.UNKNOWN
    assert ledger(folder).books().spent == 12


def test_a_limit_without_a_folder_is_refused_by_hand_too(
    call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT, "20")
    done = call("generate", "A fox", "--yes")
    assert done.code == ExitCode.REFUSED
    assert "a daily_credit_limit needs a records folder" in done.err
    assert kie.ledger.submissions == ()


def test_a_person_who_declines_has_set_nothing_aside(
    call: Call, folder: RecordsFolder, kie: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(LIMIT, "20")
    types(monkeypatch, "n\n")
    assert call("generate", "A fox").code == ExitCode.REFUSED
    assert ledger(folder).last() is None
    assert kie.ledger.submissions == ()
