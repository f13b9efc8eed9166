"""What the entries of a ledger say and come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_runway.storage.ledger_entries import Books, LedgerEntry, Reserved, Settled, after, reckoned
from airflow_provider_runway.storage.record_entries import Coordinates

FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
HARE = Coordinates(dag_id="hares", run_id="manual__1", task_id="make")


def reserves(number: int, credits_: float, spent: float, of: Coordinates = FOX, submission: int = 1) -> LedgerEntry:
    reserved = Reserved(credits=credits_, model="aleph", submission=submission)
    return LedgerEntry(number=number, of=of, spent=spent, reserved=reserved)


def settles(number: int, spent: float, *settled: tuple[int, float]) -> LedgerEntry:
    each = tuple(Settled(entry=entry, credits=credits_, why="failed") for entry, credits_ in settled)
    return LedgerEntry(number=number, of=FOX, spent=spent, settled=each)


def test_an_entry_is_read_as_it_was_written() -> None:
    entry = LedgerEntry(
        number=3,
        of=FOX,
        spent=24.4,
        reserved=Reserved(credits=0.4, model="lyrics", submission=2),
        settled=(Settled(entry=1, credits=0.0, why="failed"),),
        at="2026-11-26T12:00:00+00:00",
    )
    value = json.loads(json.dumps(entry.to_value()))
    assert LedgerEntry.from_value(3, entry.at, FOX, value) == entry


GOOD: dict[str, Any] = {"spent": 12, "reserved": {"credits": 12, "model": "x", "submission": 1}, "settled": []}


@pytest.mark.parametrize(
    "change",
    [
        {"spent": -1},
        {"spent": "12"},
        {"spent": True},
        {"spent": float("nan")},
        {"spent": float("inf")},
        {"spent": None},
        {"reserved": 12},
        {"reserved": {"credits": 12}},
        {"reserved": {"credits": -12, "model": "x", "submission": 1}},
        {"reserved": {"credits": 12, "model": "x", "submission": "1"}},
        {"reserved": {"credits": 12, "model": "x", "submission": 1, "more": 1}},
        {"settled": None},
        {"settled": {"entry": 1}},
        {"settled": [1]},
        {"settled": [{"entry": 1.5, "credits": 0, "why": "x"}]},
        {"settled": [{"entry": 1, "credits": float("nan"), "why": "x"}]},
    ],
)
def test_what_is_no_entry_is_not_taken_for_one(change: dict[str, Any]) -> None:
    LedgerEntry.from_value(1, "", FOX, GOOD)
    with pytest.raises(ValueError, match="no entry"):
        LedgerEntry.from_value(1, "", FOX, {**GOOD, **change})
    with pytest.raises(ValueError, match="no entry"):
        LedgerEntry.from_value(1, "", FOX, {name: value for name, value in GOOD.items() if name != next(iter(change))})


def test_each_submission_counts_with_what_was_set_aside_until_it_is_settled_and_as_it_was_settled_first() -> None:
    books = Books((reserves(1, 12, 12), reserves(2, 30, 42, HARE), settles(3, 30, (1, 0.0)), settles(4, 30, (1, 12.0))))
    assert (books.spent, books.last) == (30, 4)
    assert [(each.credits, each.is_open) for each in books.spendings()] == [(0.0, False), (30, True)]
    assert [each.reservation.number for each in books.open()] == [2]
    assert Books(()).spent == Books(()).last == 0


def test_what_is_settled_is_taken_off_the_sum() -> None:
    books = Books((reserves(1, 12, 12), reserves(2, 0.4, 12.4, HARE)))
    settled = [Settled(entry=1, credits=0.0, why="failed"), Settled(entry=2, credits=0.1, why="made")]
    assert after(books.spent, books, settled) == 0.1
    assert reckoned(0.1 + 0.2) == 0.3
    assert reckoned(-1e-9) == 0.0


def test_a_reservation_is_found_by_its_submission_while_it_is_open() -> None:
    books = Books((reserves(1, 12, 12), reserves(2, 12, 24, submission=2), settles(3, 12, (2, 0.0))))
    found = books.of(FOX, 1)
    assert found is not None
    assert found.reservation.number == 1
    assert books.of(FOX, 2) is None
    assert books.of(HARE, 1) is None


def test_what_is_reserved_twice_for_one_submission_counts_once() -> None:
    books = Books((reserves(1, 12, 12), reserves(2, 12, 24, HARE), reserves(3, 12, 36), reserves(4, 12, 48)))
    assert [(each.entry, each.credits) for each in books.doubled()] == [(3, 0.0), (4, 0.0)]
