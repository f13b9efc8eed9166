"""A film is made of clips: what comes of it is decoded by another library."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from clips import clip, picture, seen, tone
from fakes import fake_context

from airflow_provider_runway.operators.compose import FilmResult, VideoComposeOperator

RED, LIME, BLUE = (254, 0, 0), (0, 255, 0), (0, 0, 254)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clips may be read; the folder for temporary files is empty after each test."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("AIRFLOW__RUNWAY__MEDIA_ROOTS", str(clip().parent))
    yield
    assert list(temporary.iterdir()) == []


def compose(folder: Path, **values: Any) -> FilmResult:
    values.setdefault("save_to", str(folder / "film.mp4"))
    return VideoComposeOperator(task_id="film", **values).execute(fake_context())


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 30) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def test_clips_that_are_alike_are_joined_as_they_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    result = compose(tmp_path, clips=[str(clip(color=color)) for color in ("red", "lime", "blue")])

    film = seen(result["path"])
    assert (film.seconds, film.fps, film.size, film.streams) == (3.0, 10, (160, 90), ["video"])
    assert [near(film.color(at), color) for at, color in ((0.5, RED), (1.5, LIME), (2.5, BLUE))] == [True] * 3
    data = Path(tmp_path / "film.mp4").read_bytes()
    assert result == {
        "path": f"file://{tmp_path}/film.mp4",
        "duration": 3.0,
        "width": 160,
        "height": 90,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "last_frame": f"file://{tmp_path}/film-last.png",
        "thumbnail": f"file://{tmp_path}/film-thumbnail.jpg",
        "schema_version": 1,
    }


def test_a_voice_over_is_heard_and_captions_are_seen_where_they_belong(tmp_path: Path) -> None:
    result = compose(
        tmp_path,
        clips=[str(clip(2)), str(clip(1, size="90x160", fps=15))],
        audio=[None, str(tone(1))],
        subtitles=[{"start": 0, "end": 1, "text": "MMMMMMMM"}],
        subtitle_style={"size": 0.2},
    )

    film = seen(result["path"])
    assert film.seconds == pytest.approx(3, abs=0.05)
    assert film.loud(2.2, 2.8, 440) > film.loud(0.5, 1.5, 440) + 40
    letters = [any(near(film.color(at, x / 100, 0.85), (255, 255, 255)) for x in range(100)) for at in (0.5, 1.5)]
    assert letters == [True, False]
    assert near(film.color(2.5, 0.1), (0, 0, 0))
    assert near(film.color(2.5, 0.5), RED)


def test_a_retry_that_finds_the_finished_film_returns_it(tmp_path: Path) -> None:
    first = compose(tmp_path, clips=[str(clip())])
    made = (tmp_path / "film.mp4").stat().st_mtime_ns

    assert compose(tmp_path, clips=[str(clip())]) == first
    assert (tmp_path / "film.mp4").stat().st_mtime_ns == made


def test_another_file_at_the_target_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"mine")

    with pytest.raises(AirflowFailException, match="TargetExistsError"):
        compose(tmp_path, clips=[str(clip())])
    assert (tmp_path / "film.mp4").read_bytes() == b"mine"


def test_a_logo_music_and_a_crossfade(tmp_path: Path) -> None:
    result = compose(
        tmp_path,
        clips=[str(clip(2, color="red", tone=300)), str(clip(2, color="blue"))],
        transition=0.5,
        music={"source": str(tone(1, hertz=880)), "volume": 0.5},
        overlay={"source": str(picture()), "position": "top-left", "width": 0.25},
    )

    film = seen(result["path"])
    assert film.seconds == pytest.approx(3.5, abs=0.05)
    assert near(film.color(1, 0.1, 0.1), LIME)
    assert near(film.color(1.75), (127, 0, 127), by=45)
    assert film.loud(2.2, 3, 880) > film.loud(0.3, 1, 880) + 6  # it was ducked under the clip's own sound
