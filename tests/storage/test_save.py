from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_runway.kie.errors import (
    DeadLinkError,
    DownloadError,
    NotAVideoError,
    TargetExistsError,
    TargetUnwritableError,
)
from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.publishing import SavedFile
from airflow_provider_runway.storage.target import Draft

from .support import OTHER_VIDEO, PAGE, PICTURE, VIDEO, Ask, media_host, reply, save, video_reply


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_video_is_stored_with_its_size_and_checksum(tmp_path: Path) -> None:
    with media_host(video_reply) as host:
        saved = save(host.link, str(tmp_path / "fox.mp4"))
    assert saved == SavedFile(
        path=f"file://{tmp_path}/fox.mp4",
        size=len(VIDEO),
        sha256=hashlib.sha256(VIDEO).hexdigest(),
        thumbnail_path=None,
        downloaded=True,
    )
    assert (tmp_path / "fox.mp4").read_bytes() == VIDEO
    assert files(tmp_path) == ["fox.mp4"]


def test_a_folder_gets_a_file_named_for_the_task_and_missing_folders_are_made(tmp_path: Path) -> None:
    with media_host(video_reply) as host:
        saved = save(host.link, f"{tmp_path}/a/b/", task_id="task_7")
    assert saved.path == f"file://{tmp_path}/a/b/task_7.mp4"


def test_a_file_scheme_means_the_same_as_none(tmp_path: Path) -> None:
    with media_host(video_reply) as host:
        assert save(host.link, f"file://{tmp_path}/fox.mp4").downloaded
        assert not save(host.link, str(tmp_path / "fox.mp4")).downloaded
    assert files(tmp_path) == ["fox.mp4"]


def test_progress_is_told_up_to_the_last_byte(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with media_host(video_reply) as host:
        save(host.link, str(tmp_path / "fox.mp4"), on_progress=lambda *now: told.append(now))
    assert told == sorted(told)
    assert told[-1] == (len(VIDEO), len(VIDEO))


class TestAFileThatIsThere:
    def test_counts_as_done_if_its_bytes_are_the_video(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(VIDEO)
        before = target.stat()
        with media_host(video_reply) as host:
            saved = save(host.link, str(target))
        assert not saved.downloaded
        assert (saved.size, saved.sha256) == (len(VIDEO), hashlib.sha256(VIDEO).hexdigest())
        assert target.stat().st_ino == before.st_ino
        assert files(tmp_path) == ["fox.mp4"]

    def test_is_known_without_a_download_by_an_etag_that_is_its_md5(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(VIDEO)
        etag = f'"{hashlib.md5(VIDEO).hexdigest()}"'
        # The body never comes whole: reading it would fail.
        with media_host(lambda ask: video_reply(ask, etag=etag, upto=100)) as host:
            saved = save(host.link, str(target))
            assert len(host.asks) == 1
        assert not saved.downloaded

    @pytest.mark.parametrize(
        "spoilt",
        [
            reply(200),
            video_reply(Ask(0, "", {}), VIDEO[:-1000]),
            reply(200, VIDEO, content_type="video/mp4", content_length=len(VIDEO) + 1000),
            reply(200, VIDEO[:5000], content_type="video/mp4"),
        ],
        ids=["empty", "too short", "announced too long", "cut off"],
    )
    def test_is_not_taken_for_another_because_an_answer_is_spoilt(self, tmp_path: Path, spoilt: bytes) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(VIDEO)
        with media_host(lambda ask: video_reply(ask) if ask.number else spoilt) as host:
            saved = save(host.link, str(target))
        assert (saved.downloaded, saved.size) == (False, len(VIDEO))
        assert files(tmp_path) == ["fox.mp4"]

    def test_is_not_taken_for_another_because_a_page_comes_instead(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(VIDEO)
        with media_host(lambda ask: reply(200, PAGE)) as host, pytest.raises(NotAVideoError) as caught:
            save(host.link, str(target))
        assert caught.value.retryable
        assert target.read_bytes() == VIDEO

    def test_is_left_alone_if_its_size_differs(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(b"mine")
        with (
            media_host(video_reply) as host,
            pytest.raises(TargetExistsError, match=r"4 bytes and the video has 300000.*overwrite=True") as caught,
        ):
            save(host.link, str(target))
        assert target.read_bytes() == b"mine"
        assert files(tmp_path) == ["fox.mp4"]
        assert not caught.value.retryable
        assert "task-1" in str(caught.value)

    def test_is_left_alone_if_only_its_bytes_differ(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(OTHER_VIDEO)
        with media_host(video_reply) as host, pytest.raises(TargetExistsError, match="bytes differ"):
            save(host.link, str(target))
        assert target.read_bytes() == OTHER_VIDEO

    def test_is_replaced_on_demand(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(b"old")
        with media_host(video_reply) as host:
            assert save(host.link, str(target), overwrite=True).downloaded
        assert target.read_bytes() == VIDEO

    def test_is_kept_when_the_download_that_should_replace_it_fails(self, tmp_path: Path) -> None:
        target = tmp_path / "fox.mp4"
        target.write_bytes(b"old")
        with media_host(lambda ask: reply(500)) as host, pytest.raises(DownloadError):
            save(host.link, str(target), overwrite=True)
        assert target.read_bytes() == b"old"
        assert files(tmp_path) == ["fox.mp4"]

    @pytest.mark.parametrize("content", [VIDEO, OTHER_VIDEO])
    def test_is_left_alone_even_if_it_came_during_the_download(self, tmp_path: Path, content: bytes) -> None:
        target = tmp_path / "fox.mp4"

        def answer(ask: Ask) -> bytes:
            target.write_bytes(content)
            return video_reply(ask)

        with media_host(answer) as host:
            if content == VIDEO:
                assert not save(host.link, str(target)).downloaded
            else:
                with pytest.raises(TargetExistsError, match="meanwhile"):
                    save(host.link, str(target))
        assert target.read_bytes() == content
        assert files(tmp_path) == ["fox.mp4"]


class TestWhatIsNoVideo:
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (PAGE, "text/html; charset=utf-8"),
            (PAGE, "video/mp4"),
            (b'{"code": 404, "msg": "gone"}', "application/json"),
            (b'{"code": 404, "msg": "gone"}', "application/octet-stream"),
            (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "application/xml"),
            ("Entschuldigung, später!".encode(), ""),
        ],
    )
    def test_is_never_stored(self, tmp_path: Path, body: bytes, content_type: str) -> None:
        with (
            media_host(lambda ask: reply(200, body, content_type=content_type)) as host,
            pytest.raises(NotAVideoError, match="is paid") as caught,
        ):
            save(host.link, str(tmp_path / "fox.mp4"))
        assert caught.value.retryable
        assert files(tmp_path) == []

    def test_is_stored_if_it_is_only_called_so(self, tmp_path: Path) -> None:
        with media_host(lambda ask: reply(200, VIDEO, content_type="text/plain")) as host:
            save(host.link, str(tmp_path / "fox.mp4"))
        assert (tmp_path / "fox.mp4").read_bytes() == VIDEO

    def test_is_stored_if_it_may_be_a_video_of_a_new_kind(self, tmp_path: Path) -> None:
        body = bytes(range(256)) * 4
        with media_host(lambda ask: reply(200, body, content_type="application/octet-stream")) as host:
            assert save(host.link, str(tmp_path / "fox.new")).size == 1024

    def test_is_an_empty_file(self, tmp_path: Path) -> None:
        with media_host(lambda ask: reply(200)) as host, pytest.raises(DownloadError, match="empty"):
            save(host.link, str(tmp_path / "fox.mp4"))
        assert files(tmp_path) == []

    def test_is_a_compressed_body(self, tmp_path: Path) -> None:
        with (
            media_host(lambda ask: reply(200, VIDEO, content_encoding="gzip")) as host,
            pytest.raises(NotAVideoError, match="compressed"),
        ):
            save(host.link, str(tmp_path / "fox.mp4"))


class TestTheThumbnail:
    @pytest.mark.parametrize(
        ("picture", "suffix"),
        [
            (PICTURE, ".png"),
            (b"\xff\xd8\xff\xda\0\2" + PICTURE + b"\xff\xd9", ".jpg"),
            (b"RIFF\0\0\0\0WEBPVP8 " + PICTURE, ".webp"),
            (b"\0\0\0\x1cftypavif" + PICTURE, ".avif"),
        ],
    )
    def test_stands_beside_the_video_with_the_suffix_of_what_it_is(
        self, tmp_path: Path, picture: bytes, suffix: str
    ) -> None:
        def answer(ask: Ask) -> bytes:
            return reply(200, picture) if "poster" in ask.path else video_reply(ask)

        with media_host(answer) as host:
            saved = save(host.link, str(tmp_path / "fox.mp4"), thumbnail=f"{host.url}/poster.png")
        assert saved.thumbnail_path == f"file://{tmp_path}/fox{suffix}"
        assert (tmp_path / f"fox{suffix}").read_bytes() == picture
        assert files(tmp_path) == sorted(["fox.mp4", f"fox{suffix}"])

    @pytest.mark.parametrize("answer", [reply(404), reply(200, PAGE), reply(200, PICTURE[:9], content_length=5000)])
    def test_that_cannot_be_had_is_only_a_warning(
        self, tmp_path: Path, answer: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        with media_host(lambda ask: answer if "poster" in ask.path else video_reply(ask)) as host:
            saved = save(host.link, str(tmp_path / "fox.mp4"), thumbnail=f"{host.url}/poster.png?sig=s3cr3t")
        assert saved.thumbnail_path is None
        assert saved.downloaded
        assert files(tmp_path) == ["fox.mp4"]
        assert "thumbnail of task task-1 is not stored" in caplog.text
        assert "s3cr3t" not in caplog.text

    def test_that_is_there_counts_as_done_and_another_file_is_left_alone(self, tmp_path: Path) -> None:
        def answer(ask: Ask) -> bytes:
            return reply(200, PICTURE) if "poster" in ask.path else video_reply(ask)

        with media_host(answer) as host:
            for content, path in ((PICTURE, f"file://{tmp_path}/fox.png"), (b"mine", None)):
                (tmp_path / "fox.png").write_bytes(content)
                saved = save(host.link, str(tmp_path / "fox.mp4"), thumbnail=f"{host.url}/poster")
                assert saved.thumbnail_path == path
                assert (tmp_path / "fox.png").read_bytes() == content

    def test_never_takes_the_place_of_a_video_of_that_name(self, tmp_path: Path) -> None:
        def answer(ask: Ask) -> bytes:
            return reply(200, PICTURE) if "poster" in ask.path else video_reply(ask)

        with media_host(answer) as host:
            saved = save(host.link, str(tmp_path / "fox.png"), thumbnail=f"{host.url}/poster", overwrite=True)
        assert saved.thumbnail_path is None
        assert (tmp_path / "fox.png").read_bytes() == VIDEO


class TestATargetThatCannotBe:
    def test_is_a_folder_without_a_slash(self, tmp_path: Path) -> None:
        with pytest.raises(TargetUnwritableError, match="a folder is there; with a / at the end") as caught:
            save("http://127.0.0.1:1/", str(tmp_path))
        assert not caught.value.retryable

    def test_is_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with media_host(video_reply) as host, pytest.raises(TargetUnwritableError, match="is paid") as caught:
            save(host.link, str(tmp_path / "file" / "fox.mp4"))
        assert not caught.value.retryable

    @pytest.mark.parametrize("target", ["", "  ", "nosuch://bucket/fox.mp4"])
    def test_names_no_file_that_airflow_can_reach(self, target: str) -> None:
        with pytest.raises(TargetUnwritableError) as caught:
            save("http://127.0.0.1:1/", target)
        assert not caught.value.retryable

    def test_is_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        @contextmanager
        def draft(_: LocalTarget) -> Iterator[Draft]:
            yield Draft(FullDisk(), "nowhere")

        monkeypatch.setattr(LocalTarget, "draft", draft)
        with media_host(video_reply) as host, pytest.raises(TargetUnwritableError, match="No space left") as caught:
            save(host.link, str(tmp_path / "fox.mp4"))
        assert caught.value.retryable
        assert caught.value.task_id == "task-1"


class FullDisk(io.BytesIO):
    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_every_error_says_what_was_paid_and_carries_the_task(tmp_path: Path) -> None:
    for answer in (reply(500), reply(403), reply(200, PAGE)):
        with media_host(lambda ask, answer=answer: answer) as host, pytest.raises(DownloadError) as caught:  # type: ignore[misc]
            save(host.link, str(tmp_path / "fox.mp4"))
        assert "paid" in str(caught.value)
        assert "task-1" in str(caught.value)
        assert "s3cr3t" not in str(caught.value)
        assert caught.value.task_id == "task-1"


def test_a_signed_link_stays_out_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")
    with media_host(lambda ask: video_reply(ask, upto=None if ask.number else 5000)) as host:
        save(host.link, str(tmp_path / "fox.mp4"))
    assert "/video.mp4" in caplog.text
    assert "s3cr3t" not in caplog.text
    assert "signature" not in caplog.text


def test_a_dead_link_is_renewed_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def renew(dead: str) -> str:
        asked.append(dead)
        return f"{host.url}/fresh.mp4"

    with media_host(lambda ask: video_reply(ask) if "fresh" in ask.path else reply(403)) as host:
        assert save(host.link, str(tmp_path / "fox.mp4"), renew=renew).downloaded
    assert asked == [host.link]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_stays_dead_is_a_distinct_error(tmp_path: Path, status: int) -> None:
    with media_host(lambda ask: reply(status)) as host, pytest.raises(DeadLinkError, match="link has died") as caught:
        save(host.link, str(tmp_path / "fox.mp4"), renew=lambda dead: dead)
    assert len(host.asks) == 2
    assert caught.value.http_status == status
    assert files(tmp_path) == []
