"""A landscape that glides by: sky, sun or moon, and ranges of hills, all following from a seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw  # noqa: TID253 - this module is imported when the first picture is drawn

Colour = tuple[int, int, int]

_RANGES = 4
_TRAVEL = 0.05  # of the width per second, for the nearest hills
_TALLEST = 0.07  # of the height, for trees
_FINE = 2  # drawn so many times larger, for smooth edges


class Landscape:
    """The background of one stretch of video.

    :param seed: decides everything.
    :param size: width and height in pixels.
    :param seconds: for how long it has to glide.
    """

    def __init__(self, seed: str, size: tuple[int, int], seconds: float) -> None:
        dice = random.Random(seed)  # noqa: S311 - a picture
        self._size = size
        self.palette = _palette(dice)
        self._sky = _sky(dice, size, self.palette)
        self._hills = [_Hills(dice, number, size, seconds, self.palette) for number in range(_RANGES)]

    def at(self, seconds: float) -> Image.Image:
        """The view after some seconds."""
        view = self._sky.copy()
        for hills in self._hills:
            hills.paste_on(view, seconds)
        return view


class _Hills:
    """One range of hills.

    :param number: 0 is the farthest.
    """

    def __init__(
        self, dice: random.Random, number: int, size: tuple[int, int], seconds: float, palette: _Palette
    ) -> None:
        width, height = size
        nearness = (number + 1) / _RANGES
        self._speed = _TRAVEL * width * nearness**1.6
        length = width + math.ceil(self._speed * seconds) + 2
        base = height * (0.52 + 0.12 * number)
        swing = min(width, height) * dice.uniform(0.06, 0.11) * (1 if number < _RANGES - 1 else 0.5)
        self._top = max(int(base - swing * 2 - height * _TALLEST), 0)
        depth = height - self._top
        crest = _crest(dice, length, width, swing)
        points = [(x * _FINE, (base - self._top + y) * _FINE) for x, y in crest]
        mask = Image.new("L", (length * _FINE, depth * _FINE))
        draw = ImageDraw.Draw(mask)
        draw.polygon([*points, (length * _FINE, depth * _FINE), (0, depth * _FINE)], fill=255)
        if number == _RANGES - 1:
            _plant(dice, draw, points, height * _FINE)
        self._mask = mask.reduce(_FINE)
        colour = _blend(palette.far, palette.near, number / (_RANGES - 1))
        mist = _blend(colour, palette.horizon, 0.35 * (1 - nearness) + 0.1)
        self._fill = _gradient(colour, mist, (width, depth))

    def paste_on(self, view: Image.Image, seconds: float) -> None:
        """Draw it where it is after some seconds."""
        width, depth = self._fill.size
        left = int(self._speed * seconds)
        view.paste(self._fill, (0, self._top), self._mask.crop((left, 0, left + width, depth)))


def _crest(dice: random.Random, length: int, width: int, swing: float) -> list[tuple[float, float]]:
    """The upper line of a range: three waves, one upon the other."""
    waves = [(dice.uniform(0.8, 1.4) * 2**n, dice.uniform(0, math.tau), 0.55**n) for n in range(3)]
    step = max(width // 160, 1)
    return [
        (x, swing * sum(part * math.sin(turn + math.tau * times * x / width) for times, turn, part in waves))
        for x in range(0, length + step, step)
    ]


def _plant(dice: random.Random, draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], height: float) -> None:
    """Trees along a crest, in groups."""
    forest = False
    for x, y in points:
        if dice.random() < 0.12:  # noqa: PLR2004 - how often a grove begins or ends
            forest = not forest
        if forest and dice.random() < 0.75:  # noqa: PLR2004 - how dense it is
            tall = height * dice.uniform(0.35 * _TALLEST, _TALLEST)
            half = tall * 0.2
            draw.polygon([(x - half, y + tall * 0.2), (x, y - tall), (x + half, y + tall * 0.2)], fill=255)


def _sky(dice: random.Random, size: tuple[int, int], palette: _Palette) -> Image.Image:
    width, height = size
    sky = _gradient(palette.zenith, palette.horizon, (width, round(height * 0.72)))
    view = Image.new("RGB", size, palette.horizon)
    view.paste(sky, (0, 0))
    if palette.night:
        draw = ImageDraw.Draw(view)
        for _ in range(90):
            x, y = dice.uniform(0, width), dice.uniform(0, height * 0.55)
            big = dice.uniform(0.3, 1.1) * height / 720
            draw.ellipse((x - big, y - big, x + big, y + big), fill=palette.light)
    centre = width * dice.uniform(0.3, 0.75), height * dice.uniform(0.2, 0.42)
    reach = round(min(size) * 0.75)
    glow = Image.radial_gradient("L").resize((reach * 2, reach * 2)).point(_fading)
    view.paste(palette.light, (round(centre[0] - reach), round(centre[1] - reach)), glow)
    radius = round(min(size) * dice.uniform(0.07, 0.1))
    disc = Image.new("L", (radius * 8, radius * 8))
    ImageDraw.Draw(disc).ellipse((0, 0, radius * 8 - 1, radius * 8 - 1), fill=255)
    view.paste(palette.light, (round(centre[0] - radius), round(centre[1] - radius)), disc.reduce(4))
    return view


def _fading(distance: int) -> int:
    return round(150 * max(1 - distance / 180, 0) ** 2)


def _gradient(top: Colour, bottom: Colour, size: tuple[int, int]) -> Image.Image:
    steps = 64
    column = Image.new("RGB", (1, steps))
    column.putdata([_blend(top, bottom, step / (steps - 1)) for step in range(steps)])
    return column.resize((max(size[0], 1), max(size[1], 1)), Image.Resampling.BILINEAR)


@dataclass(frozen=True, slots=True)
class _Palette:
    """The colours of one landscape.

    :param zenith: the sky's upper end.
    :param horizon: its lower end.
    :param light: sun or moon.
    :param far: the hills farthest away.
    :param near: the hills in front.
    """

    zenith: Colour
    horizon: Colour
    light: Colour
    far: Colour
    near: Colour
    night: bool = False


_PALETTES = (
    _Palette((38, 44, 92), (255, 154, 108), (255, 233, 196), (176, 102, 124), (34, 26, 58)),
    _Palette((52, 120, 178), (250, 222, 176), (255, 248, 222), (126, 162, 178), (24, 58, 66)),
    _Palette((10, 16, 44), (52, 76, 132), (236, 240, 255), (52, 70, 120), (8, 12, 30), night=True),
    _Palette((94, 44, 112), (255, 176, 148), (255, 226, 178), (190, 108, 138), (52, 18, 62)),
    _Palette((24, 92, 104), (208, 236, 198), (255, 252, 214), (96, 160, 148), (8, 48, 52)),
    _Palette((188, 70, 62), (255, 214, 138), (255, 244, 196), (206, 120, 88), (74, 22, 34)),
    _Palette((18, 26, 40), (64, 118, 122), (214, 255, 240), (44, 88, 100), (8, 18, 26), night=True),
    _Palette((84, 112, 200), (250, 200, 222), (255, 240, 232), (140, 128, 190), (42, 36, 90)),
)
_DRIFT = 14


def _palette(dice: random.Random) -> _Palette:
    """A palette, every colour of it a little off, so that hardly two videos share one."""
    chosen = dice.choice(_PALETTES)

    def off(colour: Colour) -> Colour:
        red, green, blue = (min(max(part + dice.randint(-_DRIFT, _DRIFT), 0), 255) for part in colour)
        return red, green, blue

    return _Palette(
        off(chosen.zenith), off(chosen.horizon), off(chosen.light), off(chosen.far), off(chosen.near), chosen.night
    )


def _blend(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two.

    :param share: 0 for the one, 1 for the other.
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
