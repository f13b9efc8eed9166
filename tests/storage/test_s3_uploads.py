"""What is only S3's: uploads in parts that nobody ends, and its own refusals. The rest is in ``test_stores.py``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.io import store

from airflow_provider_runway.kie.errors import TargetUnwritableError
from airflow_provider_runway.storage import s3_uploads
from airflow_provider_runway.storage.check_target import check_target
from airflow_provider_runway.storage.temporary_drafts import temporary_draft

from .stand_ins import BUCKET
from .support import VIDEO, media_host, save, video_reply

PART = 5_242_880


def content(s3: Any, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def test_rights_to_read_alone_are_refused_for_good(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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
