from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from clips import clip
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from airflow_provider_runway.exceptions import FilmError, InvalidRequestError, TargetExistsError
from airflow_provider_runway.film import frames
from airflow_provider_runway.film.ffmpeg import find_ffmpeg
from airflow_provider_runway.film.frame_file import FrameStorer, StoredFrame, read_moment


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Callable[..., StoredFrame]:
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", str(clip().parent))
    return FrameStorer(find_ffmpeg(), lambda: None).store  # type: ignore[arg-type, return-value] # nobody is asked


def test_a_picture_is_stored_as_its_name_says(store: Callable[..., StoredFrame], tmp_path: Path) -> None:
    for name, kind in (("last.png", "PNG"), ("last.jpg", "JPEG")):
        stored = store(str(clip()), tmp_path / name)

        assert (stored.path, stored.width, stored.height) == (f"file://{tmp_path}/{name}", 160, 90)
        with Image.open(tmp_path / name) as picture:
            assert picture.format == kind


def test_the_same_picture_is_stored_once_and_another_file_is_left_alone(
    store: Callable[..., StoredFrame], tmp_path: Path
) -> None:
    place = tmp_path / "last.png"
    first = store(str(clip()), place)

    assert store(str(clip()), place) == first
    with pytest.raises(TargetExistsError, match="was left alone"):
        store(str(clip(color="blue")), place)
    assert store(str(clip(color="blue")), place, overwrite=True).sha256 != first.sha256


def test_a_picture_goes_into_an_object_store(store: Callable[..., StoredFrame]) -> None:
    attach(protocol="memory", fs=MemoryFileSystem())

    stored = store(str(clip()), ObjectStoragePath("memory://bucket/frames/last.png"))

    assert len(ObjectStoragePath(stored.path).read_bytes()) == stored.size


def test_one_that_kie_would_not_take_is_stored_as_a_jpg(
    store: Callable[..., StoredFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "LARGEST_PICTURE", 10)

    assert store(str(clip()), tmp_path / "last.png").path == f"file://{tmp_path}/last.jpg"


@pytest.mark.parametrize("at", [None, "first", -1, "x", float("nan"), True])
def test_a_moment_that_is_none_is_refused(at: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"^at must be 'last'"):
        read_moment(at)


def test_a_place_that_is_no_picture_is_refused(store: Callable[..., StoredFrame], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"^save_to must end with \.png or \.jpg"):
        store(str(clip()), tmp_path / "last.mp4")


def test_an_empty_video_is_named(store: Callable[..., StoredFrame], tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(FilmError, match=r"^video \(.*empty.mp4\) is empty"):
        store(str(tmp_path / "empty.mp4"), tmp_path / "last.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.mp4", "temporary"]
