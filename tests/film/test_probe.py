from __future__ import annotations

from pathlib import Path

import pytest
from clips import clip, tone
from clips import ffmpeg as run

from airflow_provider_runway.exceptions import FilmError
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg
from airflow_provider_runway.film.inputs import Brought
from airflow_provider_runway.film.probe import check_letters, failed, first_broken, lacking, probe, unusable
from airflow_provider_runway.film.sources import Media, read_source


def brought(ffmpeg: Ffmpeg, path: Path, number: int = 1, media: Media = "video") -> Brought:
    name = f"clip-{number:03d}{path.suffix}"
    (Path(ffmpeg.folder) / name).symlink_to(path)
    return Brought(read_source(f"clip {number}", "clips", media, str(path)), name, "")


def test_each_of_many_files_is_known_by_one_run(ffmpeg: Ffmpeg) -> None:
    files = [clip(tone=440), clip(size="90x160", fps=25), clip(suffix=".webm")]

    known = probe(ffmpeg, [brought(ffmpeg, file, number) for number, file in enumerate(files, 1)])

    videos = [each.facts.video for each in known]
    assert [(each.codec, each.shown, float(each.fps)) for each in videos if each] == [
        ("h264", (160, 90), 10),
        ("h264", (90, 160), 25),
        ("vp9", (160, 90), 10),
    ]
    assert [each.facts.sound is not None for each in known] == [True, False, False]
    assert [float(each.facts.seconds or 0) for each in known] == pytest.approx([1, 1, 1], abs=0.05)


def test_more_files_than_one_run_is_asked_about_are_all_known(ffmpeg: Ffmpeg) -> None:
    known = probe(ffmpeg, [brought(ffmpeg, clip(), number) for number in range(1, 61)])

    assert [each.name.split(" (")[0] for each in known] == [f"clip {number}" for number in range(1, 61)]


def test_the_broken_one_of_many_is_named(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    files = [brought(ffmpeg, clip(), 1), brought(ffmpeg, broken, 2), brought(ffmpeg, clip(), 3)]

    with pytest.raises(FilmError, match=r"^clip 2 \(.*broken.mp4\) is broken: ffmpeg cannot read it \("):
        probe(ffmpeg, files)


def test_a_file_that_does_not_say_how_long_it_is_is_read_to_its_end(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    endless = tmp_path / "live.mkv"
    run("-i", str(clip(2)), "-c", "copy", "-f", "matroska", "-live", "1", str(endless))

    [known] = probe(ffmpeg, [brought(ffmpeg, endless)])

    assert float(known.facts.seconds or 0) == pytest.approx(2, abs=0.11)


def test_a_clip_without_pictures_and_an_audio_without_sound_are_named(ffmpeg: Ffmpeg) -> None:
    with pytest.raises(FilmError, match=r"clip 1 \(.*\) has no pictures"):
        probe(ffmpeg, [brought(ffmpeg, tone(), 1)])
    with pytest.raises(FilmError, match=r"clip 2 \(.*\) has no sound"):
        probe(ffmpeg, [brought(ffmpeg, clip(), 2, "sound")])


@pytest.mark.parametrize("playlist", ["#EXTM3U\n#EXTINF:1,\n{file}\n", "ffconcat version 1.0\nfile {file}\n"])
def test_a_list_of_other_files_is_no_clip(ffmpeg: Ffmpeg, tmp_path: Path, playlist: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text(playlist.format(file=clip()))

    with pytest.raises(FilmError, match=r"clip 1 .* is broken"):
        probe(ffmpeg, [brought(ffmpeg, path)])


def test_the_first_file_with_a_fault_in_it_is_found(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    data = bytearray(clip(2, color="blue").read_bytes())
    start = data.index(b"mdat") + 4
    size = int.from_bytes(data[start - 8 : start - 4], "big") - 8
    data[start + size // 2 : start + size] = b"\xff" * (size - size // 2)
    spoilt = tmp_path / "spoilt.mp4"
    spoilt.write_bytes(data)
    known = probe(ffmpeg, [brought(ffmpeg, clip(), 1), brought(ffmpeg, spoilt, 2)])

    error = first_broken(ffmpeg, known)

    assert error is not None
    assert error.summary.startswith("clip 2 (")
    assert first_broken(ffmpeg, known[:1]) is None


@pytest.mark.parametrize(
    "printed",
    [
        "[AVFilterGraph @ 0x1] No such filter: 'xfade'",
        "Unknown encoder 'libx264'",
        "[amix @ 0x1] Option 'normalize' not found",
    ],
)
def test_an_ffmpeg_that_is_too_old_is_known_and_told_what_to_do_about(printed: str) -> None:
    error = lacking("/usr/bin/ffmpeg", Ended(1, f"{printed}\nError initializing complex filters.\nInvalid argument"))

    assert error is not None
    assert error.summary.startswith("/usr/bin/ffmpeg lacks what this film needs (")
    assert "Install ffmpeg 4.4 or later" in error.detail
    assert lacking("/usr/bin/ffmpeg", Ended(1, "Invalid argument")) is None


def test_an_ffmpeg_that_was_killed_is_no_broken_clip() -> None:
    error = unusable("clip 1", Ended(-9, ""))

    assert error.summary == "ffmpeg was ended by signal 9."
    assert error.retryable


def test_what_ffmpeg_said_last_is_told_without_where_it_said_it() -> None:
    printed = "[in#0/mov @ 0x5] Invalid data found\n[v#0:0 @ 0x6] Task finished with error code: -1\nConversion failed!"

    assert failed(Ended(183, printed)).summary == "ffmpeg has failed: Invalid data found."
    assert failed(Ended(183, "")).summary == "ffmpeg has failed: exit code 183."


def test_letters_that_no_font_has_are_named(
    ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = "[x @ 0x1] fontselect: failed to find any fallback with glyph 0x{} for font: (DejaVu Sans, 400, 0)"
    monkeypatch.setattr(Ffmpeg, "run", lambda *_, **__: Ended(0, said.format("72D0") + "\n" + said.format("1F98A")))

    check_letters(ffmpeg, "letters.ass")
    assert "No font that is installed here has these letters of the captions: 狐 🦊" in caplog.text

    monkeypatch.setattr(Ffmpeg, "run", lambda *_, **__: Ended(0, said.format("0")))
    with pytest.raises(FilmError, match="No font is installed"):
        check_letters(ffmpeg, "letters.ass")
