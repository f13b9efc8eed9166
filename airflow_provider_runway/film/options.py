"""How a film is to be, read from the values that people and templates give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, cast, get_args

from airflow_provider_runway.film.captions import CaptionStyle
from airflow_provider_runway.film.numbers import exactly
from airflow_provider_runway.film.picture_filters import Fit, Logo, Position
from airflow_provider_runway.film.timeline import WHOLE, Trim
from airflow_provider_runway.kie.errors import InvalidRequestError

# Pixels that a side of a film may have: H.264's encoder takes no more.
_SMALLEST, _LARGEST = 16, 8192
_MOST_FPS = 240
_LONGEST_CROSSFADE = 60
# LUFS that EBU R128's filter of ffmpeg can aim at.
_LOUDNESS = (-70, -5)
_SIZE = re.compile(r"(\d{1,5})\s*x\s*(\d{1,5})")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_FONT = re.compile(r"[^,{}\\\x00-\x1f]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a film is to be.

    :param size: Width and height; ``None`` for those of the first clip.
    :param shape: Its width relative to its height, if that was given instead.
    :param fit: How clips of another shape are brought to it.
    :param fps: Pictures per second; ``None`` for those of the first clip.
    :param crossfade: Seconds that each clip is blended with the next; 0 for cuts.
    :param trims: Which part of each clip is used; one for all, or one for each.
    :param loudness: LUFS; ``None`` to leave it as it is.
    :param volume: How loud the music is.
    :param logo: Where a logo is.
    :param style: How captions look.
    :param burnt_in: Whether captions become part of the pictures.
    """

    size: tuple[int, int] | None = None
    shape: Fraction | None = None
    fit: Fit = "pad"
    fps: Fraction | None = None
    crossfade: Fraction = Fraction(0)
    trims: Sequence[Trim] = (WHOLE,)
    loudness: float | None = None
    volume: Fraction = Fraction(1, 2)
    logo: Logo = field(default_factory=Logo)
    style: CaptionStyle = field(default_factory=CaptionStyle)
    burnt_in: bool = True

    def size_of(self, first: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the film: even, as the encoder needs them.

        :param first: Those of the first clip.
        """
        if self.size is not None:
            return self.size
        if self.shape is None:
            return _even(first[0]), _even(first[1])
        short = Fraction(min(first))
        return _even(max(short * self.shape, short)), _even(max(short / self.shape, short))

    def trims_of(self, count: int) -> Sequence[Trim]:
        """The trim of each of so many clips.

        :raises InvalidRequestError: If there are more or fewer.
        """
        if len(self.trims) == 1:
            return [self.trims[0]] * count
        if len(self.trims) != count:
            raise InvalidRequestError("trim", len(self.trims), f"must be one pair, or one for each of {count} clips")
        return self.trims

    @property
    def described(self) -> Mapping[str, Any]:
        """All of it as JSON, to tell one film from another."""
        return {each.name: repr(getattr(self, each.name)) for each in fields(self)}


def read_size(value: Any) -> tuple[int, int] | None:
    """Width and height: a pair, or a text such as ``1280x720``; even, from 16 to 8192 pixels."""
    if value is None:
        return None
    pair: Any = value
    if isinstance(value, str):
        found = _SIZE.fullmatch(value.strip())
        pair = found.groups() if found else None
    sides = [exactly(side) for side in pair] if isinstance(pair, (list, tuple)) and len(pair) == 2 else []  # noqa: PLR2004 - width and height
    if not sides or not all(s is not None and s % 2 == 0 and _SMALLEST <= s <= _LARGEST for s in sides):
        raise InvalidRequestError("size", value, "must be even numbers of pixels such as '1280x720', from 16 to 8192")
    width, height = cast("list[Fraction]", sides)
    return int(width), int(height)


def read_shape(value: Any) -> Fraction | None:
    """An aspect ratio such as ``16:9``."""
    if value is None:
        return None
    width, _, height = str(value).partition(":")
    sides = exactly(width), exactly(height)
    if not all(side is not None and 0 < side <= 100 for side in sides):  # noqa: PLR2004 - far beyond any film
        raise InvalidRequestError("aspect_ratio", value, "must be width:height, such as '16:9'")
    ratio = cast("Fraction", sides[0]) / cast("Fraction", sides[1])
    if not Fraction(1, 10) <= ratio <= 10:  # noqa: PLR2004
        raise InvalidRequestError("aspect_ratio", value, "must be between 1:10 and 10:1")
    return ratio


def read_fps(value: Any) -> Fraction | None:
    """Pictures per second: 24, 23.976, ``30000/1001``."""
    if value is None:
        return None
    rate = exactly(value)
    if rate is None or not 1 <= rate <= _MOST_FPS:
        raise InvalidRequestError("fps", value, f"must be a number of pictures per second from 1 to {_MOST_FPS}")
    return rate.limit_denominator(1001)


def read_transition(value: Any) -> Fraction:
    """``"cut"`` or seconds of a crossfade."""
    if value is None or value == "cut":
        return Fraction(0)
    seconds = exactly(value)
    if seconds is None or not 0 <= seconds <= _LONGEST_CROSSFADE:
        rule = f"must be 'cut', or the seconds of a crossfade, up to {_LONGEST_CROSSFADE}"
        raise InvalidRequestError("transition", value, rule)
    return seconds


def read_trims(value: Any) -> Sequence[Trim]:
    """A pair of seconds for all clips, or a list with one, or ``None``, for each."""
    if value is None:
        return (WHOLE,)
    if not isinstance(value, (list, tuple)) or not value:
        raise InvalidRequestError("trim", value, _TRIM)
    if all(each is None or not isinstance(each, (list, tuple)) for each in value) and any(
        each is not None for each in value
    ):
        return (_trim(value),)
    return tuple(WHOLE if each is None else _trim(each) for each in value)


_TRIM = (
    "must be a pair of seconds such as (0.5, 4.5), of which the second may be None, or a list with one for each clip"
)


def _trim(pair: Any) -> Trim:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:  # noqa: PLR2004 - begin and end
        raise InvalidRequestError("trim", pair, _TRIM)
    begin = Fraction(0) if pair[0] is None else exactly(pair[0])
    end = None if pair[1] is None else exactly(pair[1])
    if begin is None or begin < 0 or (pair[1] is not None and (end is None or end <= begin)):
        raise InvalidRequestError("trim", pair, _TRIM)
    return Trim(begin, end)


def read_loudness(value: Any) -> float | None:
    """LUFS, or ``None``."""
    if value is None:
        return None
    level = exactly(value)
    if level is None or not _LOUDNESS[0] <= level <= _LOUDNESS[1]:
        raise InvalidRequestError("loudness", value, "must be None, or LUFS from -70 to -5, such as -14")
    return float(level)


def read_volume(value: Any) -> Fraction:
    """How loud music is: 1 for as it is, 0.5 for half as loud."""
    volume = exactly(value)
    if volume is None or not 0 <= volume <= 4:  # noqa: PLR2004 - twelve decibels
        raise InvalidRequestError("music['volume']", value, "must be a number from 0 to 4; 1 leaves it as it is")
    return volume


def read_fit(value: Any) -> Fit:
    """How clips of another shape are brought to that of the film."""
    return cast("Fit", _one_of("fit", value, get_args(Fit)))


def read_flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise InvalidRequestError(name, value, "must be True or False")
    return value


def read_logo(value: Mapping[str, Any]) -> Logo:
    """Where a logo is: ``position``, ``opacity`` and ``width``."""
    known = Logo()
    opacity, width = exactly(value.get("opacity", 1)), exactly(value.get("width", known.width))
    if opacity is None or not 0 <= opacity <= 1:
        raise InvalidRequestError("overlay['opacity']", value["opacity"], "must be a number from 0 to 1")
    if width is None or not 0 < width <= 1:
        rule = "must be a number above 0, and 1 at most: its part of the film's width"
        raise InvalidRequestError("overlay['width']", value["width"], rule)
    position = _one_of("overlay['position']", value.get("position", known.position), get_args(Position))
    return Logo(position=cast("Position", position), opacity=opacity, width=width)


def read_style(value: Any) -> CaptionStyle:
    """How captions look: ``font``, ``size``, ``color``, ``outline``, ``bold`` and ``position``."""
    if value is None:
        return CaptionStyle()
    known = {each.name for each in fields(CaptionStyle)}
    if not isinstance(value, Mapping) or not set(value) <= known:
        raise InvalidRequestError("subtitle_style", value, f"must be a mapping with some of {', '.join(sorted(known))}")
    style = CaptionStyle(**{**value, "size": 0.05})
    size = exactly(value.get("size", style.size))
    if size is None or not Fraction(1, 100) <= size <= Fraction(1, 2):
        rule = "must be a number from 0.01 to 0.5: the height of a line relative to that of the film"
        raise InvalidRequestError("subtitle_style['size']", value.get("size"), rule)
    for name in ("color", "outline"):
        if not isinstance(getattr(style, name), str) or not _COLOR.fullmatch(getattr(style, name)):
            raise InvalidRequestError(f"subtitle_style[{name!r}]", getattr(style, name), "must be a color: '#ffcc00'")
    if not isinstance(value.get("font", ""), str) or not _FONT.fullmatch(style.font):
        raise InvalidRequestError("subtitle_style['font']", style.font, "must be the name of a font")
    read_flag("subtitle_style['bold']", style.bold)
    _one_of("subtitle_style['position']", style.position, ("bottom", "middle", "top"))
    return CaptionStyle(**{**value, "size": float(size)})


def _one_of(name: str, value: Any, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise InvalidRequestError(name, value, f"must be one of {', '.join(map(repr, known))}")
    return value


def _even(pixels: float | Fraction) -> int:
    return min(max(round(pixels / 2) * 2, _SMALLEST), _LARGEST)
