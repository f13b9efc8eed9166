"""Whether a submission has room, as the ledger and the records stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.spending_errors import DailyCreditLimitError
from airflow_provider_runway.operators.room import Claim, Room, find_room
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.storage.ledger import Ledger
from airflow_provider_runway.storage.ledger_entries import LedgerEntry, Reserved
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
HARE = replace(FOX, dag_id="hares")
INTENT = Submission(stage=Stage.INTENT, fingerprint="f", intended_at="2026-11-26T12:00:00+00:00")
DAY = date(2026, 11, 26)


@dataclass
class Pauses:
    """A clock that begins now, and that passes when somebody pauses."""

    passed: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    @property
    def clock(self) -> Clock:
        began = datetime.now(timezone.utc).timestamp()
        return Clock(sleep=self._sleep, time=lambda: began + sum(self.passed))

    def _sleep(self, seconds: float) -> None:
        self.passed.append(seconds)
        self.meanwhile()


@pytest.fixture
def folder(tmp_path: Path) -> RecordsFolder:
    return RecordsFolder(str(tmp_path), sleep=lambda _seconds: None)


@pytest.fixture
def ledger(folder: RecordsFolder) -> Ledger:
    return folder.ledger("0123456789abcdef", DAY)


def claim(of: Coordinates = FOX, credits_: float = 12.0, limit: float = 24.0, *, again: bool = False) -> Claim:
    return Claim(of=of, submission=1, credits=credits_, limit=limit, may_be_there=again)


def reserve(ledger: Ledger, number: int, of: Coordinates = HARE, credits_: float = 12.0, submission: int = 1) -> None:
    last = ledger.last()
    spent = credits_ + (0.0 if last is None else last.spent)
    reserved = Reserved(credits=credits_, model="aleph", submission=submission)
    assert ledger.add(LedgerEntry(number=number, of=of, spent=spent, reserved=reserved))


def test_where_there_is_room_only_the_last_entry_is_read(
    ledger: Ledger, folder: RecordsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_room(ledger, folder, claim(), Pauses().clock) == Room(spent=0.0, last=0)
    reserve(ledger, 1)
    monkeypatch.setattr(Ledger, "books", None)
    assert find_room(ledger, folder, claim(), Pauses().clock) == Room(spent=12.0, last=1)
    assert find_room(ledger, folder, claim(credits_=12.0, limit=24.0), Pauses().clock).spent == 12


def test_what_has_failed_meanwhile_makes_room(ledger: Ledger, folder: RecordsFolder) -> None:
    reserve(ledger, 1)
    reserve(ledger, 2, submission=2)
    for number in (1, 2):
        folder.create(HARE, number, f"n{number}", INTENT.to_json())
    folder.add_outcome(HARE, 1, "n1", "try 1", replace(INTENT, stage=Stage.FAILED, task_id="t").to_json())
    room = find_room(ledger, folder, claim(), Pauses().clock)
    assert (room.spent, room.last, [each.entry for each in room.settled]) == (12.0, 2, [1])


def test_a_retry_finds_what_it_has_and_what_it_has_for_another_price_is_taken_back(
    ledger: Ledger, folder: RecordsFolder
) -> None:
    reserve(ledger, 1, FOX)
    reserve(ledger, 2)
    assert find_room(ledger, folder, claim(again=True), Pauses().clock).own == 1
    room = find_room(ledger, folder, claim(credits_=10.0, again=True), Pauses().clock)
    assert (room.own, room.spent, [each.entry for each in room.settled]) == (None, 12.0, [1])


def test_what_was_set_aside_twice_for_one_submission_makes_room(ledger: Ledger, folder: RecordsFolder) -> None:
    reserve(ledger, 1)
    reserve(ledger, 2)
    folder.create(HARE, 1, "n1", INTENT.to_json())
    room = find_room(ledger, folder, claim(), Pauses().clock)
    assert (room.spent, [each.entry for each in room.settled]) == (12.0, [2])


def test_one_that_may_be_about_to_send_is_given_a_moment_and_is_not_stopped_if_it_does(
    ledger: Ledger, folder: RecordsFolder
) -> None:
    reserve(ledger, 1, credits_=24.0)
    pauses = Pauses()
    pauses.meanwhile = lambda: None if len(pauses.passed) != 2 else _created(folder)
    with pytest.raises(DailyCreditLimitError) as caught:
        find_room(ledger, folder, claim(), pauses.clock)
    assert len(pauses.passed) == 2
    assert (caught.value.spent, caught.value.in_doubt, caught.value.by_dag) == (24, 24, {"hares": 24})
    assert caught.value.until == "2026-11-27T00:00:00+00:00"


def _created(folder: RecordsFolder) -> None:
    assert folder.create(HARE, 1, "n1", INTENT.to_json())


def test_one_that_has_not_recorded_anything_after_that_is_dead_and_can_send_nothing_any_more(
    ledger: Ledger, folder: RecordsFolder
) -> None:
    reserve(ledger, 1, credits_=24.0)
    pauses = Pauses()
    room = find_room(ledger, folder, claim(), pauses.clock)
    assert (room.spent, [each.why for each in room.settled]) == (0.0, ["not sent"])
    assert 0 < sum(pauses.passed) <= 40
    assert not folder.create(HARE, 1, "n1", INTENT.to_json())


def test_nobody_waits_for_what_would_make_no_room(ledger: Ledger, folder: RecordsFolder) -> None:
    reserve(ledger, 1)
    pauses = Pauses()
    with pytest.raises(DailyCreditLimitError):
        find_room(ledger, folder, claim(credits_=30.0), pauses.clock)
    assert pauses.passed == []


def test_what_is_settled_in_vain_is_written_so_that_the_next_need_not_look_again(
    ledger: Ledger, folder: RecordsFolder
) -> None:
    reserve(ledger, 1)
    reserve(ledger, 2, submission=2)
    for number, stage in ((1, Stage.FINISHED), (2, Stage.FAILED)):
        folder.create(HARE, number, f"n{number}", INTENT.to_json())
        folder.add_outcome(HARE, number, f"n{number}", "try 1", replace(INTENT, stage=stage, task_id="t").to_json())
    with pytest.raises(DailyCreditLimitError) as caught:
        find_room(ledger, folder, claim(credits_=24.0), Pauses().clock)
    assert (caught.value.spent, ledger.books().spent, ledger.books().last) == (12, 12, 3)
    assert ledger.books().open() == []


def test_fractions_leave_no_dust_at_the_limit(ledger: Ledger, folder: RecordsFolder) -> None:
    for number in range(1, 10):
        reserve(ledger, number, credits_=0.1, submission=number)
    assert find_room(ledger, folder, claim(credits_=0.1, limit=1.0), Pauses().clock).last == 9
