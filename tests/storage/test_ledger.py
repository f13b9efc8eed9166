"""The ledger of a day in a folder."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from airflow_provider_runway.kie.errors import RecordsFolderError
from airflow_provider_runway.storage.ledger import Ledger
from airflow_provider_runway.storage.ledger_entries import LedgerEntry, Reserved
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

from .stand_ins import ObjectStore

FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
TODAY = date(2026, 11, 26)
ACCOUNT = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> RecordsFolder:
    return RecordsFolder(str(tmp_path), sleep=lambda _seconds: None)


@pytest.fixture
def ledger(folder: RecordsFolder) -> Ledger:
    return folder.ledger(ACCOUNT, TODAY)


def entry(number: int, spent: float) -> LedgerEntry:
    reserved = Reserved(credits=12, model="generate-5s-720p", submission=1)
    return LedgerEntry(number=number, of=FOX, spent=spent, reserved=reserved)


def test_entries_are_read_back_and_the_last_one_by_itself(ledger: Ledger, folder: RecordsFolder) -> None:
    assert ledger.last() is None
    assert ledger.books().entries == ()
    for number in range(1, 12):
        assert ledger.add(entry(number, 12.0 * number))
    last = ledger.last()
    assert last is not None
    assert (last.number, last.spent, last.of) == (11, 132, FOX)
    assert last.at
    books = ledger.books()
    assert [each.number for each in books.entries] == [*range(1, 12)]
    assert ledger.add(entry(12, 144))
    assert ledger.books(books).last == 12
    third = ledger.entry(3)
    assert third is not None
    assert third.spent == 36
    assert ledger.entry(99) is None
    assert folder.ledger(ACCOUNT, date(2026, 11, 27)).last() is None
    assert folder.ledger("f" * 16, TODAY).last() is None


def test_of_all_that_write_the_same_number_one_succeeds(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as threads:
        written = list(threads.map(lambda spent: ledger.add(entry(1, spent)), range(8)))
    assert written.count(True) == 1
    last = ledger.last()
    assert last is not None
    assert last.spent == written.index(True)


def test_a_ledger_is_no_record_of_a_task(ledger: Ledger, folder: RecordsFolder) -> None:
    ledger.add(entry(1, 12))
    assert list(folder.survey()) == []


def test_files_of_another_hand_and_drafts_are_no_entries(ledger: Ledger, tmp_path: Path) -> None:
    ledger.add(entry(1, 12))
    for name in ("Thumbs.db", ".2.json.0123abcd.part", "02.json", "2.json.bak", "two.json"):
        (tmp_path / ledger.name / name).write_text("{}")
    last = ledger.last()
    assert last is not None
    assert last.number == ledger.books().last == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'"x"', b"\xff", b"[" * 100_000, b'{"version": 1, "kind": "outcome"}', b'{"version": 2}'],
)
def test_an_entry_that_cannot_be_read_is_named_and_is_not_taken_for_none(
    ledger: Ledger, tmp_path: Path, content: bytes
) -> None:
    ledger.add(entry(1, 12))
    file = tmp_path / ledger.name / "2.json"
    file.write_bytes(content)
    for read in (ledger.last, ledger.books, lambda: ledger.entry(2)):
        with pytest.raises(
            RecordsFolderError, match=r"What was spent on 2026-11-26 cannot be told: .*2\.json"
        ) as caught:
            read()
        assert caught.value.retryable is False


def test_one_of_a_sum_that_is_none_is_named_too(ledger: Ledger, tmp_path: Path) -> None:
    ledger.add(entry(1, 12))
    file = tmp_path / ledger.name / "1.json"
    value = json.loads(file.read_text())
    file.write_text(json.dumps({**value, "value": {**value["value"], "spent": "a lot"}}))
    with pytest.raises(RecordsFolderError, match=r"no entry of what was spent .*1\.json"):
        ledger.last()


def test_the_ledgers_of_earlier_days_are_found_and_removed(folder: RecordsFolder, tmp_path: Path) -> None:
    days = [date(2026, 11, day) for day in (24, 25, 26)]
    for day in days:
        folder.ledger(ACCOUNT, day).add(entry(1, 12))
    (tmp_path / "_spent-else").mkdir()
    (tmp_path / "_spent-else" / "1.json").write_text("{}")
    old = folder.ledgers(days[2])
    assert [each.day for each in old] == days[:2]
    for each in old:
        each.remove()
    assert folder.ledgers(date(2027, 1, 1)) == [folder.ledger(ACCOUNT, days[2])]


def test_it_is_kept_in_every_store(object_store: ObjectStore) -> None:
    folder = RecordsFolder(object_store.uri("records"), sleep=lambda _seconds: None)
    folder.check()
    ledger = folder.ledger(ACCOUNT, TODAY)
    assert ledger.last() is None
    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(lambda spent: ledger.add(entry(1, spent)), range(4)))
    assert written.count(True) == 1
    assert ledger.add(entry(2, 24))
    assert [each.number for each in ledger.books().entries] == [1, 2]
    assert ledger.entry(3) is None
    assert [each.day for each in folder.ledgers(date(2026, 11, 27))] == [TODAY]
    ledger.remove()
    assert ledger.last() is None
