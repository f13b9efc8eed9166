"""The submission records of a task in a folder: whoever else writes there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from airflow_provider_runway.exceptions import RecordsFolderError, UnreadableRecordError
from airflow_provider_runway.operators.folder_records import FolderRecords, coordinates
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.storage.records import RecordsFolder

INTENT = Submission(stage=Stage.INTENT, fingerprint="f0f0", intended_at="2026-11-26T07:00:00+00:00")
SUBMITTED = replace(INTENT, stage=Stage.SUBMITTED, task_id="task-1")


def ti(try_number: int = 1, **more: Any) -> Any:
    return SimpleNamespace(dag_id="clips", run_id="r", task_id="video", map_index=-1, try_number=try_number, **more)


@pytest.fixture
def folder(tmp_path: Path) -> RecordsFolder:
    return RecordsFolder(str(tmp_path), sleep=lambda _seconds: None)


def test_a_submission_is_found_by_the_next_try(folder: RecordsFolder) -> None:
    records = FolderRecords(folder, ti())
    assert records.read() is None
    assert not records.is_used
    assert records.begin(INTENT)
    records.write(SUBMITTED)

    again = FolderRecords(folder, ti(2))
    assert again.read() == SUBMITTED
    assert again.is_used


def test_of_two_tries_that_have_read_the_same_one_begins(folder: RecordsFolder) -> None:
    one, other = FolderRecords(folder, ti(1)), FolderRecords(folder, ti(2))
    assert one.read() is other.read() is None

    assert one.begin(INTENT)
    assert not other.begin(replace(INTENT, intended_at="2026-11-26T07:00:05+00:00"))

    assert other.read() == INTENT
    one.write(SUBMITTED)
    assert other.read() == SUBMITTED


def test_what_kie_has_refused_leaves_what_was_there_before(folder: RecordsFolder) -> None:
    records = FolderRecords(folder, ti())
    assert records.begin(INTENT)
    records.write(SUBMITTED)
    other = replace(INTENT, fingerprint="0000", intended_at="2026-11-26T08:00:00+00:00")
    assert records.begin(other)
    records.put_back(other)

    again = FolderRecords(folder, ti(2))
    assert again.read() == SUBMITTED
    assert again.begin(other)
    assert [entry.number for entry in folder.entries(coordinates(ti()))] == [1, 2, 3]


def test_an_outcome_belongs_to_the_submission_of_its_id(folder: RecordsFolder) -> None:
    records = FolderRecords(folder, ti())
    assert records.begin(INTENT)
    records.write(SUBMITTED)
    second = replace(INTENT, intended_at="2026-11-26T08:00:00+00:00")
    assert records.begin(second)

    records.write(replace(SUBMITTED, stage=Stage.FAILED))

    assert FolderRecords(folder, ti(2)).read() == second


def test_an_outcome_whose_record_was_deleted_is_none_of_another(
    folder: RecordsFolder, caplog: pytest.LogCaptureFixture
) -> None:
    FolderRecords(folder, ti()).write(SUBMITTED)

    assert "no record of it is there any more" in caplog.text
    assert folder.entries(coordinates(ti())) == []


@pytest.mark.parametrize("spoil", ["{", "[]", '{"version": 99}', "", "null"])
def test_a_record_that_cannot_be_read_is_named(folder: RecordsFolder, tmp_path: Path, spoil: str) -> None:
    assert FolderRecords(folder, ti()).begin(INTENT)
    [file] = tmp_path.rglob("1.json")
    file.write_text(spoil)

    with pytest.raises(UnreadableRecordError, match=r"1\.json"):
        FolderRecords(folder, ti(2)).read()


def test_an_outcome_that_is_no_submission_is_named(folder: RecordsFolder) -> None:
    records = FolderRecords(folder, ti())
    assert records.begin(INTENT)
    [entry] = folder.entries(coordinates(ti()))
    folder.add_outcome(coordinates(ti()), 1, entry.nonce, "another", {"stage": "submitted"})

    with pytest.raises(UnreadableRecordError, match="number 1"):
        FolderRecords(folder, ti(2)).read()


def test_a_folder_that_is_not_there_lets_nothing_begin(tmp_path: Path) -> None:
    folder = RecordsFolder(str(tmp_path / "unmounted"), sleep=lambda _seconds: None)

    with pytest.raises(RecordsFolderError):
        FolderRecords(folder, ti()).read()
    with pytest.raises(RecordsFolderError):
        FolderRecords(folder, ti()).begin(INTENT)


@pytest.mark.parametrize("nothing", [{}, {"region_id": None}, {"region_id": UUID(int=0), "region_index": 3}])
def test_a_task_of_no_region_is_found_as_on_older_ones(nothing: dict[str, Any]) -> None:
    assert coordinates(ti(**nothing)) == coordinates(ti())
    assert coordinates(ti(**nothing)).region is None


def test_each_round_of_a_loop_has_a_record_of_its_own() -> None:
    region = UUID(int=7)
    found = {
        coordinates(ti(region_id=each, region_index=index)).key for each in (region, str(region)) for index in (0, 1)
    }

    assert len(found) == 2
    assert coordinates(ti()).key not in found
