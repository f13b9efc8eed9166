from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.film import options
from airflow_provider_runway.film.captions import CaptionStyle
from airflow_provider_runway.film.options import Options
from airflow_provider_runway.film.picture_filters import Logo
from airflow_provider_runway.film.timeline import WHOLE, Trim


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (options.read_size, "1280x720", (1280, 720)),
        (options.read_size, [1280, "720"], (1280, 720)),
        (options.read_size, None, None),
        (options.read_shape, "9:16", Fraction(9, 16)),
        (options.read_shape, "2.39:1", Fraction(239, 100)),
        (options.read_fps, "30000/1001", Fraction(30000, 1001)),
        (options.read_fps, 24, Fraction(24)),
        (options.read_transition, "cut", Fraction(0)),
        (options.read_transition, "0.5", Fraction(1, 2)),
        (options.read_trims, None, (WHOLE,)),
        (options.read_trims, (0.5, 4), (Trim(Fraction(1, 2), Fraction(4)),)),
        (options.read_trims, [1, None], (Trim(Fraction(1)),)),
        (options.read_trims, [(None, 2), None], (Trim(Fraction(0), Fraction(2)), WHOLE)),
        (options.read_loudness, "-16", -16.0),
        (options.read_loudness, None, None),
        (options.read_volume, Decimal("0.3"), Fraction(3, 10)),
        (options.read_fit, "blur", "blur"),
        (options.read_logo, {}, Logo()),
        (options.read_logo, {"position": "center", "opacity": 0}, Logo(position="center", opacity=Fraction(0))),
        (options.read_style, None, CaptionStyle()),
        (options.read_style, {"size": "0.1", "bold": True}, CaptionStyle(size=0.1, bold=True)),
    ],
)
def test_values_are_read(read: Callable[[Any], Any], value: Any, result: Any) -> None:
    assert read(value) == result


@pytest.mark.parametrize(
    ("read", "value", "field"),
    [
        (options.read_size, "1280", "size"),
        (options.read_size, "1281x720", "size"),
        (options.read_size, (8, 8), "size"),
        (options.read_size, "99999x99999", "size"),
        (options.read_size, 1280, "size"),
        (options.read_shape, "wide", "aspect_ratio"),
        (options.read_shape, "0:1", "aspect_ratio"),
        (options.read_shape, "100:1", "aspect_ratio"),
        (options.read_fps, 0, "fps"),
        (options.read_fps, math.nan, "fps"),
        (options.read_fps, 1000, "fps"),
        (options.read_transition, "dissolve", "transition"),
        (options.read_transition, -1, "transition"),
        (options.read_trims, "0-5", "trim"),
        (options.read_trims, [], "trim"),
        (options.read_trims, (4, 1), "trim"),
        (options.read_trims, (-1, 1), "trim"),
        (options.read_trims, (1, 2, 3), "trim"),
        (options.read_loudness, 0, "loudness"),
        (options.read_loudness, math.inf, "loudness"),
        (options.read_volume, "loud", "music"),
        (options.read_volume, -1, "music"),
        (options.read_fit, "stretch", "fit"),
        (options.read_logo, {"opacity": 2}, "overlay"),
        (options.read_logo, {"width": 0}, "overlay"),
        (options.read_logo, {"position": "left"}, "overlay"),
        (options.read_style, {"colour": "#fff"}, "subtitle_style"),
        (options.read_style, {"color": "red"}, "subtitle_style"),
        (options.read_style, {"font": "A,B"}, "subtitle_style"),
        (options.read_style, {"font": None}, "subtitle_style"),
        (options.read_style, {"bold": "yes"}, "subtitle_style"),
        (options.read_style, {"size": 2}, "subtitle_style"),
        (options.read_style, {"position": "left"}, "subtitle_style"),
        (options.read_style, "big", "subtitle_style"),
        (lambda value: options.read_flag("overwrite", value), "yes", "overwrite"),
    ],
)
def test_a_wrong_value_is_refused_by_name(read: Callable[[Any], Any], value: Any, field: str) -> None:
    with pytest.raises(InvalidRequestError, match=rf"^{field}"):
        read(value)


@pytest.mark.parametrize(
    ("given", "first", "size"),
    [
        (Options(), (1280, 720), (1280, 720)),
        (Options(), (1279, 719), (1280, 720)),
        (Options(size=(640, 360)), (1280, 720), (640, 360)),
        (Options(shape=Fraction(9, 16)), (1280, 720), (720, 1280)),
        (Options(shape=Fraction(16, 9)), (720, 1280), (1280, 720)),
        (Options(shape=Fraction(1)), (1280, 720), (720, 720)),
    ],
)
def test_the_size_of_the_film_is_that_of_the_first_clip_where_nothing_else_is_said(
    given: Options, first: tuple[int, int], size: tuple[int, int]
) -> None:
    assert given.size_of(first) == size


def test_there_is_one_trim_for_all_or_one_for_each() -> None:
    half = Trim(Fraction(1, 2))

    assert Options(trims=(half,)).trims_of(3) == [half] * 3
    assert Options(trims=(half, WHOLE)).trims_of(2) == (half, WHOLE)
    with pytest.raises(InvalidRequestError, match="one for each of 3 clips"):
        Options(trims=(half, WHOLE)).trims_of(3)
