"""A film is made of clips: what comes of it is decoded by another library."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from clips import clip, ffmpeg, picture, seen, tone
from fakes import fake_context
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_runway.exceptions import FilmError, InvalidRequestError
from airflow_provider_runway.film.ffmpeg import find_ffmpeg
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


@pytest.mark.parametrize("seconds", [1, 0.5, 0.1])
def test_clips_with_sound_are_joined_as_they_are(tmp_path: Path, seconds: float) -> None:
    clips = [str(clip(seconds, color="red", tone=440)), str(clip(seconds, color="blue", tone=880))] * 2

    film = seen(compose(tmp_path, clips=clips, loudness=None)["path"])

    assert film.seconds == pytest.approx(4 * seconds, abs=0.1)
    assert len(film.pictures) == 4 * 10 * seconds
    if seconds == 1:
        assert [film.loud(at, at + 0.6, 880) > film.loud(at, at + 0.6, 440) for at in (0.2, 1.2, 3.2)] == [0, 1, 1]


def test_clips_with_pictures_at_irregular_times_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "irregular.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=60:d=2")
    ffmpeg(*source, "-vf", "select='not(mod(n,7))+gt(n,90)'", "-fps_mode", "vfr", str(path))
    count = len(seen(path).pictures)

    result = compose(tmp_path, clips=[str(path)] * 3)

    assert len(seen(result["path"]).pictures) == 3 * count
    assert result["duration"] == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize("room", [16_384, 0], ids=["enough room", "too little"])
def test_a_film_begins_with_what_a_player_needs_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: int
) -> None:
    monkeypatch.setattr("airflow_provider_runway.film.command._INDEX", room)

    compose(tmp_path, clips=[str(clip()), str(clip(color="blue"))])

    data = (tmp_path / "film.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert ("+faststart" in caplog.text) == (not room)
    assert len(seen(tmp_path / "film.mp4").pictures) == 20


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


def test_a_logo_as_flat_as_a_line_is_seen(tmp_path: Path) -> None:
    overlay = {"source": str(picture(size="4000x2")), "position": "center", "width": 1}

    film = seen(compose(tmp_path, clips=[str(clip())], overlay=overlay)["path"])

    assert any(not near(film.color(0.5, y=y / 90), RED) for y in range(90))


def test_two_formats_are_made_of_the_same_clips(tmp_path: Path) -> None:
    clips = [str(clip(0.5)), str(clip(0.5, size="90x160", color="blue"))]
    sizes = {}
    for ratio, fit in (("16:9", "blur"), ("9:16", "crop")):
        result = compose(tmp_path, clips=clips, aspect_ratio=ratio, fit=fit, save_to=f"{tmp_path}/{fit}.mp4")
        film = seen(result["path"])
        sizes[ratio] = film.size
        assert [near(film.color(at, 0.5), color) for at, color in ((0.2, RED), (0.7, BLUE))] == [True] * 2
        assert near(film.color(0.7, 0.05), BLUE)  # no black bar, either way

    assert sizes == {"16:9": (160, 90), "9:16": (90, 160)}


def test_a_part_of_a_clip_is_used(tmp_path: Path) -> None:
    result = compose(tmp_path, clips=[str(clip(2)), str(clip(1, color="blue"))], trim=[(0.5, 1.0), None], fps=10)

    film = seen(result["path"])
    assert film.seconds == pytest.approx(1.5, abs=0.05)
    assert near(film.color(1), BLUE)


def test_a_part_of_a_clip_without_an_index_begins_where_it_should(tmp_path: Path) -> None:
    halves = tmp_path / "halves.ts"  # with one picture alone that needs no other: its first
    parts = [
        option for color in ("red", "blue") for option in ("-f", "lavfi", "-i", f"color={color}:s=160x90:r=10:d=1")
    ]
    sound = ("-f", "lavfi", "-i", "sine=f=440:d=1")
    ffmpeg(*parts, *sound, "-filter_complex", "concat=n=2", "-g", "99", "-sc_threshold", "0", str(halves))

    result = compose(tmp_path, clips=[str(halves)], trim=(0.5, 1.5))

    film = seen(result["path"])
    assert film.seconds == pytest.approx(1, abs=0.05)
    assert (near(film.color(0.2), RED), near(film.color(0.8), BLUE)) == (True, True)
    assert film.loud(0.05, 0.45, 440) > film.loud(0.6, 0.95, 440) + 30


def test_captions_as_a_track_leave_the_pictures_as_they_are(tmp_path: Path) -> None:
    text = "1\n00:00:00,100 --> 00:00:00,900\nHello\n"

    result = compose(tmp_path, clips=[str(clip())], subtitles=text, burn_subtitles=False, save_to=f"{tmp_path}/f.mov")

    assert seen(result["path"]).streams == ["video", "subtitle"]
    assert (tmp_path / "f.mov").read_bytes()[4:12] == b"ftypqt  "


def test_the_sound_of_a_film_is_brought_to_one_loudness(tmp_path: Path) -> None:
    result = compose(tmp_path, clips=[str(clip(4, tone=1000))])

    with_rms = seen(result["path"]).loud(1, 3, 1000)
    assert with_rms == pytest.approx(-14 + 3.0 - 3.0, abs=2.5)  # K-weighting leaves 1 kHz as it is


def test_a_film_is_made_anew_when_its_clips_have_changed_and_the_task_is_the_same(tmp_path: Path) -> None:
    compose(tmp_path, clips=[str(clip())])

    assert compose(tmp_path, clips=[str(clip(color="blue"))])["duration"] == 1.0
    assert near(seen(tmp_path / "film.mp4").color(0.5), BLUE)
    other = VideoComposeOperator(task_id="other", clips=[str(clip())], save_to=str(tmp_path / "film.mp4"))
    context = fake_context()
    context["ti"].task_id = "other"
    with pytest.raises(AirflowFailException, match=r"TargetExistsError: There is a file at .*, and this task did not"):
        other.execute(context)
    assert near(seen(tmp_path / "film.mp4").color(0.5), BLUE)


def test_pictures_that_are_missing_beside_a_finished_film_are_made(tmp_path: Path) -> None:
    first = compose(tmp_path, clips=[str(clip())])
    (tmp_path / "film-last.png").unlink()

    assert compose(tmp_path, clips=[str(clip())]) == first
    assert (tmp_path / "film-last.png").exists()


def test_a_picture_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "film-last.png").write_bytes(b"mine")

    with pytest.raises(AirflowFailException, match=r"film-last.png already, where a picture") as raised:
        compose(tmp_path, clips=[str(clip())])
    assert [path.name for path in tmp_path.glob("film*")] == ["film-last.png"]
    assert "This task pays nothing." in str(raised.value)

    compose(tmp_path, clips=[str(clip())], overwrite=True)

    assert (tmp_path / "film-last.png").read_bytes() != b"mine"


def test_films_go_into_object_stores_and_are_found_there(tmp_path: Path) -> None:
    attach(protocol="memory", fs=MemoryFileSystem())
    place = "memory://bucket/films/film.mp4"

    first = compose(tmp_path, clips=[str(clip())], save_to=place)

    assert ObjectStoragePath(first["path"]).stat().st_size == first["size"]
    assert ObjectStoragePath(first["last_frame"]).exists()
    assert compose(tmp_path, clips=[str(clip())], save_to=place) == first


def test_200_clips_are_one_film(tmp_path: Path) -> None:
    short = [str(clip(0.1)), str(clip(0.1, color="blue"))]

    result = compose(tmp_path, clips=[short[number % 2] for number in range(200)])

    assert result["duration"] == pytest.approx(20, abs=0.1)
    assert len(seen(result["path"]).pictures) == 200


def test_clips_of_one_picture_and_of_different_shapes_are_all_seen(tmp_path: Path) -> None:
    short = [str(clip(0.1)), str(clip(0.1, size="90x160", color="blue"))]

    result = compose(tmp_path, clips=short * 5, size="32x18", fit="crop")

    film = seen(result["path"])
    assert len(film.pictures) == 20  # ffmpeg tells the length of none that has less than two
    assert [near(film.color(at / 10), BLUE) for at in (1, 3, 17, 19)] == [False, True, False, True]


def bad(folder: Path) -> Mapping[str, tuple[dict[str, Any], str]]:
    """Inputs that no film can be made of, and what is said of them."""
    (folder / "empty.mp4").touch()
    (folder / "cut.mp4").write_bytes(clip().read_bytes()[:-50])
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    (folder / "page.mp4").write_text("<html>Not found</html>")
    (folder / "words.srt").write_text("no times")
    (folder / "logo.png").write_bytes(picture().read_bytes()[:60])
    good, mute = str(clip()), str(clip(0.5))
    return {
        "missing": ({"clips": [good, f"{folder}/no.mp4"]}, r"clip 2 \(.*no.mp4\) cannot be read \(FileNotFoundError"),
        "empty": ({"clips": [good, f"{folder}/empty.mp4"]}, r"clip 2 \(.*\) is empty: it has 0 bytes"),
        "cut off": ({"clips": [f"{folder}/cut.mp4"]}, r"clip 1 \(.*\) is cut off"),
        "broken": ({"clips": [good, f"{folder}/broken.mp4"]}, r"clip 2 \(.*\) is broken: ffmpeg cannot read it"),
        "a page": ({"clips": [f"{folder}/page.mp4"]}, r"clip 1 \(.*\) is not a video"),
        "sound alone": ({"clips": [str(tone())]}, r"clip 1 \(.*\) has no pictures"),
        "one picture": (
            {"clips": [good, str(clip(0.1))], "transition": 0.5},
            r"clip 2 \(.*\) is too short: it has 0\.1 s",
        ),
        "silent audio": ({"clips": [good], "audio": mute}, r"audio \(.*\) has no sound"),
        "captions": ({"clips": [good], "subtitles": f"{folder}/words.srt"}, r"subtitles \(.*\) are no captions"),
        "late captions": (
            {"clips": [good], "subtitles": [{"start": 9, "end": 10, "text": "x"}]},
            "No caption begins within the film",
        ),
        "broken logo": (
            {"clips": [good], "overlay": f"{folder}/logo.png"},
            r"overlay \(.*logo.png\) is broken: ffmpeg cannot read it",
        ),
        "logo": ({"clips": [good], "overlay": good}, r"overlay \(.*\) is not a PNG, JPG or WebP picture"),
        "elsewhere": (
            {"clips": ["/etc/passwd"]},
            r"clips\[0\] must be a file below the folders of \[runway\] media_roots",
        ),
        "no clips": ({"clips": "{{ none }}"}, "clips must be"),
    }


@pytest.mark.parametrize(
    "what",
    [
        *("missing", "empty", "cut off", "broken", "a page", "sound alone", "one picture", "silent audio", "captions"),
        *("late captions", "broken logo", "logo", "elsewhere", "no clips"),
    ],
)
def test_a_bad_input_is_named_and_nothing_is_left_at_the_target(tmp_path: Path, what: str) -> None:
    values, said = bad(tmp_path)[what]

    with pytest.raises(AirflowFailException, match=said):
        compose(tmp_path, **values)
    assert list(tmp_path.glob("*film*")) == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_captions_in_another_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "words.srt").write_bytes("1\n00:00:00,000 --> 00:00:00,500\nCafé\n".encode(encoding))

    compose(tmp_path, clips=[str(clip())], subtitles=f"{tmp_path}/words.srt", burn_subtitles=False)

    assert "Café".encode() in (tmp_path / "film.mp4").read_bytes()


def test_where_no_font_is_installed_it_is_said_before_anything_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(f"<?xml version='1.0'?><fontconfig><dir>{tmp_path}/none</dir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts))
    words = [{"start": 0, "end": 1, "text": "Hello"}]

    with pytest.raises(AirflowFailException, match=r"No font is installed where this task runs.*fonts-dejavu-core"):
        compose(tmp_path, clips=[str(clip())], subtitles=words)
    assert "libx264" not in caplog.text
    assert compose(tmp_path, clips=[str(clip())], subtitles=words, burn_subtitles=False)["duration"] == 1


def test_what_is_said_in_each_clip_is_seen_with_it(tmp_path: Path) -> None:
    clips = [str(clip(1)), str(clip(1, color="blue"))]

    compose(tmp_path, clips=clips, subtitles=("one", None), burn_subtitles=False)

    data = (tmp_path / "film.mp4").read_bytes()
    assert b"one" in data
    with pytest.raises(AirflowFailException, match="subtitles must be one for each of 2 clips; got '3 texts'"):
        compose(tmp_path, clips=clips, subtitles=["a", "b", "c"], save_to=f"{tmp_path}/other.mp4")


def impostor(folder: Path, monkeypatch: pytest.MonkeyPatch, on_film: str) -> None:
    """An ffmpeg on PATH that does something else when it is to make the film."""
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir()
    script = (
        f"import os, sys, signal\nif '-map_metadata' in sys.argv:\n    {on_film}\n"
        f"os.execv({find_ffmpeg()!r}, ['ffmpeg', *sys.argv[1:]])\n"
    )
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


@pytest.mark.parametrize(
    ("on_film", "said", "error"),
    [
        (
            "print('av_interleaved_write_frame(): No space left on device', file=sys.stderr); sys.exit(228)",
            r"There is no room for the film in /.*, where it is made \(\d+ MiB are free\)\. Make room there",
            FilmError,
        ),
        ("os.kill(os.getpid(), signal.SIGKILL)", r"ffmpeg was ended by signal 9\. .*run out of memory", FilmError),
        ("print('[x @ 0x1] What is this?', file=sys.stderr); sys.exit(1)", "What is this", AirflowFailException),
        (
            "print(\"No such filter: 'ass'\", file=sys.stderr); sys.exit(1)",
            "lacks what this film",
            AirflowFailException,
        ),
        ("sys.exit(0)", r"The film has 0 s and not 1 s\.", AirflowFailException),
    ],
    ids=["full disk", "killed", "fails", "too old", "writes nothing"],
)
def test_an_ffmpeg_that_dies_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_film: str, said: str, error: type[Exception]
) -> None:
    impostor(tmp_path, monkeypatch, on_film)

    with pytest.raises(error, match=said):
        compose(tmp_path, clips=[str(clip())])
    assert list(tmp_path.glob("*film*")) == []


def test_without_an_ffmpeg_it_says_how_to_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [str(clip())]
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)

    with pytest.raises(AirflowFailException, match=r"There is no ffmpeg on PATH\. Install ffmpeg"):
        compose(tmp_path, clips=clips)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"clips": []}, "clips must be at least one clip"),
        ({"clips": ["a.mp4"]}, "clips"),
        ({"clips": None}, "clips"),
        ({"save_to": "/films/film.avi"}, "save_to must name the film's file"),
        ({"save_to": "/films/"}, "save_to must name the film's file"),
        ({"size": "big"}, "size"),
        ({"aspect_ratio": "wide"}, "aspect_ratio"),
        ({"fit": "stretch"}, "fit"),
        ({"transition": "dissolve"}, "transition"),
        ({"music": {"source": "/a.mp3", "loud": 1}}, "music must have source"),
        ({"overlay": {"source": "/a.png", "opacity": 3}}, "overlay"),
        ({"subtitles": [{"text": "x"}]}, "subtitles must be captions"),
        ({"subtitle_style": {"colour": "x"}}, "subtitle_style"),
        ({"timeout": 0}, "timeout"),
        ({"overwrite": "yes"}, "overwrite"),
        ({"burn_subtitles": None}, "burn_subtitles"),
    ],
)
def test_a_wrong_literal_is_an_error_of_the_dag(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        VideoComposeOperator(task_id="film", **{"clips": ["/a.mp4"], "save_to": "/films/film.mp4", **values})


def test_size_and_aspect_ratio_do_not_stand_together(tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="aspect_ratio must not stand beside size"):
        compose(tmp_path, clips=[str(clip())], size="160x90", aspect_ratio="1:1")


def test_a_film_tells_where_it_came_from_and_where_it_is(tmp_path: Path) -> None:
    operator = VideoComposeOperator(task_id="film", clips=[str(clip())], save_to=str(tmp_path / "film.mp4"))

    assert operator.execute(fake_context()).keys() == FilmResult.__annotations__.keys()
    operator.on_kill()  # nothing runs any more
