"""Records through faults that pass, and those that do not."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_runway.kie.errors import RecordsFolderError, UnreadableRecordError
from airflow_provider_runway.storage.record_access import RecordAccess
from airflow_provider_runway.storage.record_entries import Coordinates, written
from airflow_provider_runway.storage.record_files import Files, open_files
from airflow_provider_runway.storage.records import RecordsFolder

FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
ONE = written("submission", FOX, nonce="one", value={})
TWO = written("submission", FOX, nonce="two", value={})
NAME = f"{FOX.key}/1.json"


class Refusal(Exception):  # noqa: N818 - as botocore's are
    """An answer of S3."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"An error occurred ({code})")
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


class Shaky:
    """A folder some of whose calls go wrong, before or after they are carried out."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.reading: list[Exception | None] = []
        self.calls = 0

    def create(self, name: str, content: bytes) -> None:
        self.calls += 1
        _fail(self.before)
        self.files.create(name, content)
        _fail(self.after)

    def read(self, name: str) -> bytes:
        _fail(self.reading)
        return self.files.read(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)


def _fail(faults: list[Exception | None]) -> None:
    fault = faults.pop(0) if faults else None
    if fault is not None:
        raise fault


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def shaky(tmp_path: Path) -> Shaky:
    return Shaky(open_files(str(tmp_path)))


@pytest.fixture
def access(shaky: Shaky, tmp_path: Path, pauses: list[float]) -> RecordAccess:
    access = RecordAccess(str(tmp_path), pauses.append)
    access.__dict__["files"] = shaky
    return access


LOST: list[Callable[[], Exception]] = [
    ConnectionResetError,
    TimeoutError,
    lambda: Refusal(503, "SlowDown"),
    lambda: Refusal(500, "InternalError"),
    lambda: OSError(errno.EIO, "stale"),
]


@pytest.mark.parametrize("fault", LOST)
def test_a_file_whose_reply_was_lost_is_ours(
    fault: Callable[[], Exception], access: RecordAccess, shaky: Shaky, pauses: list[float]
) -> None:
    shaky.after = [fault()]

    assert access.create(NAME, ONE)
    assert not access.create(NAME, TWO)
    assert pauses == []


@pytest.mark.parametrize("fault", LOST)
def test_a_fault_that_passes_is_waited_out(
    fault: Callable[[], Exception],
    access: RecordAccess,
    shaky: Shaky,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    shaky.before = [fault(), fault()]

    with caplog.at_level(logging.WARNING):
        assert access.create(NAME, ONE)
    assert pauses == [1, 3]
    assert "It is tried again in 3 s." in caplog.messages[-1]


def test_a_file_that_another_makes_while_a_fault_passes_is_not_ours(access: RecordAccess, shaky: Shaky) -> None:
    shaky.before = [Refusal(503, "SlowDown")]
    shaky.files.create(NAME, TWO)

    assert not access.create(NAME, ONE)
    assert shaky.files.read(NAME) == TWO


def test_a_file_that_is_there_and_cannot_be_read_now_is_read_again(access: RecordAccess, shaky: Shaky) -> None:
    shaky.files.create(NAME, ONE)
    shaky.reading = [Refusal(503, "SlowDown")]

    assert access.create(NAME, ONE)


def test_a_fault_that_stays_has_an_end_and_may_pass_later(
    access: RecordAccess, shaky: Shaky, pauses: list[float]
) -> None:
    shaky.before = [Refusal(503, "SlowDown")] * 10

    with pytest.raises(RecordsFolderError, match=r"cannot be written \(Refusal: .*SlowDown") as caught:
        access.create(NAME, ONE)
    assert caught.value.retryable
    assert pauses == [1, 3, 9]
    assert shaky.calls == 4


@pytest.mark.parametrize(
    "fault",
    [
        PermissionError(errno.EACCES, "Access Denied"),
        FileNotFoundError("The specified bucket does not exist"),
        Refusal(403, "InvalidAccessKeyId"),
        OSError(errno.EROFS, "read-only"),
        OSError(errno.ENOSYS, "A header you provided implies functionality that is not implemented"),
    ],
)
def test_a_fault_that_does_not_pass_is_told_at_once_in_a_sentence(
    fault: Exception, access: RecordAccess, shaky: Shaky, pauses: list[float], tmp_path: Path
) -> None:
    shaky.before = [fault]

    with pytest.raises(RecordsFolderError) as caught:
        access.create(NAME, ONE)
    assert str(caught.value).startswith(f"The records folder {tmp_path} cannot be written ({type(fault).__name__}: ")
    assert not caught.value.retryable
    assert pauses == []
    assert shaky.files.names(FOX.key) == []


def test_a_fault_quotes_no_password_of_a_proxy(access: RecordAccess, shaky: Shaky) -> None:
    shaky.before = [PermissionError("http://me:hush-hush@proxy said no")]

    with pytest.raises(RecordsFolderError) as caught:
        access.create(NAME, ONE)
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_is_listed_and_gone_when_it_is_read_is_not_taken_for_none(
    access: RecordAccess, pauses: list[float]
) -> None:
    with pytest.raises(RecordsFolderError, match=r"1\.json was there a moment ago"):
        access.insist("read", lambda: access.entries(FOX.key, ["1.json"]))
    assert pauses == [1, 3, 9]


def test_a_file_that_becomes_whole_in_a_moment_is_waited_for(
    access: RecordAccess, shaky: Shaky, tmp_path: Path
) -> None:
    shaky.files.create(NAME, b"")

    def finish(seconds: float) -> None:
        (tmp_path / NAME).write_bytes(ONE)

    access._sleep = finish
    assert access.read(NAME, "submission")["nonce"] == "one"


@pytest.mark.parametrize(
    "name", ["notes.txt", "01.json", "1.0.json", "1.1.1.json", "1.json.bak", "value.json", "0.json"]
)
def test_a_foreign_file_among_records_is_named(name: str, access: RecordAccess, shaky: Shaky, tmp_path: Path) -> None:
    shaky.files.create(f"{FOX.key}/{name}", ONE)

    with pytest.raises(UnreadableRecordError, match=f"{FOX.key}/{name} cannot be read: it is none of this provider's"):
        access.entries(FOX.key, shaky.files.names(FOX.key))


@pytest.mark.parametrize("name", [".1.json.0a1b2c3d.part", ".DS_Store", ".nfs0001"])
def test_hidden_files_are_left_alone(name: str, access: RecordAccess, shaky: Shaky) -> None:
    shaky.files.create(f"{FOX.key}/{name}", b"")

    assert access.entries(FOX.key, shaky.files.names(FOX.key)) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": 2}, "it has version 2, and this provider reads 1"),
        ({"version": "1"}, "it is none of this provider's"),
        ({"kind": "outcome"}, "it is no submission"),
        ({"of": {"dag_id": "wolves", "run_id": "manual__1", "task_id": "make"}}, "it is of another task"),
        ({"of": {"dag_id": 7}}, "it is of another task"),
        ({"of": None}, "it is of another task"),
        ({"nonce": None}, "it lacks nonce"),
        ({"value": [1]}, "it lacks value"),
    ],
)
def test_a_file_of_another_sort_says_what_is_wrong_with_it(
    change: dict[str, Any], why: str, access: RecordAccess, shaky: Shaky, pauses: list[float]
) -> None:
    shaky.files.create(NAME, json.dumps({**json.loads(ONE), **change}).encode())

    with pytest.raises(UnreadableRecordError, match=why):
        access.entries(FOX.key, ["1.json"])
    assert pauses == []


KILLED = """
import os, signal, sys
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
real = os.link
def link(*names):
    if sys.argv[2] == "after":
        real(*names)
    os.kill(os.getpid(), signal.SIGKILL)
os.link = link
of = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
RecordsFolder(sys.argv[1]).create(of, 1, "one", {})
"""


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["one"])])
def test_a_process_that_is_killed_while_it_writes_leaves_a_whole_file_or_none(
    when: str, left: list[str], access: RecordAccess, shaky: Shaky, tmp_path: Path
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), when], check=False, timeout=120)

    assert done.returncode == -signal.SIGKILL
    assert [entry.nonce for entry in access.entries(FOX.key, shaky.files.names(FOX.key))] == left
    assert len(shaky.files.names(FOX.key)) == 1 + len(left)
    assert access.create(NAME, TWO) == (not left)


FULL = """
import resource, signal, sys
from airflow_provider_runway.kie.errors import RecordsFolderError
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
of = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")
folder = RecordsFolder(sys.argv[1], sleep=print)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
try:
    folder.create(of, 1, "one", {})
except RecordsFolderError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit to be had")
def test_a_disk_that_takes_no_more_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], check=True, timeout=120, capture_output=True, text=True
    )

    assert f"The records folder {tmp_path} cannot be written (OSError: [Errno 27]" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A folder that may be read and not written: root gives up its rights for the time being."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            yield Path(place)
        finally:
            if is_root:
                os.seteuid(0)
            Path(place).chmod(0o700)


def test_a_folder_without_the_right_to_write_is_refused_before_anything_is_sent(
    forbidden: Path, pauses: list[float]
) -> None:
    folder = RecordsFolder(str(forbidden), sleep=pauses.append)

    for use in (folder.check, lambda: folder.create(FOX, 1, "one", {}), lambda: folder.set(FOX, "files", 1)):
        with pytest.raises(RecordsFolderError, match=r"cannot be written \(PermissionError: ") as caught:
            use()
        assert not caught.value.retryable
    assert folder.entries(FOX) == []
    assert pauses == []


def test_a_file_in_place_of_the_folder_is_told_as_it_is(tmp_path: Path, pauses: list[float]) -> None:
    (tmp_path / "records").touch()
    access = RecordAccess(str(tmp_path / "records"), pauses.append)

    for use in (lambda: access.create(NAME, ONE), lambda: access.insist("read", lambda: access.files.names(FOX.key))):
        with pytest.raises(RecordsFolderError, match="NotADirectoryError") as caught:
            use()
        assert not caught.value.retryable
    assert pauses == []


def test_a_scheme_that_nothing_installed_knows_is_final(pauses: list[float]) -> None:
    with pytest.raises(RecordsFolderError, match="no file system for gopher") as caught:
        RecordAccess("gopher://mine@place/records", pauses.append).create(NAME, ONE)
    assert not caught.value.retryable
    assert pauses == []
