"""Records of submissions in a folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.errors import RecordsFolderError, UnreadableRecordError
from airflow_provider_runway.storage import records
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def folder(tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> RecordsFolder:
    monkeypatch.setattr(records, "_CHECKED", set())
    return RecordsFolder(str(tmp_path), sleep=pauses.append)


def test_a_submission_and_what_became_of_it_are_read_back(folder: RecordsFolder) -> None:
    assert folder.entries(FOX) == []
    assert folder.create(FOX, 1, "one", {"stage": "intent"})
    folder.add_outcome(FOX, 1, "one", "try 1", {"stage": "submitted", "task_id": "abc"})
    folder.add_outcome(FOX, 1, "one", "try 2", {"stage": "finished", "task_id": "abc"})
    [entry] = folder.entries(FOX)

    assert (entry.number, entry.nonce, entry.value) == (1, "one", {"stage": "intent"})
    assert [outcome.writer for outcome in entry.outcomes] == ["try 1", "try 2"]
    assert entry.latest == {"stage": "finished", "task_id": "abc"}
    assert folder.entries(replace(FOX, map_index=0)) == []


def test_of_two_that_create_the_same_submission_one_succeeds(folder: RecordsFolder) -> None:
    assert folder.create(FOX, 1, "one", {})
    assert not folder.create(FOX, 1, "two", {})
    assert folder.create(FOX, 1, "one", {})
    assert [entry.nonce for entry in folder.entries(FOX)] == ["one"]


def test_an_outcome_of_a_submission_that_was_deleted_is_not_taken_for_one_of_the_next(
    folder: RecordsFolder, tmp_path: Path
) -> None:
    folder.create(FOX, 1, "one", {"stage": "intent"})
    folder.add_outcome(FOX, 1, "one", "try 1", {"stage": "finished"})
    (tmp_path / FOX.key / "1.json").unlink()

    assert folder.entries(FOX) == []
    folder.create(FOX, 1, "two", {"stage": "intent"})
    folder.add_outcome(FOX, 1, "two", "try 3", {"stage": "submitted"})
    assert folder.entries(FOX)[0].latest == {"stage": "submitted"}


def test_values_are_replaced_and_deleted(folder: RecordsFolder, tmp_path: Path) -> None:
    assert folder.get(FOX, "files") is None
    folder.set(FOX, "files", {"a": 1})
    folder.set(FOX, "files", {"a": 2})
    assert folder.get(FOX, "files") == {"a": 2}
    assert folder.entries(FOX) == []
    folder.delete(FOX, "files")
    folder.delete(FOX, "files")
    assert folder.get(FOX, "files") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b'{"version": 1, "no', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_half_written_is_not_the_same_as_none(
    content: bytes, folder: RecordsFolder, tmp_path: Path, pauses: list[float]
) -> None:
    folder.create(FOX, 1, "one", {})
    file = tmp_path / FOX.key / "1.json"
    file.write_bytes(content)

    with pytest.raises(UnreadableRecordError, match=str(file)):
        folder.entries(FOX)
    assert not folder.create(FOX, 1, "one", {})
    assert file.read_bytes() == content
    assert sum(pauses) == 4


def test_a_newer_version_is_refused_and_not_overwritten(folder: RecordsFolder, tmp_path: Path) -> None:
    folder.create(FOX, 1, "one", {})
    folder.set(FOX, "files", 1)
    for name in ("1.json", "value.files.json"):
        file = tmp_path / FOX.key / name
        file.write_text(json.dumps({**json.loads(file.read_text()), "version": 2, "nonce": 5}))

    with pytest.raises(UnreadableRecordError, match=r"1\.json.*version 2.*reads 1"):
        folder.entries(FOX)
    with pytest.raises(UnreadableRecordError, match=r"value\.files\.json.*version 2"):
        folder.set(FOX, "files", 2)
    assert json.loads((tmp_path / FOX.key / "value.files.json").read_text())["value"] == 1


def test_a_folder_that_is_away_for_seconds_is_waited_for(tmp_path: Path) -> None:
    disk = tmp_path / "records"
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) % 2 == 0:
            disk.mkdir()

    folder = RecordsFolder(str(disk), sleep=sleep)
    assert folder.entries(FOX) == []
    disk.rmdir()
    assert folder.create(FOX, 1, "one", {})
    assert pauses == [1, 3, 1, 3]


def test_a_folder_that_stays_away_is_never_made_and_worth_a_retry(tmp_path: Path, pauses: list[float]) -> None:
    folder = RecordsFolder(str(tmp_path / "unmounted"), sleep=pauses.append)

    for use in (folder.check, lambda: folder.entries(FOX), lambda: folder.create(FOX, 1, "one", {})):
        with pytest.raises(RecordsFolderError, match=r"there is no folder .*unmounted") as caught:
            use()
        assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []
    assert pauses == 3 * [1, 3, 9]


def test_a_folder_is_checked_once_in_a_process_and_again_in_the_next(
    folder: RecordsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.check()
    shutil.rmtree(tmp_path)
    folder.check()
    tmp_path.mkdir()
    for _ in range(3):
        monkeypatch.setattr(records, "_CHECKED", set())
        folder.check()

    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")] == ["_probe/1.json"]


NONCES = st.sampled_from(["one", "two"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.integers(1, 3), NONCES, st.integers()),
        st.tuples(st.just("outcome"), st.integers(1, 3), NONCES, st.integers()),
        st.tuples(st.just("lose"), st.integers(1, 3)),
        st.tuples(st.just("value"), st.sampled_from("ab"), st.integers()),
    ),
    max_size=12,
)


@given(STEPS)
def test_whatever_is_written_in_whatever_order_is_read_back(steps: list[tuple[Any, ...]]) -> None:
    entries: dict[int, tuple[str, int]] = {}
    outcomes: list[tuple[int, str, int]] = []
    values: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = RecordsFolder(place)
        for kind, *step in steps:
            if kind == "create":
                number, nonce, said = step
                is_ours = entries.setdefault(number, (nonce, said))[0] == nonce
                assert folder.create(FOX, number, nonce, {"said": said}) == is_ours
            elif kind == "outcome":
                number, nonce, said = step
                outcomes.append((number, nonce, said))
                folder.add_outcome(FOX, number, nonce, "try 1", {"said": said})
            elif kind == "lose":
                entries.pop(step[0], None)
                Path(place, FOX.key, f"{step[0]}.json").unlink(missing_ok=True)
            else:
                name, said = step
                values[name] = said
                folder.set(FOX, name, said)

        found = folder.entries(FOX)
        assert {entry.number: (entry.nonce, entry.value["said"]) for entry in found} == entries
        assert [entry.number for entry in found] == sorted(entries)
        for entry in found:
            mine = [said for number, nonce, said in outcomes if (number, nonce) == (entry.number, entry.nonce)]
            assert [outcome.value["said"] for outcome in entry.outcomes] == mine
        assert {name: folder.get(FOX, name) for name in values} == values
