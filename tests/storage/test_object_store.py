"""Files in an object store, as one that can be told to fail has them; the real ones are in ``test_stores.py``."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_runway.kie.errors import DownloadError, TargetExistsError, TargetUnwritableError
from airflow_provider_runway.storage.object_store import ObjectStoreTarget

from .support import OTHER_VIDEO, PICTURE, VIDEO, Ask, Shop, media_host, reply, save, video_reply


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
