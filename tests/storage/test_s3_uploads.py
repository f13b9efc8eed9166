"""What is stored in S3, which moto plays on a socket, through the library that Airflow reaches it through."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import store

from airflow_provider_runway.kie.errors import TargetExistsError, TargetUnwritableError
from airflow_provider_runway.storage import s3_uploads
from airflow_provider_runway.storage.check_target import check_target
from airflow_provider_runway.storage.temporary_drafts import temporary_draft

from .stand_ins import BUCKET, keys
from .support import OTHER_VIDEO, PICTURE, VIDEO, Ask, film, media_host, reply, save, video_reply

# More than s3fs sends in one request.
LARGE = film(17_500_000)
PART = 5_242_880


def content(s3: Any, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def test_video_and_thumbnail_are_stored_with_their_types(s3: Any, tmp_path: Path) -> None:
    def answer(ask: Ask) -> bytes:
        return reply(200, PICTURE) if "poster" in ask.path else video_reply(ask)

    with media_host(answer) as host:
        saved = save(host.link, "s3://films/night/fox.mp4", thumbnail=f"{host.url}/poster")
    assert saved.path == "s3://films/night/fox.mp4"
    assert saved.thumbnail_path == "s3://films/night/fox.png"
    assert content(s3, "night/fox.mp4") == VIDEO
    assert s3.head_object(Bucket=BUCKET, Key="night/fox.mp4")["ContentType"] == "video/mp4"
    assert s3.head_object(Bucket=BUCKET, Key="night/fox.png")["ContentType"] == "image/png"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["a#b.mp4", "a?b=c.mp4", "100%.mp4", "a%20b.mp4", "red fox.mp4", "füchse/狐.mp4", "a+b&c;d.mp4", "a@b:c.mp4"],
)
def test_a_name_of_any_characters_is_stored_and_read_back(name: str, s3: Any) -> None:
    with media_host(video_reply) as host:
        saved = save(host.link, f"s3://films/{name}")
        assert keys(s3) == [name]
        with ObjectStoragePath(saved.path).open("rb") as file:
            assert file.read() == VIDEO
        assert not save(host.link, f"s3://films/{name}").downloaded


class TestTwoTasksWithOneTarget:
    @pytest.mark.parametrize("video", [VIDEO, LARGE], ids=["in one request", "in parts"])
    def test_one_stores_its_video_and_the_other_says_what_is_paid(
        self, video: bytes, s3: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.another_is_first(s3, OTHER_VIDEO, monkeypatch)
        with (
            media_host(lambda ask: video_reply(ask, video)) as host,
            pytest.raises(TargetExistsError, match=r"is paid.*pays nothing: give it runway_task_id='task-1'") as caught,
        ):
            save(host.link, "s3://films/fox.mp4")
        assert caught.value.task_id == "task-1"
        assert not caught.value.retryable
        assert content(s3, "fox.mp4") == OTHER_VIDEO
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)

    def test_the_same_video_counts_as_stored(self, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.another_is_first(s3, VIDEO, monkeypatch)
        with media_host(video_reply) as host:
            assert not save(host.link, "s3://films/fox.mp4").downloaded

    def another_is_first(self, s3: Any, video: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another task stores its video after this one has seen that there is none."""
        fs = store._STORE_CACHE["s3"].fs
        put = fs.put_file

        def put_second(*paths: str, **options: Any) -> None:
            s3.put_object(Bucket=BUCKET, Key="fox.mp4", Body=video)
            put(*paths, **options)

        monkeypatch.setattr(fs, "put_file", put_second)

    def test_what_another_has_written_over_it_is_never_removed(self, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        fs = store._STORE_CACHE["s3"].fs
        put = fs.put_file

        def put_and_be_overwritten(*paths: str, **options: Any) -> None:
            put(*paths, **options)
            s3.put_object(Bucket=BUCKET, Key="fox.mp4", Body=b"another task's video")

        monkeypatch.setattr(fs, "put_file", put_and_be_overwritten)
        with media_host(video_reply) as host, pytest.raises(TargetUnwritableError, match="another task") as caught:
            save(host.link, "s3://films/fox.mp4", overwrite=True)
        assert caught.value.task_id == "task-1"
        assert "is paid" in str(caught.value)
        assert content(s3, "fox.mp4") == b"another task's video"

    def test_overwriting_replaces(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="fox.mp4", Body=OTHER_VIDEO)
        with media_host(video_reply) as host:
            assert save(host.link, "s3://films/fox.mp4", overwrite=True).downloaded
        assert content(s3, "fox.mp4") == VIDEO


class TestBeforePaying:
    def test_a_probe_leaves_nothing(self, s3: Any, tmp_path: Path) -> None:
        check_target("s3://films/night/fox.mp4", None)
        check_target("s3://films/", None)
        assert keys(s3) == []
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_is_there_is_found(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="fox.mp4", Body=VIDEO)
        with pytest.raises(TargetExistsError, match="Nothing was sent"):
            check_target("s3://films/fox.mp4", None)
        check_target("s3://films/fox.mp4", [hashlib.sha256(VIDEO).hexdigest()])
        assert content(s3, "fox.mp4") == VIDEO

    @pytest.mark.parametrize("target", ["s3://missing/fox.mp4", "s3://missing/", "s3://X/fox.mp4", "s3://films"])
    def test_a_bucket_that_is_missing_or_none_is_refused_for_good(self, target: str, s3: Any) -> None:
        with pytest.raises(TargetUnwritableError, match="Nothing was sent or paid") as caught:
            check_target(target, None)
        assert not caught.value.retryable

    def test_rights_to_read_alone_are_refused_for_good(self, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        fs = store._STORE_CACHE["s3"].fs
        actual = fs._call_s3

        async def guarded(method: str, *arguments: Any, **options: Any) -> Any:
            if method in ("put_object", "create_multipart_upload"):
                raise PermissionError("Access Denied")
            return await actual(method, *arguments, **options)

        monkeypatch.setattr(fs, "_call_s3", guarded)
        with pytest.raises(TargetUnwritableError, match="Access Denied") as caught:
            check_target("s3://films/fox.mp4", None)
        assert not caught.value.retryable


class TestUploadsThatWereCutOff:
    @pytest.fixture
    def begun(self, s3: Any) -> Callable[[str], str]:
        """Begins an upload in parts, and goes away."""

        def begin(key: str) -> str:
            upload: str = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
            s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=bytes(PART))
            return upload

        return begin

    def left(self, s3: Any) -> list[str]:
        return sorted(upload["Key"] for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()))

    def test_are_aborted_by_the_next_try_once_no_part_comes(
        self, s3: Any, begun: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun("fox.mp4")
        begun("fox.mp4.old")
        monkeypatch.setattr(s3_uploads, "QUIET", timedelta(seconds=-60))
        with media_host(video_reply) as host:
            save(host.link, "s3://films/fox.mp4")
        assert self.left(s3) == ["fox.mp4.old"]

    def test_are_left_alone_while_they_may_live(self, s3: Any, begun: Callable[[str], str]) -> None:
        begun("fox.mp4")
        with media_host(video_reply) as host:
            save(host.link, "s3://films/fox.mp4")
        assert self.left(s3) == ["fox.mp4"]

    def test_are_aborted_at_once_where_the_killed_process_has_left_its_draft(
        self, s3: Any, begun: Callable[[str], str], tmp_path: Path
    ) -> None:
        with temporary_draft("s3://films/fox.mp4", ".mp4") as draft:
            killed = Path(draft.path).name
        (tmp_path / killed).write_bytes(b"half")
        begun("fox.mp4")
        with media_host(video_reply) as host:
            save(host.link, "s3://films/fox.mp4")
        assert self.left(s3) == []
        assert list(tmp_path.iterdir()) == []

    def test_that_may_not_be_listed_keep_no_video_from_being_stored(
        self, s3: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fs = store._STORE_CACHE["s3"].fs
        actual = fs.call_s3

        def guarded(method: str, *arguments: Any, **options: Any) -> Any:
            if "multipart" in method:
                raise PermissionError("Access Denied")
            return actual(method, *arguments, **options)

        monkeypatch.setattr(fs, "call_s3", guarded)
        with media_host(video_reply) as host:
            save(host.link, "s3://films/fox.mp4")
        assert content(s3, "fox.mp4") == VIDEO
