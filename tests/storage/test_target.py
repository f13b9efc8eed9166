from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import store
from fsspec.implementations.memory import MemoryFileSystem  # noqa: TID253 - a test may take its time

from airflow_provider_runway.kie.errors import DownloadError, TargetExistsError, TargetUnwritableError
from airflow_provider_runway.storage.locate import locate
from airflow_provider_runway.storage.object_store import ObjectStoreTarget
from airflow_provider_runway.storage.target import with_suffix

from .support import OTHER_VIDEO, PICTURE, VIDEO, Ask, media_host, reply, save, video_reply


class Shop(MemoryFileSystem):  # type: ignore[misc]
    """A store that, as S3's files do, shows on closing what was written, and that can be told to fail."""

    store: dict[str, Any] = {}  # noqa: RUF012 - as fsspec has it
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    cachable = False
    put_fails_after: int | None = None
    loses: int = 0
    chunksize: int | None = None
    put_paths: list[str]

    def put_file(self, lpath: str, rpath: str, callback: Any = None, chunksize: int | None = None) -> None:
        self.chunksize = chunksize
        self.put_paths.append(rpath)
        content = Path(lpath).read_bytes()
        if self.put_fails_after is not None:
            self.pipe_file(rpath, content[: self.put_fails_after])
            raise ConnectionError("the store hung up")
        self.pipe_file(rpath, content[: len(content) - self.loses])


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop()
    shop.put_paths = []
    shop.store.clear()
    monkeypatch.setitem(store._STORE_CACHE, "memory", store.ObjectStore("memory", None, fs=shop))
    monkeypatch.setitem(store._STORE_CACHE, "memory-mine", store.ObjectStore("memory", "mine", fs=shop))
    yield shop
    shop.store.clear()


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def names(shop: Shop) -> list[str]:
    return sorted(shop.store)


def test_a_video_is_stored_in_any_file_system(shop: Shop, temporary: Path) -> None:
    with media_host(lambda ask: video_reply(ask, upto=None if ask.number else 9_000)) as host:
        saved = save(host.link, "memory://bucket/films/")
    assert saved.path == "memory://bucket/films/task-1.mp4"
    assert shop.cat("/bucket/films/task-1.mp4") == VIDEO
    assert names(shop) == ["/bucket/films/task-1.mp4"]
    assert shop.chunksize == 8_388_608
    assert list(temporary.iterdir()) == []


def test_the_address_of_a_stored_video_leads_back_to_it_with_its_connection(shop: Shop) -> None:
    with media_host(video_reply) as host:
        by_text = save(host.link, "memory://mine@bucket/a.mp4")
        by_path = save(host.link, ObjectStoragePath("memory://bucket/b.mp4", conn_id="mine"))
    for address in (by_text.path, by_path.path):
        path = ObjectStoragePath(address)
        assert path.conn_id == "mine"
        assert path.path.startswith("/bucket/")
        assert path.read_bytes() == VIDEO


def test_a_file_that_is_there_counts_as_done_or_is_left_alone_or_replaced(shop: Shop) -> None:
    shop.pipe("/bucket/fox.mp4", OTHER_VIDEO)
    with media_host(video_reply) as host:
        with pytest.raises(TargetExistsError):
            save(host.link, "memory://bucket/fox.mp4")
        assert shop.cat("/bucket/fox.mp4") == OTHER_VIDEO
        assert save(host.link, "memory://bucket/fox.mp4", overwrite=True).downloaded
        assert shop.cat("/bucket/fox.mp4") == VIDEO
        assert not save(host.link, "memory://bucket/fox.mp4").downloaded


def test_a_thumbnail_stands_beside_it(shop: Shop) -> None:
    def answer(ask: Ask) -> bytes:
        return reply(200, PICTURE) if "poster" in ask.path else video_reply(ask)

    with media_host(answer) as host:
        saved = save(host.link, "memory://bucket/fox.mp4", thumbnail=f"{host.url}/poster")
    assert saved.thumbnail_path == "memory://bucket/fox.png"
    assert shop.cat("/bucket/fox.png") == PICTURE


def test_nothing_is_shown_of_a_download_that_fails(shop: Shop, temporary: Path) -> None:
    with media_host(lambda ask: video_reply(ask, upto=1000)) as host, pytest.raises(DownloadError):
        save(host.link, "memory://bucket/fox.mp4")
    assert names(shop) == []
    assert list(temporary.iterdir()) == []


def test_nothing_is_shown_of_an_upload_that_fails(shop: Shop, temporary: Path) -> None:
    shop.put_fails_after = 1000
    with (
        media_host(video_reply) as host,
        pytest.raises(TargetUnwritableError, match=r"hung up.*is paid") as caught,
    ):
        save(host.link, "memory://bucket/fox.mp4")
    assert caught.value.retryable
    assert names(shop) == []
    assert list(temporary.iterdir()) == []


def test_where_there_are_no_links_either_of_two_tasks_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        (tmp_path / "fox.mp4").write_bytes(OTHER_VIDEO)  # another task's, this very moment
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", no_links)
    with media_host(video_reply) as host, pytest.raises(TargetExistsError, match="runway_task_id='task-1'"):
        save(host.link, str(tmp_path / "fox.mp4"))
    assert (tmp_path / "fox.mp4").read_bytes() == OTHER_VIDEO
    assert [path.name for path in tmp_path.iterdir()] == ["fox.mp4"]


def test_where_there_are_no_links_a_failure_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", unsupported)
    monkeypatch.setattr(os, "replace", unsupported)
    with media_host(video_reply) as host, pytest.raises(TargetUnwritableError):
        save(host.link, str(tmp_path / "fox.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_a_path_object_is_as_good_as_its_text(tmp_path: Path) -> None:
    with media_host(video_reply) as host:
        assert save(host.link, tmp_path / "fox.mp4").path == f"file://{tmp_path}/fox.mp4"


@pytest.mark.parametrize("name", ["a#b?c=d.mp4", "100%.mp4", "a%20b.mp4", "red fox.mp4", "füchse/狐.mp4"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_name_of_any_characters_is_stored_and_read_back(name: str, scheme: str, tmp_path: Path) -> None:
    with media_host(video_reply) as host:
        saved = save(host.link, f"{scheme}{tmp_path}/{name}")
        assert (tmp_path / name).read_bytes() == VIDEO
        assert ObjectStoragePath(saved.path).read_bytes() == VIDEO
        assert not save(host.link, saved.path).downloaded


def test_a_store_that_knows_no_exclusive_upload_gets_a_plain_one(shop: Shop) -> None:
    class Older(MemoryFileSystem):  # type: ignore[misc]
        store = Shop.store

        def put_file(self, lpath: str, rpath: str, callback: Any = None, mode: str = "overwrite") -> None:
            if mode == "create":
                raise OSError(errno.ENOSYS, "A header you provided implies functionality that is not implemented")
            self.pipe_file(rpath, Path(lpath).read_bytes())

    target = ObjectStoreTarget(Older(), "/bucket/fox.mp4", "s3://bucket/fox.mp4", shown_only_whole=True)
    with target.draft() as draft:
        draft.file.write(VIDEO)
        target.publish(draft, overwrite=False)
        with pytest.raises(FileExistsError):
            target.publish(draft, overwrite=False)
    assert shop.cat("/bucket/fox.mp4") == VIDEO


def test_an_upload_that_fails_since_another_was_first_is_told_apart(shop: Shop) -> None:
    class Spoiled(MemoryFileSystem):  # type: ignore[misc]
        store = Shop.store

        def put_file(self, lpath: str, rpath: str, callback: Any = None, overwrite: bool = True) -> None:
            self.pipe_file(rpath, OTHER_VIDEO)
            raise RuntimeError("The specified block list is invalid.")

    target = ObjectStoreTarget(Spoiled(), "/bucket/fox.mp4", "abfs://bucket/fox.mp4", shown_only_whole=True)
    with target.draft() as draft:
        draft.file.write(VIDEO)
        with pytest.raises(FileExistsError):
            target.publish(draft, overwrite=False)
        with pytest.raises(RuntimeError, match="block list"):
            target.publish(draft, overwrite=True)


def test_an_upload_that_loses_bytes_is_taken_back(shop: Shop) -> None:
    shop.loses = 1
    with media_host(video_reply) as host, pytest.raises(TargetUnwritableError, match="299999 of 300000 bytes"):
        save(host.link, "memory://bucket/fox.mp4")
    assert names(shop) == []


def test_a_folder_is_no_file(shop: Shop) -> None:
    shop.pipe("/bucket/films/fox.mp4", b"x")
    with pytest.raises(TargetUnwritableError, match="a folder is there"):
        save("http://127.0.0.1:1/", "memory://bucket/films")


def test_a_store_that_fails_is_worth_a_retry(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(*_: object, **__: object) -> None:
        raise ConnectionError("the store hung up")

    monkeypatch.setattr(shop, "info", hang_up)
    with pytest.raises(TargetUnwritableError, match="hung up") as caught:
        save("http://127.0.0.1:1/", "memory://bucket/fox.mp4")
    assert caught.value.retryable
    assert caught.value.task_id == "task-1"


class TestDraftsOfKilledProcesses:
    def test_do_not_block_the_next_try_and_go_after_an_hour(self, tmp_path: Path, temporary: Path, shop: Shop) -> None:
        old = [tmp_path / ".fox.mp4.0123abcd.part", temporary / "runway-video-0123456789ab-a.mp4"]
        young = [tmp_path / ".fox.mp4.4567abcd.part", temporary / "runway-video-0123456789ab-b.mp4"]
        others = [tmp_path / ".owl.mp4.0123abcd.part", tmp_path / "fox.mp4.part", temporary / "runway-video.txt"]
        for path in [*old, *young, *others]:
            path.write_bytes(b"half")
        for path in [*old, *others]:
            os.utime(path, (time.time() - 4000,) * 2)
        with media_host(video_reply) as host:
            save(host.link, str(tmp_path / "fox.mp4"))
            save(host.link, "memory://bucket/fox.mp4")
        assert not any(path.exists() for path in old)
        assert all(path.exists() for path in [*young, *others])


def test_a_long_name_has_a_draft_too(tmp_path: Path) -> None:
    target = tmp_path / f"{'ü' * 120}.mp4"
    with media_host(video_reply) as host:
        save(host.link, str(target))
    assert target.read_bytes() == VIDEO


def test_a_file_system_without_links_is_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", no_links)
    with media_host(video_reply) as host:
        assert save(host.link, str(tmp_path / "fox.mp4")).downloaded
    assert [path.name for path in tmp_path.iterdir()] == ["fox.mp4"]


def test_a_stored_video_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    with media_host(video_reply) as host:
        save(host.link, str(tmp_path / "fox.mp4"))
    assert (tmp_path / "fox.mp4").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize(
    ("path", "with_png"),
    [
        ("/a/fox.mp4", "/a/fox.png"),
        ("/a.b/fox", "/a.b/fox.png"),
        ("/a/.fox", "/a/.fox.png"),
        ("s3://c@b/v1.0 final.mp4", "s3://c@b/v1.0 final.png"),
        ("fox.2026-11-23", "fox.2026-11-23.png"),
    ],
)
def test_a_name_keeps_its_stem(path: str, with_png: str) -> None:
    assert with_suffix(path, ".png") == with_png


def test_a_path_of_this_machine_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert locate("films/", "x.mp4").uri == f"file://{tmp_path}/films/x.mp4"
    assert locate("~/fox.mp4", "x.mp4").uri == "file:///home/me/fox.mp4"
