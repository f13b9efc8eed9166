from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from airflow_provider_runway.film.command import Film, check_arguments, film_arguments, probe_arguments
from airflow_provider_runway.film.picture_filters import Logo
from airflow_provider_runway.film.timeline import Media, Trim, lay_out

from .support import media, sound, video

LINE = lay_out([media(1), media(2)])


def film(line: Any = LINE, **facts: Any) -> Film:
    return Film(line=line, **{"size": (1280, 720), **facts})


def arguments(one: Film) -> Sequence[str]:
    return film_arguments(one, output="/out/-film.mp4", format="mp4", comment="c")


def value(given: Sequence[str], option: str) -> str:
    return given[given.index(option) + 1]


def test_clips_that_are_alike_are_joined_without_being_encoded() -> None:
    given = arguments(film())

    assert value(given, "-c:v") == "copy"
    assert "-filter_complex" not in given
    assert film().join_list == "ffconcat version 1.0\nfile clip-001.mp4\nfile clip-002.mp4\n"


@pytest.mark.parametrize(
    "one",
    [
        film(lay_out([media(1), media(2, extradata="39, 0x2")])),
        film(lay_out([media(1), media(2, time_base="1/90000")])),
        film(lay_out([media(1), media(2, rotation=90)])),
        film(lay_out([media(1), media(2, sound=True)])),
        film(lay_out([media(1), media(2)], crossfade=Fraction(1))),
        film(lay_out([media(1), media(2)], fps=Fraction(30))),
        film(lay_out([media(1), media(2)], trims=[Trim(Fraction(1)), Trim()])),
        film(lay_out([media(1), media(2)], voice=sound(1, 30))),
        film(lay_out([media(1, codec="vp9"), media(2, codec="vp9")])),
        film(size=(640, 360)),
        film(logo=(Media(name="overlay", file="logo.png", facts=media(1).facts), Logo())),
        film(captions="captions.ass"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_has_to_be_changed_is_encoded(one: Film) -> None:
    assert not one.is_joined
    assert value(arguments(one), "-c:v") == "libx264"


def test_room_is_left_for_the_index_of_every_packet() -> None:
    line = lay_out([media(1, sound=True), media(2, sound=True)])

    given = film_arguments(film(line), output="/out/-film.mp4", format="mp4", comment="c", reserves=True)

    assert int(value(given, "-moov_size")) > (10 * 24 + 10 * 48_000 / 1024) * 30
    assert "-movflags" not in given
    assert value(arguments(film(line)), "-movflags") == "+faststart"


def test_captions_as_a_track_need_no_encoding() -> None:
    given = arguments(film(captions="captions.srt", burnt_in=False))

    assert value(given, "-c:v") == "copy"
    assert value(given, "-c:s") == "mov_text"


def test_sound_that_stays_as_it_is_is_not_encoded_either() -> None:
    line = lay_out([media(1, sound=True), media(2, sound=True)])

    assert value(arguments(film(line)), "-c:a") == "copy"
    louder = arguments(film(line, loudness=-14))
    assert (value(louder, "-c:v"), value(louder, "-c:a")) == ("copy", "aac")


def test_a_film_of_silent_clips_has_no_sound_to_be_levelled() -> None:
    assert "-c:a" not in arguments(film(loudness=-14))


def test_clips_that_are_alike_are_decoded_as_one_however_many_there_are() -> None:
    line = lay_out([media(number) for number in range(1, 201)])

    given = arguments(film(line, captions="captions.ass"))

    assert given.count("-i") == 1
    assert value(given, "-i") == "file:clips.txt"


def test_every_input_is_a_file_and_of_a_format_that_names_no_other() -> None:
    line = lay_out([media(1, sound=True), media(2, width=720, height=1280)], voices=[sound(1), None])
    logo = Media(name="overlay", file="logo.png", facts=media(1).facts)
    one = film(line, voices=[sound(1), None], music=sound(2), logo=(logo, Logo()), captions="x.srt", burnt_in=False)

    for given in (arguments(one), probe_arguments(["clip-001.mp4", "clip-002.mp4"]), check_arguments("clip-001.mp4")):
        places = [place for place, argument in enumerate(given) if argument == "-i"]
        for before, place in pairwise([0, *places]):
            options = given[before:place]
            assert value(options, "-protocol_whitelist") == "file"
            assert not {"hls", "concat", "dash", "image2", "lavfi"} & set(
                value(options, "-format_whitelist").split(",")
            )
            assert given[place + 1].startswith("file:")
    assert arguments(one)[-1] == "file:/out/-film.mp4"


def test_inputs_and_what_is_mapped_have_the_same_numbers() -> None:
    line = lay_out([media(1, sound=True), media(2, width=720, height=1280)], voices=[sound(1), None])
    logo = Media(name="overlay", file="logo.png", facts=media(1).facts)
    one = film(line, voices=[None, sound(2)], music=sound(3), logo=(logo, Logo()), captions="x.srt", burnt_in=False)

    given = arguments(one)

    files = [given[place + 1] for place, argument in enumerate(given) if argument == "-i"]
    assert files == [f"file:{name}" for name in ("clip-001.mp4", "clip-002.mp4", "audio-002.mp3", "audio-003.mp3")] + [
        "file:logo.png",
        "file:x.srt",
    ]
    graph = value(given, "-filter_complex")
    assert all(f"[{place}]" in graph for place in ("0:V:0", "1:V:0", "0:a:0", "2:a:0", "3:a:0", "4:v"))
    assert "5:s:0" in given


def test_a_part_of_a_clip_is_read_from_where_it_begins() -> None:
    line = lay_out([media(1), media(2)], trims=[Trim(Fraction(1), Fraction(5, 2)), Trim()])

    given = arguments(film(line))

    assert (value(given, "-ss"), value(given, "-t")) == ("1", "1.5")


def test_clips_whose_sound_no_player_of_such_files_plays_are_encoded() -> None:
    clip = media(1, sound=True)
    assert clip.facts.sound is not None
    pcm = replace(clip, facts=replace(clip.facts, sound=replace(clip.facts.sound, codec="pcm_s16le")))

    assert not film(lay_out([pcm])).is_joined
    assert video().codec == "h264"
