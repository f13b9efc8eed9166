"""The promises of ``save_to``, kept on each object store."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_runway.kie.errors import DownloadError, TargetExistsError, TargetUnwritableError
from airflow_provider_runway.storage.check_target import check_target
from airflow_provider_runway.storage.object_store import ObjectStoreTarget

from .stand_ins import BUCKET, ObjectStore
from .support import OTHER_VIDEO, PICTURE, VIDEO, Ask, Shop, film, media_host, reply, save, video_reply

# More than any of them sends in one request.
LARGE = film(68_000_000)

# aiohttp's advice to gcsfs and adlfs.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly")


def read(uri: str) -> bytes:
    with ObjectStoragePath(uri).open("rb") as file:
        content: bytes = file.read()
        return content


def content_type(object_store: ObjectStore, name: str) -> str:
    info = ObjectStoragePath(object_store.uri(name)).fs.info(f"{BUCKET}/{name}", refresh=True)
    settings = info.get("content_settings") or {}
    return str(info.get("ContentType") or info.get("contentType") or settings["content_type"])


def test_video_and_thumbnail_are_stored_with_their_types(object_store: ObjectStore) -> None:
    def answer(ask: Ask) -> bytes:
        return reply(200, PICTURE) if "poster" in ask.path else video_reply(ask)

    check_target(object_store.uri("night/fox.mp4"), None)
    assert object_store.names() == []
    with media_host(answer) as host:
        saved = save(host.link, object_store.uri("night/fox.mp4"), thumbnail=f"{host.url}/poster")
        assert not save(host.link, object_store.uri("night/fox.mp4")).downloaded
    assert saved.path == object_store.uri("night/fox.mp4")
    assert read(saved.path) == VIDEO
    assert object_store.names() == ["night/fox.mp4", "night/fox.png"]
    assert content_type(object_store, "night/fox.mp4") == "video/mp4"
    assert content_type(object_store, "night/fox.png") == "image/png"


@pytest.mark.parametrize("name", ["a#b.mp4", "a?b=c.mp4", "100%.mp4", "a%20b.mp4", "red fox.mp4", "füchse/狐.mp4"])
def test_a_name_of_any_characters_is_stored_and_read_back(name: str, object_store: ObjectStore) -> None:
    with media_host(video_reply) as host:
        saved = save(host.link, object_store.uri(name))
    assert object_store.names() == [name]
    assert read(saved.path) == VIDEO


@pytest.mark.parametrize("video", [VIDEO, LARGE], ids=["small", "large"])
def test_of_two_tasks_one_stores_its_video_and_the_other_says_what_is_paid(
    video: bytes, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    if object_store.scheme == "gs" and video is LARGE:
        pytest.skip("this stand-in does not know ifGenerationMatch for uploads in parts")
    fs = ObjectStoragePath(object_store.uri("")).fs
    put = fs.put_file

    def put_second(*paths: str, **options: Any) -> None:
        fs.pipe_file(f"{BUCKET}/fox.mp4", OTHER_VIDEO)
        put(*paths, **options)

    monkeypatch.setattr(fs, "put_file", put_second)
    with (
        media_host(lambda ask: video_reply(ask, video)) as host,
        pytest.raises(TargetExistsError, match=r"is paid.*runway_task_id='task-1'"),
    ):
        save(host.link, object_store.uri("fox.mp4"))
    assert read(object_store.uri("fox.mp4")) == OTHER_VIDEO


def test_a_large_video_is_stored_and_replaced(object_store: ObjectStore) -> None:
    with media_host(lambda ask: video_reply(ask, LARGE)) as host:
        save(host.link, object_store.uri("fox.mp4"))
    assert read(object_store.uri("fox.mp4")) == LARGE
    with media_host(video_reply) as host:
        save(host.link, object_store.uri("fox.mp4"), overwrite=True)
    assert read(object_store.uri("fox.mp4")) == VIDEO


def test_a_file_that_is_there_costs_nothing(object_store: ObjectStore) -> None:
    ObjectStoragePath(object_store.uri("")).fs.pipe_file(f"{BUCKET}/fox.mp4", VIDEO)
    with pytest.raises(TargetExistsError, match="Nothing was sent"):
        check_target(object_store.uri("fox.mp4"), None)


def test_a_bucket_that_is_missing_costs_nothing(object_store: ObjectStore) -> None:
    with pytest.raises(TargetUnwritableError, match="Nothing was sent or paid") as caught:
        check_target(object_store.uri("fox.mp4", bucket="missing"), None)
    assert not caught.value.retryable


def test_a_connection_that_is_not_there_costs_nothing(object_store: ObjectStore) -> None:
    with pytest.raises(TargetUnwritableError, match="typo") as caught:
        check_target(object_store.uri("fox.mp4", conn_id="typo"), None)
    assert not caught.value.retryable


def test_a_wrong_key_costs_nothing(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    if object_store.wrong_key is None:
        pytest.skip("this stand-in does not look at keys")
    monkeypatch.setenv("AIRFLOW_CONN_WRONG_KEY", json.dumps(object_store.wrong_key))
    with pytest.raises(TargetUnwritableError, match="Nothing was sent or paid") as caught:
        check_target(object_store.uri("fox.mp4", conn_id="wrong_key"), None)
    assert not caught.value.retryable


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
