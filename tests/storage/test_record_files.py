"""The files of a records folder, on a disk and in each object store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import Mock

import pytest
from airflow.sdk.io import store
from fsspec.implementations.memory import MemoryFileSystem
from typing_extensions import Self

from airflow_provider_runway.storage.record_entries import LARGEST
from airflow_provider_runway.storage.record_files import Files, open_files

from .stand_ins import BUCKET, STORES, ObjectStore
from .support import Shop

# aiohttp's advice to gcsfs and adlfs.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly")
PLACES = ("disk", "memory", *(pytest.param(name, marks=pytest.mark.stores) for name in STORES))


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty folder."""
    if request.param == "disk":
        yield str(tmp_path)
    elif request.param == "memory":
        request.getfixturevalue("shop")
        yield "memory://mine@clips/records"
    else:
        start: Callable[[str], ObjectStore] = request.getfixturevalue("start")
        place = start(request.param)
        yield place.uri("records")
        files = open_files(place.uri("records"))
        for name, _ in files.changed():
            files.remove(name)


@pytest.fixture
def files(url: str) -> Files:
    return open_files(url)


def test_a_file_is_created_once_and_read_back(files: Files) -> None:
    assert files.names("a") == []
    files.create("a/1.json", b"one")

    with pytest.raises(FileExistsError):
        files.create("a/1.json", b"two")
    assert files.read("a/1.json") == b"one"
    with pytest.raises(FileNotFoundError):
        files.read("a/2.json")
    assert files.names("a") == ["1.json"]
    assert files.names("b") == []


def test_of_many_that_create_a_file_at_once_one_succeeds(url: str) -> None:
    writers, rounds = 6, 5
    barrier = Barrier(writers)

    def write(number: int) -> list[bool]:
        mine, files = [], open_files(url)
        for turn in range(rounds):
            barrier.wait(60)
            try:
                files.create(f"a/{turn}.json", b"%d" % number)
                mine.append(True)
            except FileExistsError:
                mine.append(False)
        return mine

    with ThreadPoolExecutor(writers) as threads:
        done = list(threads.map(write, range(writers)))

    files = open_files(url)
    for turn, successes in enumerate(zip(*done, strict=True)):
        assert sum(successes) == 1
        assert files.read(f"a/{turn}.json") == b"%d" % successes.index(True)


def test_a_file_is_replaced_and_removed(files: Files) -> None:
    files.replace("a/value.json", b"one")
    files.replace("a/value.json", b"two")
    assert files.read("a/value.json") == b"two"
    assert files.names("a") == ["value.json"]
    files.remove("a/value.json")
    files.remove("a/value.json")
    assert files.names("a") == []


def test_all_files_are_found_with_the_time_at_which_they_were_written(files: Files) -> None:
    began = datetime.now(timezone.utc) - timedelta(seconds=2)
    for name in ("a/1.json", "a/1.1.json", "b/.hidden", "b/1.json"):
        files.create(name, b"{}")

    found = dict(files.changed())

    assert sorted(found) == ["a/1.1.json", "a/1.json", "b/.hidden", "b/1.json"]
    assert all(began <= when <= datetime.now(timezone.utc) + timedelta(seconds=2) for when in found.values())


def test_exclusive_creation_holds_for_two_that_have_both_begun(files: Files) -> None:
    assert files.is_exclusive_at_once("a/probe.json")
    assert list(files.changed()) == []


def test_no_more_is_read_than_a_record_can_have(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(LARGEST * 10)

    assert len(open_files(str(tmp_path)).read("big")) == LARGEST + 1


@pytest.mark.parametrize("url", ["{}", "{}/", "file://{}", "file://{}//"])
def test_a_folder_of_a_disk_has_several_names(url: str, tmp_path: Path) -> None:
    open_files(url.format(tmp_path)).create("a/1.json", b"one")

    assert (tmp_path / "a" / "1.json").read_bytes() == b"one"


@pytest.mark.parametrize("url", [f"s3://{BUCKET}", f"s3://{BUCKET}/", f"s3://{BUCKET}//"])
def test_the_bucket_itself_can_be_the_folder(url: str, s3: Any) -> None:
    files = open_files(url)
    assert files.uri("a/1.json") == f"s3://{BUCKET}/a/1.json"
    files.create("a/1.json", b"one")

    assert s3.get_object(Bucket=BUCKET, Key="a/1.json")["Body"].read() == b"one"
    assert [name for name, _ in files.changed()] == ["a/1.json"]
    assert files.names("a") == ["1.json"]


def test_a_slash_at_the_end_of_a_folder_makes_no_other(s3: Any) -> None:
    open_files(f"s3://{BUCKET}/records//").create("a/1.json", b"one")

    assert open_files(f"s3://{BUCKET}/records").read("a/1.json") == b"one"


def test_what_marks_a_folder_in_s3_is_no_file(s3: Any) -> None:
    files = open_files(f"s3://{BUCKET}/records")
    s3.put_object(Bucket=BUCKET, Key="records/", Body=b"")
    s3.put_object(Bucket=BUCKET, Key="records/a/", Body=b"")

    assert files.names("a") == []
    assert list(files.changed()) == []


def test_a_bucket_that_is_missing_is_no_empty_one_when_it_is_written_to(s3: Any) -> None:
    with pytest.raises(FileNotFoundError, match="bucket"):
        open_files("s3://no-such-bucket/records").create("a/1.json", b"one")


def test_a_disk_without_links_creates_exclusively_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    files = open_files(str(tmp_path))
    files.create("a/1.json", b"one")

    with pytest.raises(FileExistsError):
        files.create("a/1.json", b"two")
    assert files.read("a/1.json") == b"one"
    assert files.names("a") == ["1.json"]


class Loose(MemoryFileSystem):  # type: ignore[misc]
    """A store in which those that have both opened a file both write it, as the last one likes it."""

    store: dict[str, Any] = {}  # noqa: RUF012 - as fsspec has it
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    cachable = False

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode != "xb" or "data" in options:
            return super()._open(path, mode, **options)
        if self.exists(path):
            raise FileExistsError(path)
        return _Late(self, path)


class _Late:
    def __init__(self, file_system: Loose, path: str) -> None:
        self.file_system, self.path, self.content = file_system, path, b""

    def write(self, content: bytes) -> None:
        self.content += content

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file_system.pipe_file(self.path, self.content)


def test_a_store_that_looks_only_when_a_file_is_opened_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(store._STORE_CACHE, "memory", store.ObjectStore("memory", None, fs=Loose()))
    files = open_files("memory://clips/records")
    files.create("a/1.json", b"one")
    with pytest.raises(FileExistsError):
        files.create("a/1.json", b"two")

    assert not files.is_exclusive_at_once("a/probe.json")


def test_a_value_that_is_replaced_in_a_plain_store_is_never_seen_half_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = open_files("memory://clips/records")
    files.replace("a/value.json", b"one")
    with monkeypatch.context() as patch:
        patch.setattr(shop, "mv", Mock(side_effect=ConnectionError))
        with pytest.raises(ConnectionError):
            files.replace("a/value.json", b"two")
    assert files.read("a/value.json") == b"one"
    files.replace("a/value.json", b"three")
    assert files.read("a/value.json") == b"three"


RACE = """
import sys
from airflow_provider_runway.storage.record_files import open_files
files = open_files(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(50):
    try:
        files.create(f"a/{number}.json", sys.argv[2].encode() * 1000)
        print(number, flush=True)
    except FileExistsError:
        pass
"""


def test_of_two_processes_that_create_the_same_files_each_file_is_of_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    both = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in "xy"
    ]
    for process in both:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].split() for process in both]

    assert Counter(said[0] + said[1]) == {str(number): 1 for number in range(50)}
    for name, numbers in zip("xy", said, strict=True):
        for number in numbers:
            assert (tmp_path / "a" / f"{number}.json").read_text() == name * 1000
    assert len(list((tmp_path / "a").iterdir())) == 50
