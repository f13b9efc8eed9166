from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_runway.film.sound_filters import Sound, sound_filters
from airflow_provider_runway.film.timeline import lay_out

from .support import media, sound

LINE = lay_out([media(1, 5, sound=True), media(2, 5)])


def graph(given: Sound) -> str:
    chains, name = sound_filters(LINE, given)
    assert f"[{name}]" in chains[-1]
    return ";".join(chains)


def test_a_silent_clip_is_filled_with_silence() -> None:
    chains = graph(Sound(clips=[0, None]))

    assert "[0:a:0]" in chains
    assert "anullsrc" in chains
    assert chains.endswith("[a0][a1]concat=n=2:v=0:a=1[own]")


def test_each_voice_over_begins_with_its_clip() -> None:
    line = lay_out([media(1, 5), media(2, 5)], voices=[None, sound(2, 6)])
    chains = ";".join(sound_filters(line, Sound(clips=[None, None], voices=[None, 2]))[0])

    assert "anullsrc=r=48000:cl=stereo,apad,atrim=duration=5," in chains
    assert "[2:a:0]" in chains
    assert "atrim=duration=6," in chains


@pytest.mark.parametrize(
    ("given", "ducked", "over"),
    [
        (Sound(clips=[None, None], voices=[2], music=3), "[music]", "voice"),
        (Sound(clips=[0, None], voices=[2], music=3), "[own][music]amix", "voice"),
        (Sound(clips=[0, None], voices=[2]), "[own][key]sidechain", "voice"),
        (Sound(clips=[0, None], music=3), "[music][key]sidechain", "own"),
    ],
)
def test_everything_else_becomes_quiet_under_a_voice(given: Sound, ducked: str, over: str) -> None:
    chains = graph(given)

    assert "sidechaincompress" in chains
    assert ducked in chains
    assert f"[{over}]asplit[over][key]" in chains


def test_music_alone_is_not_ducked_and_ends_softly() -> None:
    chains = graph(Sound(clips=[None, None], music=0, volume=Fraction(1, 4)))

    assert "sidechaincompress" not in chains
    assert "volume=0.25" in chains
    assert "afade=t=out:st=8:d=2" in chains


def test_the_loudness_comes_last_and_keeps_the_length() -> None:
    chains = graph(Sound(clips=[0, None], loudness=-16))

    assert "[own]loudnorm=I=-16:TP=-1.5:LRA=11,aresample=48000,apad,atrim=duration=10," in chains


@pytest.mark.parametrize(
    ("given", "is_there", "is_as_it_was"),
    [
        (Sound(clips=[None, None], loudness=-14), False, False),
        (Sound(clips=[None, None]), False, True),
        (Sound(clips=[0, None]), True, True),
        (Sound(clips=[None, None], voices=[None, 2]), True, False),
        (Sound(clips=[None, None], music=0), True, False),
    ],
)
def test_it_is_known_whether_there_is_sound_and_whether_it_stays(
    given: Sound, is_there: bool, is_as_it_was: bool
) -> None:
    assert (given.is_there, given.is_as_it_was) == (is_there, is_as_it_was)
