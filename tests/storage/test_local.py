from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_runway.kie.errors import TargetExistsError, TargetUnwritableError

from .support import OTHER_VIDEO, VIDEO, Shop, media_host, save, video_reply


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
