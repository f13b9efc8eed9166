"""What has become of credits that were set aside, by the records of the submissions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.settling import forbid, look, outcome_of, place_of, settle
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.storage.ledger import Ledger
from airflow_provider_runway.storage.ledger_entries import LedgerEntry, Reserved, Spending
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
INTENT = Submission(stage=Stage.INTENT, fingerprint="f", intended_at="2026-11-26T12:00:00+00:00")
ACCOUNT, DAY = "0123456789abcdef", date(2026, 11, 26)


@pytest.fixture
def folder(tmp_path: Path) -> RecordsFolder:
    return RecordsFolder(str(tmp_path), sleep=lambda _seconds: None)


@pytest.fixture
def ledger(folder: RecordsFolder) -> Ledger:
    return folder.ledger(ACCOUNT, DAY)


def spending(of: Coordinates = FOX, submission: int = 1) -> Spending:
    reserved = Reserved(credits=12, model="aleph", submission=submission)
    return Spending(reservation=LedgerEntry(number=7, of=of, spent=12, reserved=reserved), credits=12, is_open=True)


def record(folder: RecordsFolder, stage: Stage, number: int = 1, credits_: float | None = None) -> None:
    assert folder.create(FOX, number, f"n{number}", INTENT.to_json())
    if stage is not Stage.INTENT:
        task_id = None if stage is Stage.UNSENT else "t"
        said = replace(INTENT, stage=stage, task_id=task_id, credits=credits_)
        folder.add_outcome(FOX, number, f"n{number}", "try 1", said.to_json())


@pytest.mark.parametrize(
    ("stage", "credits_", "counts"),
    [
        (Stage.UNSENT, None, 0.0),
        (Stage.FAILED, None, 0.0),
        (Stage.FINISHED, None, 12.0),
        (Stage.FINISHED, 10.0, 10.0),
        (Stage.GONE, None, 12.0),
        (Stage.INTENT, None, None),
        (Stage.SUBMITTED, None, None),
        (Stage.FORGOTTEN, None, None),
    ],
)
def test_what_ended_without_a_video_comes_back_and_what_is_open_or_in_doubt_stays(
    folder: RecordsFolder, stage: Stage, credits_: float | None, counts: float | None
) -> None:
    outcome = outcome_of(replace(INTENT, stage=stage, credits=credits_), 12.0)
    assert (None if outcome is None else outcome[0]) == counts

    record(folder, stage, credits_=credits_)
    found = look(folder, [spending()])
    assert [(each.entry, each.credits) for each in found.settled] == ([] if counts is None else [(7, counts)])
    assert found.unsent == ()
    assert len(found.doubtful) == (stage is Stage.INTENT)


def test_what_has_no_record_yet_may_be_sent_any_moment_until_that_is_forbidden(folder: RecordsFolder) -> None:
    assert look(folder, [spending()]).unsent == (spending(),)
    settled = forbid(folder, spending())
    assert settled is not None
    assert (settled.entry, settled.credits) == (7, 0.0)
    assert not folder.create(FOX, 1, "its own", INTENT.to_json())
    [entry] = folder.entries(FOX)
    assert read_entry(entry).stage is Stage.UNSENT
    assert look(folder, [spending()]).settled != ()


def test_what_is_being_sent_this_moment_cannot_be_forbidden(folder: RecordsFolder) -> None:
    record(folder, Stage.INTENT)
    assert forbid(folder, spending()) is None


def test_a_record_that_is_missing_between_others_proves_nothing(folder: RecordsFolder) -> None:
    record(folder, Stage.INTENT, number=2)
    found = look(folder, [spending()])
    assert (found.settled, found.unsent, found.doubtful) == ((), (), (spending(),))


def test_a_record_that_cannot_be_read_leaves_a_doubt(folder: RecordsFolder, tmp_path: Path) -> None:
    record(folder, Stage.FAILED)
    (tmp_path / FOX.key / "1.json").write_text("{}")
    assert look(folder, [spending()]).doubtful == (spending(),)


def test_what_was_submitted_by_hand_has_no_record_and_stays(folder: RecordsFolder) -> None:
    by_hand = spending(replace(FOX, name="by-hand"))
    assert look(folder, [by_hand]).doubtful == (by_hand,)


def test_an_end_is_written_once_and_only_where_it_changes_the_sum(folder: RecordsFolder, ledger: Ledger) -> None:
    for number in (1, 2):
        reserved = Reserved(credits=12, model="aleph", submission=number)
        assert ledger.add(LedgerEntry(number=number, of=FOX, spent=12.0 * number, reserved=reserved))
    place = place_of(ACCOUNT, DAY, 1)
    submitted = replace(INTENT, stage=Stage.SUBMITTED, task_id="t")

    for stage in (Stage.SUBMITTED, Stage.FINISHED, Stage.GONE):
        settle(folder, place, FOX, replace(submitted, stage=stage))
    assert ledger.books().last == 2
    settle(folder, place, FOX, replace(submitted, stage=Stage.FINISHED, credits=12.0))
    assert ledger.books().last == 2

    settle(folder, place, FOX, replace(submitted, stage=Stage.FAILED))
    settle(folder, place, FOX, replace(submitted, stage=Stage.FINISHED, credits=30.0))
    assert (ledger.books().last, ledger.books().spent) == (3, 12)

    settle(folder, place_of(ACCOUNT, DAY, 2), FOX, replace(submitted, stage=Stage.FINISHED, credits=30.0))
    assert ledger.books().spent == 30
    settle(folder, place_of(ACCOUNT, DAY, 99), FOX, replace(submitted, stage=Stage.FAILED))
    assert ledger.books().spent == 30


@pytest.mark.parametrize("place", ["", "a/b", "x/2026-11-26/1", "0123456789abcdef/2026-13-45/1", 7, {"entry": 1}])
def test_a_place_that_somebody_else_has_written_is_none(folder: RecordsFolder, ledger: Ledger, place: Any) -> None:
    settle(folder, place, FOX, replace(INTENT, stage=Stage.FAILED, task_id="t"))
    assert ledger.books().entries == ()
