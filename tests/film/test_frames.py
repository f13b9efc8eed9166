from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from clips import clip
from clips import ffmpeg as run
from PIL import Image

from airflow_provider_runway.exceptions import FilmError
from airflow_provider_runway.film import frames
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg
from airflow_provider_runway.film.frames import frame_at, last_and_shown, last_frame
from airflow_provider_runway.film.inputs import Brought
from airflow_provider_runway.film.probe import probe
from airflow_provider_runway.film.sources import read_source
from airflow_provider_runway.film.timeline import Media


def looked_at(ffmpeg: Ffmpeg, path: Path) -> Media:
    (Path(ffmpeg.folder) / "video.mp4").symlink_to(path)
    return probe(ffmpeg, [Brought(read_source("video", "video", "video", str(path)), "video.mp4", "")])[0]


def color(ffmpeg: Ffmpeg, name: str) -> tuple[int, ...]:
    with Image.open(Path(ffmpeg.folder) / name) as picture:
        found = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(found, tuple)
    return tuple(round(part / 255) for part in found)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that is red for a second, blue for one, and ends with one lime picture."""
    path = tmp_path_factory.mktemp("halves") / "video.mp4"
    parts = ["-i", str(clip(color="red")), "-i", str(clip(color="blue")), "-i", str(clip(0.1, color="lime"))]
    run(*parts, "-filter_complex", "concat=n=3", "-g", "100", str(path))
    return path


def test_the_last_picture_is_the_very_last(ffmpeg: Ffmpeg, halves: Path) -> None:
    assert color(ffmpeg, last_frame(ffmpeg, looked_at(ffmpeg, halves), "last")) == (0, 1, 0)


@pytest.mark.parametrize(("seconds", "seen"), [(0, (1, 0, 0)), (0.95, (1, 0, 0)), (1.5, (0, 0, 1)), (2.05, (0, 1, 0))])
def test_any_picture_is_that_of_its_time(ffmpeg: Ffmpeg, halves: Path, seconds: float, seen: tuple[int, ...]) -> None:
    video = looked_at(ffmpeg, halves)

    assert color(ffmpeg, frame_at(ffmpeg, video, Fraction(str(seconds)), "frame")) == seen


def test_any_picture_of_a_video_without_an_index_is_that_of_its_time(
    ffmpeg: Ffmpeg, halves: Path, tmp_path: Path
) -> None:
    run("-i", str(halves), "-c", "copy", str(tmp_path / "halves.ts"))
    (Path(ffmpeg.folder) / "video").symlink_to(tmp_path / "halves.ts")
    source = read_source("video", "video", "video", str(tmp_path / "halves.ts"))
    [video] = probe(ffmpeg, [Brought(source, "video", "")])

    assert color(ffmpeg, frame_at(ffmpeg, video, Fraction(1, 2), "frame")) == (1, 0, 0)
    assert color(ffmpeg, last_frame(ffmpeg, video, "last")) == (0, 1, 0)


def test_a_picture_for_which_there_is_no_room_says_nothing_against_the_video(
    ffmpeg: Ffmpeg, halves: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = looked_at(ffmpeg, halves)
    printed = "av_interleaved_write_frame(): No space left on device\nError muxing a packet"
    monkeypatch.setattr(Ffmpeg, "run", lambda *_, **__: Ended(1, printed))

    with pytest.raises(FilmError, match="does not fit into the folder for temporary files") as raised:
        last_frame(ffmpeg, video, "last")
    assert raised.value.retryable


def test_a_picture_after_the_end_is_refused(ffmpeg: Ffmpeg, halves: Path) -> None:
    with pytest.raises(FilmError, match=r"video \(.*\) has 2\.1 s, and no picture at 9 s"):
        frame_at(ffmpeg, looked_at(ffmpeg, halves), Fraction(9), "frame")


def test_a_video_of_one_picture_has_a_last_one_and_one_to_show_it_by(ffmpeg: Ffmpeg) -> None:
    video = looked_at(ffmpeg, clip(0.04, fps=25))

    assert [color(ffmpeg, name) for name in last_and_shown(ffmpeg, video, video, Fraction(1))] == [(1, 0, 0)] * 2


def test_the_last_picture_and_another_are_made_at_once(ffmpeg: Ffmpeg, halves: Path) -> None:
    video = looked_at(ffmpeg, halves)

    names = last_and_shown(ffmpeg, video, video, Fraction(3, 2))

    assert names == ("last.png", "thumbnail.jpg")
    assert [color(ffmpeg, name) for name in names] == [(0, 1, 0), (0, 0, 1)]


def test_the_last_picture_is_found_where_the_sound_is_longer(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    run("-i", str(clip()), "-f", "lavfi", "-i", "sine=d=14", "-c:v", "copy", str(path))
    video = looked_at(ffmpeg, path)

    assert color(ffmpeg, last_frame(ffmpeg, video, "last")) == (1, 0, 0)
    assert color(ffmpeg, frame_at(ffmpeg, video, Fraction(5), "frame")) == (1, 0, 0)
    assert [color(ffmpeg, name) for name in last_and_shown(ffmpeg, video, video, Fraction(5))] == [(1, 0, 0)] * 2


def test_a_picture_that_is_too_large_for_kie_becomes_a_jpg(ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LARGEST_PICTURE", 10)

    name = last_frame(ffmpeg, looked_at(ffmpeg, clip()), "last")

    with Image.open(Path(ffmpeg.folder) / name) as picture:
        assert (name, picture.format, picture.size) == ("last.jpg", "JPEG", (160, 90))


def test_a_picture_has_square_pixels_and_is_turned_as_the_video_is_shown(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    run("-i", str(clip()), "-vf", "setsar=2/1", str(path))

    with Image.open(Path(ffmpeg.folder) / last_frame(ffmpeg, looked_at(ffmpeg, path), "last")) as picture:
        assert picture.size == (320, 90)
