"""Stored videos are played by range."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from airflow_provider_runway.plugin import media

from .conftest import Login, option
from .database import Database

BYTES = bytes(range(256)) * 4
ADDRESS = "media/clips/manual__1/video/-1/0"


@pytest.fixture
def stored(database: Database, tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "fox.mp4"
    file.write_bytes(BYTES)
    database.video(saved_to=f"file://{file}", thumbnail_saved_to=str(tmp_path / "fox.jpg"))
    with option("media_roots", str(tmp_path)):
        yield file


def test_a_film_is_played_whole_and_shown_by_its_picture(
    database: Database, tmp_path: Path, viewer: TestClient
) -> None:
    film, picture = tmp_path / "film.mp4", tmp_path / "film-thumbnail.jpg"
    film.write_bytes(BYTES)
    picture.write_bytes(b"jpeg")
    database.task(operator="VideoComposeOperator", return_value={"path": f"file://{film}", "thumbnail": str(picture)})

    with option("media_roots", str(tmp_path)):
        assert viewer.get(ADDRESS).content == BYTES
        assert viewer.get("media/clips/manual__1/video/-1/thumbnail").content == b"jpeg"


def test_it_is_played_whole(stored: Path, viewer: TestClient) -> None:
    answer = viewer.get(ADDRESS, headers={"Accept-Encoding": "identity"})

    assert answer.status_code == 200
    assert answer.content == BYTES
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == "1024"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "expected", "told"),
    [
        ("bytes=0-", BYTES, "bytes 0-1023/1024"),
        ("bytes=0-0", BYTES[:1], "bytes 0-0/1024"),
        ("bytes=100-199", BYTES[100:200], "bytes 100-199/1024"),
        ("bytes=1000-9999", BYTES[1000:], "bytes 1000-1023/1024"),
        ("bytes=-10", BYTES[-10:], "bytes 1014-1023/1024"),
        ("bytes=-9999", BYTES, "bytes 0-1023/1024"),
    ],
)
def test_a_part_is_played(stored: Path, viewer: TestClient, asked: str, expected: bytes, told: str) -> None:
    answer = viewer.get(ADDRESS, headers={"Range": asked})

    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, expected, told)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=-0", "bytes=9999-10000"])
def test_a_part_that_there_is_not_is_refused(stored: Path, viewer: TestClient, asked: str) -> None:
    answer = viewer.get(ADDRESS, headers={"Range": asked})

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("asked", ["", "bytes=", "bytes=-", "bytes=5-1", "bytes=0-1,5-6", "lines=1-2", "bytes=x-y"])
def test_what_is_no_range_gets_all(stored: Path, viewer: TestClient, asked: str) -> None:
    answer = viewer.get(ADDRESS, headers={"Range": asked})

    assert (answer.status_code, answer.content) == (200, BYTES)


@given(st.from_regex(r"bytes=[0-9,-]{0,25}", fullmatch=True))
def test_no_range_breaks_it(stored: Path, viewer: TestClient, asked: str) -> None:
    answer = viewer.get(ADDRESS, headers={"Range": asked})

    assert answer.status_code in {200, 206, 416}
    assert answer.status_code == 416 or answer.content in BYTES


def test_it_can_be_asked_about(stored: Path, viewer: TestClient) -> None:
    answer = viewer.head(ADDRESS)
    of_a_part = viewer.head(ADDRESS, headers={"Range": "bytes=0-9"})

    assert (answer.status_code, answer.headers["content-length"]) == (200, "1024")
    assert (of_a_part.status_code, of_a_part.headers["content-length"]) == (206, "10")


def test_who_only_asks_about_it_has_nothing_read(
    stored: Path, viewer: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "_blocks", None)

    assert viewer.head(ADDRESS).status_code == 200


def test_each_file_of_a_job_is_played_and_the_thumbnail(database: Database, viewer: TestClient, tmp_path: Path) -> None:
    names = ["job-1.mp4", "job-2.png", "job-3.html", "job-4.svg", "job-5"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    files = [str(tmp_path / name) for name in names]
    database.video(saved_to=files[0], saved_files=files, thumbnail_saved_to=files[1])

    with option("media_roots", str(tmp_path)):
        found = [viewer.get(f"media/clips/manual__1/video/-1/{which}") for which in [*range(7), "thumbnail"]]

    assert [answer.text for answer in found[:6]] == [names[0], *names]
    assert found[6].status_code == 404
    assert found[7].headers["content-type"] == "image/png"
    assert [answer.headers["content-type"].split(";")[0] for answer in found[3:6]] == ["application/octet-stream"] * 3
    assert {answer.headers["content-disposition"] for answer in found[3:6]} == {"attachment"}


@pytest.mark.parametrize(
    "forged",
    ["/etc/passwd", "file:///etc/passwd", "s3://other/x.mp4", "http://127.0.0.1:1/x", "", None, 7, ["/etc/passwd"], {}],
    ids=repr,
)
def test_a_forged_result_reads_no_file(database: Database, viewer: TestClient, tmp_path: Path, forged: Any) -> None:
    database.video(saved_to=forged, saved_files=[forged], thumbnail_saved_to=forged)

    with option("media_roots", str(tmp_path)):
        for which in ("0", "1", "thumbnail"):
            assert viewer.get(f"media/clips/manual__1/video/-1/{which}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("media/clips/manual__1/video/-1/1", 404),
        ("media/clips/manual__1/video/-1/99999", 422),
        ("media/clips/manual__1/video/-1/-1", 422),
        ("media/clips/manual__1/video/-1/%2e%2e", 422),
        ("media/clips/manual__1/video/0/0", 404),
        ("media/clips/manual__1/video/x/0", 422),
        ("media/clips/manual__1/other/-1/0", 404),
        ("media/clips/a%00b/video/-1/0", 422),
        ("media/none/manual__1/video/-1/0", 404),
        ("media/clips/..%2f..%2fetc/passwd/-1/0", 404),
    ],
)
def test_another_address_plays_nothing(stored: Path, viewer: TestClient, path: str, status: int) -> None:
    assert viewer.get(path).status_code == status


def test_without_roots_nothing_is_played(stored: Path, viewer: TestClient) -> None:
    with option("media_roots", ""):
        assert viewer.get(ADDRESS).status_code == 404


def test_a_file_that_is_gone_is_not_there(stored: Path, viewer: TestClient) -> None:
    stored.unlink()

    assert viewer.get(ADDRESS).status_code == 404


def test_who_may_not_read_the_dag_gets_none_of_it(stored: Path, login: Login) -> None:
    assert login("nobody").get(ADDRESS).status_code == 403
    assert login(None).get(ADDRESS).status_code == 401
