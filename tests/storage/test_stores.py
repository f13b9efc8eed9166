"""What is promised of files in object storage, on each object store."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import store
from fakes import PIXEL, GivenTime, fake_context
from operators.support import Task

from airflow_provider_runway.exceptions import RunwayError
from airflow_provider_runway.kie.errors import (
    RecordsFolderError,
    TargetExistsError,
    TargetUnwritableError,
    UnreadableFileError,
)
from airflow_provider_runway.operators.upload import RunwayUploadOperator
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage import records
from airflow_provider_runway.storage.check_target import check_target
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder
from airflow_provider_runway.storage.sources import read_source
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

from .stand_ins import BUCKET, ObjectStore
from .support import OTHER_VIDEO, PICTURE, VIDEO, Ask, large_video, media_host, reply, save, video_reply

# aiohttp's advice to gcsfs and adlfs.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly")
TESTS = Path(__file__).parents[1]
FOX = Coordinates(dag_id="foxes", run_id="manual__1", task_id="make")


def file_system(object_store: ObjectStore) -> Any:
    return ObjectStoragePath(object_store.uri("")).fs


def content(object_store: ObjectStore, name: str) -> bytes:
    with ObjectStoragePath(object_store.uri(name)).open("rb") as file:
        read: bytes = file.read()
        return read


def content_type(object_store: ObjectStore, name: str) -> str:
    info = file_system(object_store).info(f"{BUCKET}/{name}", refresh=True)
    settings = info.get("content_settings") or {}
    return str(info.get("ContentType") or info.get("contentType") or settings["content_type"])


class TestSaving:
    def test_video_and_thumbnail_are_stored_with_their_types(self, object_store: ObjectStore, temporary: Path) -> None:
        def answer(ask: Ask) -> bytes:
            return reply(200, PICTURE) if "poster" in ask.path else video_reply(ask)

        check_target(object_store.uri("night/fox.mp4"), None)
        check_target(object_store.uri("night/"), None)
        assert object_store.names() == []
        with media_host(answer) as host:
            saved = save(host.link, object_store.uri("night/fox.mp4"), thumbnail=f"{host.url}/poster")
            assert not save(host.link, object_store.uri("night/fox.mp4")).downloaded
        assert saved.path == object_store.uri("night/fox.mp4")
        assert content(object_store, "night/fox.mp4") == VIDEO
        assert object_store.names() == ["night/fox.mp4", "night/fox.png"]
        assert content_type(object_store, "night/fox.mp4") == "video/mp4"
        assert content_type(object_store, "night/fox.png") == "image/png"
        assert list(temporary.iterdir()) == []

    @pytest.mark.parametrize(
        "name",
        ["a#b.mp4", "a?b=c.mp4", "100%.mp4", "a%20b.mp4", "red fox.mp4", "füchse/狐.mp4", "a+b&c;d.mp4", "a@b:c.mp4"],
    )
    def test_a_name_of_any_characters_is_stored_and_read_back(self, name: str, object_store: ObjectStore) -> None:
        with media_host(video_reply) as host:
            saved = save(host.link, object_store.uri(name))
            assert object_store.names() == [name]
            assert ObjectStoragePath(saved.path).read_bytes() == VIDEO
            assert not save(host.link, object_store.uri(name)).downloaded

    def test_a_large_video_is_stored_and_replaced(self, object_store: ObjectStore) -> None:
        with media_host(lambda ask: video_reply(ask, large_video())) as host:
            save(host.link, object_store.uri("fox.mp4"))
        assert content(object_store, "fox.mp4") == large_video()
        with media_host(video_reply) as host:
            save(host.link, object_store.uri("fox.mp4"), overwrite=True)
        assert content(object_store, "fox.mp4") == VIDEO

    def test_a_download_that_is_cut_is_resumed(self, object_store: ObjectStore) -> None:
        def answer(ask: Ask) -> bytes:
            return video_reply(ask, large_video(), upto=(ask.number + 1) * 20_000_000)

        with media_host(answer) as host:
            save(host.link, object_store.uri("fox.mp4"))
        assert [ask.start for ask in host.asks] == [0, 20_000_000, 40_000_000, 60_000_000]
        assert content(object_store, "fox.mp4") == large_video()


class TestTwoTasksWithOneTarget:
    @pytest.mark.parametrize("video", [lambda: VIDEO, large_video], ids=["small", "large"])
    def test_one_stores_its_video_and_the_other_says_what_is_paid(
        self, video: Callable[[], bytes], object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if object_store.scheme == "gs" and video is large_video:
            pytest.skip("fake-gcs-server does not know ifGenerationMatch for uploads in parts")
        self.another_is_first(object_store, OTHER_VIDEO, monkeypatch)
        with (
            media_host(lambda ask: video_reply(ask, video())) as host,
            pytest.raises(TargetExistsError, match=r"is paid.*pays nothing: give it runway_task_id='task-1'") as caught,
        ):
            save(host.link, object_store.uri("fox.mp4"))
        assert caught.value.task_id == "task-1"
        assert not caught.value.retryable
        assert content(object_store, "fox.mp4") == OTHER_VIDEO
        assert object_store.unfinished() == []

    def test_the_same_video_counts_as_stored(self, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.another_is_first(object_store, VIDEO, monkeypatch)
        with media_host(video_reply) as host:
            assert not save(host.link, object_store.uri("fox.mp4")).downloaded

    def another_is_first(self, object_store: ObjectStore, video: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another task stores its video after this one has seen that there is none."""
        fs = file_system(object_store)
        put = fs.put_file

        def put_second(*paths: str, **options: Any) -> None:
            fs.pipe_file(f"{BUCKET}/fox.mp4", video)
            put(*paths, **options)

        monkeypatch.setattr(fs, "put_file", put_second)

    def test_what_another_has_written_over_it_is_never_removed(
        self, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fs = file_system(object_store)
        put = fs.put_file

        def put_and_be_overwritten(*paths: str, **options: Any) -> None:
            put(*paths, **options)
            fs.pipe_file(f"{BUCKET}/fox.mp4", b"another task's video")

        monkeypatch.setattr(fs, "put_file", put_and_be_overwritten)
        with media_host(video_reply) as host, pytest.raises(TargetUnwritableError, match="another task") as caught:
            save(host.link, object_store.uri("fox.mp4"), overwrite=True)
        assert caught.value.task_id == "task-1"
        assert "is paid" in str(caught.value)
        assert content(object_store, "fox.mp4") == b"another task's video"


class TestBeforePaying:
    def test_a_file_that_is_there_is_found(self, object_store: ObjectStore) -> None:
        file_system(object_store).pipe_file(f"{BUCKET}/fox.mp4", VIDEO)
        with pytest.raises(TargetExistsError, match="Nothing was sent"):
            check_target(object_store.uri("fox.mp4"), None)
        check_target(object_store.uri("fox.mp4"), [hashlib.sha256(VIDEO).hexdigest()])
        assert content(object_store, "fox.mp4") == VIDEO

    @pytest.mark.parametrize("target", ["{}@missing/fox.mp4", "{}@missing/", "{}@X/fox.mp4", f"{{}}@{BUCKET}"])
    def test_a_bucket_that_is_missing_or_none_is_refused_for_good(self, target: str, object_store: ObjectStore) -> None:
        with pytest.raises(TargetUnwritableError, match="Nothing was sent or paid") as caught:
            check_target(f"{object_store.scheme}://{target.format('films_store')}", None)
        assert not caught.value.retryable

    def test_a_connection_that_is_not_there_is_refused_for_good(self, object_store: ObjectStore) -> None:
        with pytest.raises(TargetUnwritableError, match="typo") as caught:
            check_target(object_store.uri("fox.mp4", conn_id="typo"), None)
        assert not caught.value.retryable

    @pytest.mark.parametrize("parameters", [{"save_to": "fox.mp4"}, {"image_url": "fox.png", "aspect_ratio": None}])
    def test_a_task_whose_key_or_bucket_is_wrong_pays_nothing(
        self, kie: Sandbox, given_time: GivenTime, object_store: ObjectStore, wrong_key: str, parameters: dict[str, Any]
    ) -> None:
        parameter, name = next(iter(parameters.items()))
        for uri in (object_store.uri(name, conn_id=wrong_key), object_store.uri(name, bucket="missing")):
            with pytest.raises((AirflowFailException, UnreadableFileError)):
                Task(None, **{**parameters, parameter: uri}).run()
        assert kie.ledger.charges == ()

    def test_a_wrong_key_is_refused_for_good_and_at_once(self, object_store: ObjectStore, wrong_key: str) -> None:
        pauses: list[float] = []
        attempts: list[Callable[[], object]] = [
            lambda: check_target(object_store.uri("fox.mp4", conn_id=wrong_key), None),
            lambda: read_source(object_store.uri("fox.png", conn_id=wrong_key)),
            RecordsFolder(object_store.uri("records", conn_id=wrong_key), sleep=pauses.append).check,
            RecordsFolder(object_store.uri("records", bucket="missing"), sleep=pauses.append).check,
        ]
        for attempt in attempts:
            with pytest.raises(RunwayError) as caught:
                attempt()
            assert not caught.value.retryable
        assert pauses == []


@pytest.fixture
def wrong_key(
    object_store: ObjectStore,
    start: Callable[[str], ObjectStore],
    running_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """The id of a connection whose key is refused."""
    if object_store.scheme == "gs":  # gcsfs tries for half a minute whether Google thinks better of it

        async def no_pause(_seconds: float) -> None: ...

        monkeypatch.setattr("gcsfs.retry.asyncio", SimpleNamespace(sleep=no_pause))
    with object_store.refusing() as connection:
        monkeypatch.setenv("AIRFLOW_CONN_WRONG_KEY", json.dumps(connection))
        start(running_name)
        yield "wrong_key"
    store._STORE_CACHE.pop(f"{object_store.scheme}-wrong_key", None)


class TestTasks:
    def test_an_operator_and_the_transfer_store_the_video_and_pay_once(
        self, kie: Sandbox, given_time: GivenTime, object_store: ObjectStore
    ) -> None:
        result = Task(save_to=object_store.uri("films/")).run()
        name = f"films/{result['task_id']}.mp4"
        assert result["saved_to"] == object_store.uri(name)
        assert object_store.names() == [name]

        def transfer(**wishes: Any) -> dict[str, Any]:
            return RunwayToObjectStorageOperator(
                task_id="store", runway_task_id=result["task_id"], save_to=object_store.uri("copies/fox.mp4"), **wishes
            ).execute(fake_context())

        stored = transfer(thumbnail=True)
        assert stored["sha256"] == hashlib.sha256(content(object_store, "copies/fox.mp4")).hexdigest()
        assert transfer()["sha256"] == stored["sha256"]
        assert object_store.names() == ["copies/fox.mp4", "copies/fox.png", name]
        assert content(object_store, "copies/fox.mp4") == content(object_store, name)
        file_system(object_store).pipe_file(f"{BUCKET}/copies/fox.mp4", b"mine")
        with pytest.raises(AirflowFailException, match="Another file is at"):
            transfer()
        assert content(object_store, "copies/fox.mp4") == b"mine"
        assert len(kie.ledger.charges) == 1

    def test_a_picture_in_a_bucket_is_uploaded(
        self, kie: Sandbox, given_time: GivenTime, object_store: ObjectStore
    ) -> None:
        file_system(object_store).pipe_file(f"{BUCKET}/fox.png", PIXEL)
        uploaded = RunwayUploadOperator(task_id="upload", path=object_store.uri("fox.png")).execute(fake_context())
        assert httpx.get(uploaded["url"], trust_env=False).content == PIXEL
        assert Task(image_url=object_store.uri("fox.png"), aspect_ratio=None).run()["state"] == "success"


class TestRecords:
    @pytest.fixture(autouse=True)
    def unchecked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records, "_CHECKED", set())

    def test_of_two_that_record_the_same_submission_one_sends_it(self, object_store: ObjectStore) -> None:
        one, other = (RecordsFolder(object_store.uri("records")) for _ in range(2))
        one.check()
        other.check()
        assert one.entries(FOX) == other.entries(FOX) == []
        assert one.create(FOX, 1, "one", {"stage": "intent"})
        assert not other.create(FOX, 1, "other", {"stage": "intent"})
        one.add_outcome(FOX, 1, "one", "try 1", {"stage": "submitted", "task_id": "task-1"})
        [entry] = other.entries(FOX)
        assert (entry.nonce, entry.latest) == ("one", {"stage": "submitted", "task_id": "task-1"})

    def test_a_record_whose_reply_was_lost_is_ones_own(
        self, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fs = file_system(object_store)
        pipe = fs.pipe_file
        lost = iter([True])

        def pipe_and_lose(*arguments: Any, **options: Any) -> None:
            pipe(*arguments, **options)
            if next(lost, False):
                raise ConnectionError("reset")

        folder = RecordsFolder(object_store.uri("records"), sleep=lambda _seconds: None)
        monkeypatch.setattr(fs, "pipe_file", pipe_and_lose)
        assert folder.create(FOX, 1, "one", {"stage": "intent"})
        assert next(lost, None) is None
        assert folder.create(FOX, 1, "one", {"stage": "intent"})
        assert not folder.create(FOX, 1, "other", {"stage": "intent"})

    def test_a_folder_in_a_bucket_that_is_missing_is_refused_before_anything_is_sent(
        self, kie: Sandbox, given_time: GivenTime, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        missing = object_store.uri("records", bucket="missing")
        with pytest.raises(RecordsFolderError, match="Nothing was sent") as caught:
            RecordsFolder(missing).check()
        assert not caught.value.retryable
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", missing)
        with pytest.raises(AirflowFailException, match="missing"):
            Task().run()
        assert kie.ledger.charges == ()

    def test_a_task_whose_process_dies_finds_its_video_in_the_next(
        self, kie: Sandbox, given_time: GivenTime, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", object_store.uri("records"))
        task = Task(save_to=object_store.uri("films/"), has_store=False)
        task.start()
        assert task.run()["state"] == "success"
        assert len(kie.ledger.charges) == 1


class TestProcesses:
    @contextmanager
    def saving(self, temporary: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "storage.saving", *arguments],
            cwd=TESTS,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def test_one_that_is_killed_as_it_writes_leaves_nothing_to_see_and_the_next_removes_the_rest(
        self, object_store: ObjectStore, temporary: Path
    ) -> None:
        with media_host(lambda ask: video_reply(ask, large_video())) as host:
            with self.saving(temporary, "stick", host.link, object_store.uri("fox.mp4")) as process:
                assert process.stdout
                assert "stuck\n" in process.stdout  # which it says among what is logged
            assert process.returncode == -signal.SIGKILL
            assert object_store.names() == []
            assert len(list(temporary.iterdir())) == 1
            if object_store.scheme != "gs":  # which never lists them
                assert set(object_store.unfinished()) == {"fox.mp4"}
            assert save(host.link, object_store.uri("fox.mp4")).downloaded
        assert content(object_store, "fox.mp4") == large_video()
        assert object_store.names() == ["fox.mp4"]
        assert object_store.unfinished() == []
        assert list(temporary.iterdir()) == []

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_a_video_of_200_mebibytes_grows_memory_by_less_than_80(
        self, object_store: ObjectStore, temporary: Path
    ) -> None:
        large = VIDEO + bytes(209_715_200 - len(VIDEO))
        with (
            media_host(lambda ask: video_reply(ask, large if "large" in ask.path else VIDEO)) as host,
            self.saving(temporary, "measure", host.url, object_store.uri("fox")) as process,
        ):
            said, _ = process.communicate()
        assert process.returncode == 0
        [grown] = re.findall(r"^MiB: (\d+)$", said, re.MULTILINE)
        assert int(grown) < 80
