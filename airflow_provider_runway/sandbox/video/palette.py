"""Colours of a landscape, chosen by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
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
    Palette((38, 44, 92), (255, 154, 108), (255, 233, 196), (176, 102, 124), (34, 26, 58)),
    Palette((52, 120, 178), (250, 222, 176), (255, 248, 222), (126, 162, 178), (24, 58, 66)),
    Palette((10, 16, 44), (52, 76, 132), (236, 240, 255), (52, 70, 120), (8, 12, 30), night=True),
    Palette((94, 44, 112), (255, 176, 148), (255, 226, 178), (190, 108, 138), (52, 18, 62)),
    Palette((24, 92, 104), (208, 236, 198), (255, 252, 214), (96, 160, 148), (8, 48, 52)),
    Palette((188, 70, 62), (255, 214, 138), (255, 244, 196), (206, 120, 88), (74, 22, 34)),
    Palette((18, 26, 40), (64, 118, 122), (214, 255, 240), (44, 88, 100), (8, 18, 26), night=True),
    Palette((84, 112, 200), (250, 200, 222), (255, 240, 232), (140, 128, 190), (42, 36, 90)),
)
_DRIFT = 14


def palette_of(dice: random.Random) -> Palette:
    """A palette, every colour of it a little off, so that hardly two videos share one."""
    chosen = dice.choice(_PALETTES)

    def off(colour: Colour) -> Colour:
        red, green, blue = (min(max(part + dice.randint(-_DRIFT, _DRIFT), 0), 255) for part in colour)
        return red, green, blue

    return Palette(
        off(chosen.zenith), off(chosen.horizon), off(chosen.light), off(chosen.far), off(chosen.near), chosen.night
    )


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two.

    :param share: 0 for the one, 1 for the other.
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
