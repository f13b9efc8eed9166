"""The pictures of one stretch of a clip: hills that glide by under a sun, and what is written on them."""

from __future__ import annotations

import colorsys
import math
import random
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont  # noqa: TID253 - this module is imported when the first picture is drawn

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.video.clip import Clip, Segment

_RANGES = 4
_SHADE = (8, 10, 20, 150)
_SMOOTH = 4  # what is round is drawn so many times larger

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Scene:
    """What one stretch of a clip shows; colours and hills follow from its seed.

    :param size: width and height in pixels.
    """

    def __init__(self, clip: Clip, segment: Segment, size: tuple[int, int]) -> None:
        dice = random.Random(segment.seed)  # noqa: S311 - a picture
        hue = dice.random()
        self._size, self._whole = size, clip.seconds
        self._light = _colour(hue + 0.4, 0.25, 1)
        self._sky = _sky(dice, size, (_colour(hue, 0.7, 0.45), _colour(hue + 0.3, 0.4, 0.95)), self._light)
        self._hills = [
            (_colour(hue + 0.06 * number, 0.45 + 0.1 * number, 0.7 - 0.17 * number), dice.uniform(0, 99))
            for number in range(_RANGES)
        ]
        self._writing = _writing(clip, segment, size)

    def at(self, seconds: float, since_begin: float) -> Image.Image:
        """The picture after some seconds of this stretch, and of the whole clip."""
        width, height = self._size
        view = self._sky.copy()
        draw = ImageDraw.Draw(view)
        for number, (colour, start) in enumerate(self._hills):
            left = start + seconds * 0.05 * ((number + 1) / _RANGES) ** 1.6  # in widths; the nearest glide fastest
            base, swing = height * (0.5 + 0.12 * number), min(self._size) * (0.11 - 0.015 * number)
            crest = [(x, base + swing * _wave(left + x / width)) for x in range(0, width + 8, 4)]
            draw.polygon([*crest, (width, height), (0, height)], fill=colour)
        view.paste(self._writing, mask=self._writing)
        bar = max(height // 80, 2)
        draw.rectangle((0, height - bar, width, height), fill=_SHADE[:3])
        draw.rectangle((0, height - bar, round(width * since_begin / self._whole), height), fill=self._light)
        return view


def _wave(x: float) -> float:
    return sum(math.sin(math.tau * x * times) / times for times in (1.1, 1.9, 3.7))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = (round(part * 255) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))
    return red, green, blue


def _sky(dice: random.Random, size: tuple[int, int], colours: tuple[Colour, ...], light: Colour) -> Image.Image:
    """From the upper colour to the lower, with the sun in it."""
    width, height = size
    view = Image.new("RGB", (1, len(colours)))
    view.putdata(colours)
    view = view.resize(size, Image.Resampling.BILINEAR)
    radius = round(min(size) * dice.uniform(0.07, 0.1))
    disc = Image.new("L", (radius * 2 * _SMOOTH,) * 2)
    ImageDraw.Draw(disc).ellipse((0, 0, disc.width - 1, disc.height - 1), fill=255)
    glow = Image.radial_gradient("L").resize((radius * 12,) * 2).point([max(110 - each, 0) for each in range(256)])
    x, y = round(width * dice.uniform(0.3, 0.75)), round(height * dice.uniform(0.2, 0.4))
    view.paste(light, (x - glow.width // 2, y - glow.height // 2), glow)
    view.paste(light, (x - radius, y - radius), disc.reduce(_SMOOTH))
    return view


def _writing(clip: Clip, segment: Segment, size: tuple[int, int]) -> Image.Image:
    """The prompt, what made the stretch, and that it is no real one: to be laid over every picture of it."""
    (width, height), unit = size, min(size) / 100
    layer = Image.new("RGBA", size)
    draw = ImageDraw.Draw(layer)
    large, small, pad, edge = _font(round(5 * unit)), _font(round(2.7 * unit)), 2 * unit, 6 * unit

    def write(at: tuple[float, float], anchor: str, text: str, font: Font) -> float:
        """Write a text in a box, and say how far down that reaches."""
        left, top, right, bottom = draw.multiline_textbbox(at, text, font, anchor)
        box = left - pad, top - pad, right + pad, bottom + pad
        draw.rounded_rectangle(box, radius=pad, fill=_SHADE)
        draw.multiline_text(at, text, "white", font, anchor)
        return box[3]

    # At the top, since captions stand at the bottom.
    below = write((edge, edge), "la", "SANDBOX", small) + 1.5 * pad
    if prompt := " ".join(segment.prompt.split()):
        room = min(width - 2 * edge, 90 * unit) / large.getlength(prompt) * len(prompt)
        prompt = textwrap.fill(prompt, max(int(room), 1), max_lines=2, placeholder="…")
        below = write((edge, below + pad), "la", prompt, large) + 1.5 * pad
    about = f"{segment.title} · {segment.seconds:g} s · {clip.quality} · {clip.ratio}\n{segment.seed}"
    write((edge, below + pad), "la", about, small)
    if clip.watermark:
        write((width - edge, height - edge), "rd", clip.watermark[:40], small)
    return layer


@lru_cache(maxsize=32)
def _font(pixels: int) -> Font:
    """A font that has most scripts, where the system has one; boxes stand for what Pillow's own lacks."""
    try:
        return ImageFont.truetype("DejaVuSans.ttf", max(pixels, 6))
    except OSError:
        return ImageFont.load_default(max(pixels, 6))
