from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_runway.exceptions import FilmError
from airflow_provider_runway.film.facts import Facts
from airflow_provider_runway.film.timeline import Media, Timeline, Trim, lay_out

from .support import media, sound


def starts(line: Timeline) -> list[float]:
    return [float(start) for start in line.starts]


def slots(line: Timeline) -> list[float]:
    return [float(slot) for slot in line.slots]


def test_cuts_follow_one_another() -> None:
    line = lay_out([media(1, 5), media(2, 2.5), media(3, 1)])

    assert (starts(line), float(line.length), slots(line)) == ([0, 5, 7.5], 8.5, [5, 2.5, 1])
    assert [each.is_whole for each in line.shown] == [True] * 3


def test_a_crossfade_is_seen_at_the_end_of_one_clip_and_the_beginning_of_the_next() -> None:
    line = lay_out([media(1, 5), media(2, 5), media(3, 5)], crossfade=Fraction(1))

    assert (starts(line), float(line.length)) == ([0, 4, 8], 13)


@pytest.mark.parametrize(
    ("seconds", "seen"), [(0, (1, 1)), (3.9, (1, 4.9)), (4, (2, 0)), (8.9, (2, 4.9)), (9.5, (3, 0.5)), (99, (3, 1))]
)
def test_which_clip_is_seen_when_is_known(seconds: float, seen: tuple[int, float]) -> None:
    line = lay_out([media(1, 5), media(2, 5), media(3, 1)], trims=[Trim(Fraction(1)), Trim(), Trim()])

    each, at = line.at(Fraction(str(seconds)))

    assert (each.clip.file, float(at)) == (f"clip-{seen[0]:03d}.mp4", seen[1])


def test_lengths_are_of_whole_pictures_at_the_rate_of_the_film() -> None:
    line = lay_out([media(1, 1.02), media(2, 0.04, fps=25)], fps=Fraction(10))

    assert [each.length for each in line.shown] == [Fraction(1), Fraction(2, 10)]


def test_clips_of_one_picture_that_are_alike_are_no_longer_than_they_are() -> None:
    assert float(lay_out([media(1, 0.04, fps=25), media(2, 0.04, fps=25)]).length) == pytest.approx(0.08)


def test_a_trim_takes_a_part() -> None:
    line = lay_out([media(1, 5), media(2, 5)], trims=[Trim(Fraction(1), Fraction(4)), Trim(Fraction(0), Fraction(9))])

    assert [(float(each.begin), float(each.own), each.is_whole) for each in line.shown] == [(1, 3, False), (0, 5, True)]


def test_a_clip_is_held_until_its_voice_over_has_ended() -> None:
    line = lay_out([media(1, 5), media(2, 5)], voices=[sound(1, 6.5), sound(2, 1)])

    assert [(float(each.own), float(each.length)) for each in line.shown] == [(5, 6.5), (5, 5)]
    assert not line.shown[0].is_whole


def test_a_voice_over_has_ended_before_the_crossfade_to_the_next_clip() -> None:
    line = lay_out([media(1, 5), media(2, 5)], voices=[sound(1, 5), None], crossfade=Fraction(1))

    assert slots(line) == [5, 5]


def test_the_last_clip_is_held_until_the_one_voice_over_has_ended() -> None:
    line = lay_out([media(1, 5), media(2, 5)], voice=sound(1, 12.5))

    assert (float(line.length), starts(line)) == (12.5, [0, 5])


@pytest.mark.parametrize(
    ("clips", "trims", "crossfade", "said"),
    [
        ([media(1, 5), media(2, 0.5)], [], 1, r"clip 2 is too short: it has 0\.5 s, and a crossfade takes 1 s"),
        ([media(1, 5)], [Trim(Fraction(5))], 0, r"clip 1 is too short: it has 5 s, and its trim begins at 5 s"),
        ([Media(name="clip 1", file="x", facts=Facts(seconds=Fraction(1)))], [], 0, "clip 1 has no pictures"),
    ],
)
def test_a_clip_that_does_not_fit_is_named(clips: list[Media], trims: list[Trim], crossfade: int, said: str) -> None:
    with pytest.raises(FilmError, match=said):
        lay_out(clips, trims=trims, crossfade=Fraction(crossfade))


def test_one_clip_needs_no_room_for_a_crossfade() -> None:
    assert lay_out([media(1, 0.5)], crossfade=Fraction(1)).length == 0.5
