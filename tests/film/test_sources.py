from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.film.sources import read_clips, read_source, read_voices

VIDEO = {
    "task_id": "t-1",
    "kind": "aleph",
    "state": "success",
    "video_url": "https://host/a.mp4",
    "saved_to": "s3://bucket/a.mp4",
    "sha256": "ab",
}
JOB = {
    "task_id": "t-2",
    "kind": "job",
    "state": "success",
    "video_url": None,
    "result_urls": ["https://host/cover.jpg", "https://host/song.mp3", "https://host/song.mp4"],
    "saved_to": None,
    "saved_files": [],
}


def test_a_result_is_read_from_its_stored_file_and_else_from_its_link() -> None:
    source = read_source("clip 1", "clips[0]", "video", VIDEO)

    assert (source.paths, source.links) == (("s3://bucket/a.mp4",), ("https://host/a.mp4",))
    assert (source.task_id, source.kind, source.identity) == ("t-1", "aleph", "sha256 ab")


def test_of_a_job_the_file_is_taken_that_is_what_is_looked_for() -> None:
    assert read_source("music", "music", "sound", JOB).links == ("https://host/song.mp3",)
    assert read_source("music", "music", "sound", JOB).position == 1
    assert read_source("clip 1", "clips", "video", JOB).links == ("https://host/song.mp4",)
    assert read_source("overlay", "overlay", "picture", JOB).links == ("https://host/cover.jpg",)
    stored = {**JOB, "saved_to": "/v/2-1.jpg", "saved_files": ["/v/2-1.jpg", "/v/2-2.mp3"]}
    assert read_source("music", "music", "sound", stored).paths[0] == "/v/2-2.mp3"
    assert read_source("music", "music", "sound", stored).sha256 is None


@pytest.mark.parametrize(
    ("value", "paths", "links"),
    [
        ("/srv/a.mp4", ("/srv/a.mp4",), ()),
        ("s3://conn@bucket/a.mp4", ("s3://conn@bucket/a.mp4",), ()),
        ("https://host/a.mp4?sig=1", (), ("https://host/a.mp4?sig=1",)),
        (Path("/srv/a.mp4"), ("/srv/a.mp4",), ()),
        (ObjectStoragePath("file:///srv/a.mp4"), ("file:///srv/a.mp4",), ()),
        ({"path": "/srv/a.mp4"}, ("/srv/a.mp4",), ()),
        ({"url": "https://host/a.mp4"}, (), ("https://host/a.mp4",)),
    ],
)
def test_paths_and_links_are_read(value: Any, paths: tuple[str, ...], links: tuple[str, ...]) -> None:
    source = read_source("clip 1", "clips", "video", value)

    assert (source.paths, source.links) == (paths, links)


@pytest.mark.parametrize(
    "value", [None, "", " ", "None", "a.mp4", "../a.mp4", 5, b"/srv/a.mp4", {}, {"state": "success"}, "/a\nb.mp4", True]
)
def test_what_is_neither_result_nor_path_nor_link_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^clips"):
        read_clips([value])


def test_a_result_that_was_not_waited_for_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="must be finished"):
        read_clips([{**VIDEO, "state": "submitted"}])


def test_clips_may_be_one_many_or_lists_within_a_list() -> None:
    class Lazy:
        """What Airflow gives of a mapped task."""

        def __iter__(self) -> Any:
            return iter([VIDEO, VIDEO])

    assert len(read_clips(VIDEO)) == 1
    assert len(read_clips(Lazy())) == 2
    assert [each.name for each in read_clips(["/intro.mp4", Lazy(), ("/outro.mp4",)])] == [
        f"clip {number}" for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("value", [[], [[]], None, [VIDEO, None]])
def test_a_film_of_nothing_or_with_a_gap_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^clips"):
        read_clips(value)


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(InvalidRequestError, match=r"^clips"):
        read_clips(endless)


def test_the_voice_over_is_one_or_one_for_each_clip() -> None:
    assert [each and each.name for each in read_voices("/v.mp3", 3)] == ["audio"]
    assert [each and each.name for each in read_voices([None, "/v.mp3"], 2)] == [None, "audio 2"]
    assert read_voices(None, 2) == ()
    with pytest.raises(InvalidRequestError, match="one for each of 3 clips"):
        read_voices(["/v.mp3", "/w.mp3"], 3)


def test_a_link_is_shown_and_told_from_others_without_what_signs_it() -> None:
    signature = "X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Signature=s"
    source = read_source("clip 1", "clips", "video", f"https://host/a.mp4?{signature}")

    assert source.label == "clip 1 (https://host/a.mp4)"
    assert source.identity == "link https://host/a.mp4"


def test_only_its_bytes_tell_a_file_from_another() -> None:
    assert read_source("clip 1", "clips", "video", "s3://bucket/a.mp4").identity is None
