"""All that a records folder has, and how old records leave it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

from .stand_ins import BUCKET, STORES, ObjectStore

# aiohttp's advice to gcsfs and adlfs.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly")
FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
NOW = datetime.now(timezone.utc)


@pytest.fixture
def folder(tmp_path: Path) -> RecordsFolder:
    return RecordsFolder(str(tmp_path))


def fill(folder: RecordsFolder, number: int) -> list[Coordinates]:
    those = [replace(FOX, map_index=index) for index in range(number)]
    for of in those:
        folder.create(of, 1, f"of {of.map_index}", {"stage": "intent"})
        folder.add_outcome(of, 1, f"of {of.map_index}", "try 1", {"stage": "submitted"})
        folder.set(of, "files", {"a": 1})
    return those


def age(tmp_path: Path, of: Coordinates, days: float, name: str = "*") -> None:
    for path in (tmp_path / of.key).glob(name):
        when = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (when, when))


def test_all_tasks_are_found_with_their_submissions(folder: RecordsFolder, tmp_path: Path) -> None:
    folder.check()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "fox.mp4").write_bytes(b"")
    those = fill(folder, 20)
    for of in those:
        age(tmp_path, of, 30 - of.map_index)

    found = list(folder.survey())

    assert [each.of for each in found] == those
    assert all(each.of and each.key == each.of.key for each in found)
    assert {each.entries[0].latest["stage"] for each in found} == {"submitted"}
    assert {each.files for each in found} == {("1.1.json", "1.json", "value.files.json")}


def test_the_newest_file_tells_how_old_a_record_is(folder: RecordsFolder, tmp_path: Path) -> None:
    old, used, new = fill(folder, 3)
    age(tmp_path, old, 61)
    age(tmp_path, used, 61)
    age(tmp_path, used, 1, "1.1.json")

    cutoff = NOW - timedelta(days=60)
    assert [each.of for each in folder.survey(before=cutoff)] == [old]
    assert [each.of for each in folder.survey(since=cutoff)] == [used, new]
    assert [each.of for each in folder.survey(since=NOW - timedelta(days=2), before=NOW - timedelta(hours=2))] == [used]


def test_an_unreadable_record_hides_no_other(folder: RecordsFolder, tmp_path: Path) -> None:
    folder = RecordsFolder(str(tmp_path), sleep=lambda _: None)
    one, other = fill(folder, 2)
    (tmp_path / one.key / "1.json").write_bytes(b"")

    by_key = {each.key: each for each in folder.survey()}

    assert "1.json cannot be read" in str(by_key[one.key].fault)
    assert (by_key[one.key].of, by_key[one.key].entries) == (None, ())
    assert by_key[other.key].of == other


def test_what_is_removed_is_gone_and_the_rest_stays(folder: RecordsFolder, tmp_path: Path) -> None:
    one, other = fill(folder, 2)
    (tmp_path / one.key / ".1.json.0a1b2c3d.part").touch()
    [found] = [each for each in folder.survey() if each.of == one]

    assert folder.remove(found)
    assert folder.remove(found)
    assert not (tmp_path / one.key).exists()
    assert [each.of for each in folder.survey()] == [other]


def test_a_record_that_is_written_to_meanwhile_stays(folder: RecordsFolder) -> None:
    [of] = fill(folder, 1)
    [found] = folder.survey()
    folder.add_outcome(of, 1, "of 0", "try 2", {"stage": "finished"})

    assert not folder.remove(found)
    assert folder.entries(of)[0].latest == {"stage": "finished"}


def test_a_removal_that_is_cut_off_leaves_nothing_in_doubt(
    folder: RecordsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [of] = fill(folder, 1)
    folder.create(of, 2, "further", {"stage": "intent"})
    folder.add_outcome(of, 2, "further", "try 2", {"stage": "finished"})
    [found] = folder.survey()
    remove, left = type(folder._access.files).remove, list[list[str]]()

    def removing(files: Any, name: str) -> None:
        remove(files, name)
        left.append([entry.latest["stage"] for entry in folder.entries(of)])

    monkeypatch.setattr(type(folder._access.files), "remove", removing)
    assert folder.remove(found)

    assert left == [["finished"], [], [], [], []]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("place", ["moto", *STORES])
def test_an_object_store_is_surveyed_and_pruned(place: str, request: pytest.FixtureRequest) -> None:
    if place == "moto":
        request.getfixturevalue("s3")
        url = f"s3://{BUCKET}/records"
    else:
        start: Callable[[str], ObjectStore] = request.getfixturevalue("start")
        url = start(place).uri("records")
    folder = RecordsFolder(url)
    folder.check()
    those = fill(folder, 12)
    later = NOW + timedelta(hours=1)

    assert list(folder.survey(before=NOW - timedelta(hours=1))) == []
    found = list(folder.survey(before=later))
    assert sorted(each.of.map_index for each in found if each.of) == list(range(12))
    assert {each.entries[0].latest["stage"] for each in found} == {"submitted"}
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(folder.remove, found))
    assert list(folder.survey()) == []
    assert folder.entries(those[0]) == []
