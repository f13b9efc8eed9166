from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_runway.film.facts import VideoFacts
from airflow_provider_runway.film.picture_filters import Fit, Logo, clip_filters, fit_into, joined, logo_filters
from airflow_provider_runway.film.timeline import lay_out

from .support import media, video


@pytest.mark.parametrize(
    ("clip", "size", "fit", "filters"),
    [
        (video(1280, 720), (1280, 720), "pad", ""),
        (video(640, 360), (1280, 720), "pad", "scale=1280:720,setsar=1"),
        (video(720, 1280), (1280, 720), "pad", "scale=404:720,pad=1280:720:438:0,setsar=1"),
        (video(720, 1280), (1280, 720), "crop", "scale=1280:2276,crop=1280:720,setsar=1"),
        (video(1280, 720), (720, 1280), "pad", "scale=720:404,pad=720:1280:0:438,setsar=1"),
        (video(1280, 720, rotation=90), (720, 1280), "pad", ""),
        (video(720, 576, pixel_shape=Fraction(16, 15)), (768, 576), "pad", "setsar=1"),
    ],
)
def test_a_clip_is_brought_to_the_size_of_the_film(
    clip: VideoFacts, size: tuple[int, int], fit: Fit, filters: str
) -> None:
    assert fit_into(clip, size, fit) == filters


@pytest.mark.parametrize("sides", [(1, 1), (3, 8192), (8191, 17), (1279, 719), (1280, 721)])
@pytest.mark.parametrize("fit", ["pad", "crop", "blur"])
def test_no_side_is_odd_or_too_small_whatever_the_clip(sides: tuple[int, int], fit: Fit) -> None:
    filters = fit_into(video(*sides), (1280, 720), fit)

    for name in ("scale", "crop", "pad"):
        for found in filters.split(f"{name}=")[1:]:
            width, height = (int(side) for side in found.partition(",")[0].partition(";")[0].split(":")[:2])
            assert width % 2 == height % 2 == 0
            assert min(width, height) >= 2


def test_each_clip_has_names_of_its_own_in_the_graph() -> None:
    line = lay_out([media(1, width=720, height=1280), media(2, width=720, height=1280)])

    chains = clip_filters(line, (1280, 720), "blur")

    assert "[front0]" in chains[0]
    assert "[front1]" in chains[1]
    assert "[front]" not in "".join(chains)


def test_crossfades_begin_where_the_next_clip_does() -> None:
    line = lay_out([media(1, 5), media(2, 5), media(3, 5)], crossfade=Fraction(1))

    assert joined(line) == (
        [
            "[v0][v1]xfade=transition=fade:duration=1:offset=4[x1]",
            "[x1][v2]xfade=transition=fade:duration=1:offset=8[x2]",
        ],
        "x2",
    )


def test_one_clip_is_joined_with_nothing() -> None:
    assert joined(lay_out([media(1)])) == ([], "v0")


def test_a_logo_lies_where_it_should() -> None:
    chains, name = logo_filters("cut", 4, Logo(position="bottom-left", opacity=Fraction(1, 2)), (1280, 720))

    assert chains == [
        "[4:v]format=rgba,scale=192:max(1\\,round(ow/a)),colorchannelmixer=aa=0.5[logo]",
        "[cut][logo]overlay=22:H-h-22[marked]",
    ]
    assert name == "marked"
    assert "(W-w)/2:(H-h)/2" in logo_filters("cut", 4, Logo(position="center"), (1280, 720))[0][1]
