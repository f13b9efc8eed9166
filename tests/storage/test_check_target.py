"""Whether a video can be stored is found out by storing something, before anything is paid."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk import io as airflow_io

from airflow_provider_runway.kie.errors import TargetExistsError, TargetUnwritableError, UnreadableFileError
from airflow_provider_runway.storage.check_target import check_target
from airflow_provider_runway.storage.sources import read_source
from airflow_provider_runway.storage.target import ROOM

from .support import Shop


def refused(save_to: Any) -> TargetUnwritableError:
    with pytest.raises(TargetUnwritableError, match="Nothing was sent or paid") as caught:
        check_target(save_to, None)
    return caught.value


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_nothing_is_left_of_it_on_a_disk_but_the_folder(tmp_path: Path) -> None:
    check_target(str(tmp_path / "night" / "fox.mp4"), None)
    assert [path.name for path in tmp_path.iterdir()] == ["night"]
    assert list((tmp_path / "night").iterdir()) == []


def test_nothing_is_left_of_it_in_a_store(shop: Shop, temporary: Path) -> None:
    check_target("memory://bucket/fox.mp4", None)
    assert shop.put_paths[0].startswith("/bucket/.runway-probe-")
    assert shop.store == {}
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("target", [Path("fox.mp4"), "fox.mp4", "./ü #?%20 fox.mp4", "films/"])
def test_paths_of_any_class_and_name_are_taken(target: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_target(target, None)


def test_an_object_storage_path_counts_as_its_text(shop: Shop) -> None:
    shop.pipe("/bucket/fox.mp4", b"mine")
    path = ObjectStoragePath("memory://bucket/fox.mp4", conn_id="mine")
    with pytest.raises(TargetExistsError):
        check_target(path, None)
    with pytest.raises(TargetExistsError):
        check_target(path, [hashlib.sha256(b"another's").hexdigest()])
    check_target(path, [hashlib.sha256(b"mine").hexdigest()])


@pytest.mark.parametrize(
    "save_to",
    [
        "/proc/x/fox.mp4",
        "/proc/fox.mp4",
        "/dev/null/fox.mp4",
        "/tmp/nul\0.mp4",
        f"/tmp/{'x' * 300}.mp4",
        "",
        "  ",
        None,
        b"/tmp/fox.mp4",
        7,
    ],
)
def test_what_cannot_be_a_file_is_refused_for_good(save_to: Any) -> None:
    assert not refused(save_to).retryable


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fox.mp4").symlink_to(tmp_path / "nowhere" / "fox.mp4")
    error = refused(str(tmp_path / "fox.mp4"))
    assert "a link that leads nowhere" in str(error)
    assert not error.retryable
    (tmp_path / "films").symlink_to(tmp_path / "nowhere")
    assert not refused(f"{tmp_path}/films/").retryable


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fox.mp4").symlink_to("fox.mp4")
    assert not refused(str(tmp_path / "fox.mp4")).retryable


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "link").symlink_to("films")
    check_target(f"{tmp_path}/link/", None)


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_written_is_refused_for_good(
    fault: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actual = Path.open

    def guarded(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if path.parent == tmp_path and "x" in mode:
            raise OSError(fault, os.strerror(fault))
        return actual(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", guarded)
    assert not refused(str(tmp_path / "fox.mp4")).retryable


def test_a_disk_without_room_is_refused_until_there_is_some(
    tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - ROOM + 1, ROOM - 1))
    for target in (str(tmp_path / "fox.mp4"), "memory://bucket/fox.mp4"):
        error = refused(target)
        assert "less than 64 MiB are free" in str(error)
        assert error.retryable
    for enough in (Usage(10**9, 10**9 - ROOM, ROOM), Usage(0, 0, 0)):  # the second counts nothing, as some networks'
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=enough: usage)
        check_target(str(tmp_path / "fox.mp4"), None)


def test_a_quota_shows_when_something_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def over_quota(_: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "fsync", over_quota)
    assert "quota" in str(refused(str(tmp_path / "fox.mp4")))
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_may_only_be_read_is_refused_for_good(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(shop, "put_file", forbidden)
    assert not refused("memory://bucket/fox.mp4").retryable


def test_a_store_where_nothing_may_be_removed_is_good_enough(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(shop, "rm_file", forbidden)
    check_target("memory://bucket/fox.mp4", None)
    assert "stays (PermissionError)" in caplog.text


def test_a_connection_that_is_not_there_is_an_error(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_io, "has_fs", lambda scheme: True)
    error = refused("memory://mine@bucket/fox.mp4")
    assert "`mine`" in str(error)
    assert not error.retryable
    monkeypatch.setenv("AIRFLOW_CONN_MINE", '{"conn_type": "generic"}')
    check_target("memory://mine@bucket/fox.mp4", None)


def test_a_file_is_not_read_with_other_credentials_either(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pipe("/bucket/fox.png", b"x")
    monkeypatch.setattr(airflow_io, "has_fs", lambda scheme: True)
    with pytest.raises(UnreadableFileError, match="`mine`") as caught:
        read_source("memory://mine@bucket/fox.png")
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("scheme", "package"),
    [
        ("s3", r"install apache-airflow-providers-amazon\[s3fs\]"),
        ("gs", "install apache-airflow-providers-google"),
        ("abfs", "install apache-airflow-providers-microsoft-azure"),
        ("foo", "no installed provider brings one"),
    ],
)
def test_a_scheme_without_its_package_names_it(scheme: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_io, "has_fs", lambda scheme: False)
    monkeypatch.setattr(airflow_io.store, "_STORE_CACHE", {})
    with pytest.raises(TargetUnwritableError, match=package) as caught:
        check_target(f"{scheme}://bucket/fox.mp4", None)
    assert not caught.value.retryable
