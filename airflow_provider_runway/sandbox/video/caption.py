"""What is written on a video: the prompt, what made it, the time, and that it is no real one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont  # noqa: TID253 - this module is imported when pictures are drawn

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.video.clip import Clip, Segment
    from airflow_provider_runway.sandbox.video.landscape import Colour

_WHITE = (255, 255, 255, 255)
_SOFT = (255, 255, 255, 205)
_SHADE = (8, 10, 20, 150)
_PILL = (255, 255, 255, 40)
_PROMPT_LINES = 2

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Caption:
    """The writing over one stretch of video; all but the clock and the bar is drawn once.

    :param size: width and height in pixels.
    """

    def __init__(self, clip: Clip, segment: Segment, size: tuple[int, int], accent: Colour) -> None:
        self._size = size
        self._unit = min(size) / 100
        self._accent = accent
        self._whole = clip.seconds
        self._card = self._draw_card(clip, segment)
        self._mark = _label("SANDBOX", _font(3.4 * self._unit), self._unit)
        self._watermark = (
            _label(clip.watermark[:40], _font(2.8 * self._unit, clip.watermark), self._unit) if clip.watermark else None
        )
        self._clocks: dict[int, Image.Image] = {}

    def write_on(self, view: Image.Image, seconds: float) -> None:
        """Write on a frame.

        :param seconds: where in the whole clip it stands.
        """
        width, height = self._size
        edge = round(4 * self._unit)
        bar = max(round(0.9 * self._unit), 2)
        view.paste(self._card, (edge, height - edge - bar - self._card.height), self._card)
        view.paste(self._mark, (edge, edge), self._mark)
        clock = self._clock(int(seconds))
        view.paste(clock, (width - edge - clock.width, edge), clock)
        if self._watermark:
            left, top = width - edge - self._watermark.width, height - edge - bar - self._watermark.height
            view.paste(self._watermark, (left, top), self._watermark)
        draw = ImageDraw.Draw(view)
        draw.rectangle((0, height - bar, width, height), fill=(20, 22, 34))
        draw.rectangle((0, height - bar, round(width * seconds / self._whole), height), fill=self._accent)

    def _clock(self, second: int) -> Image.Image:
        if second not in self._clocks:
            text = f"0:{second:02d} / 0:{round(self._whole):02d}"
            self._clocks[second] = _label(text, _font(2.8 * self._unit), self._unit)
        return self._clocks[second]

    def _draw_card(self, clip: Clip, segment: Segment) -> Image.Image:
        unit, (width, _) = self._unit, self._size
        large, small = _font(5 * unit, segment.prompt), _font(2.7 * unit)
        room = min(width - 8 * unit, 92 * unit) - 7 * unit
        lines = _wrapped(segment.prompt, large, room)
        about = f"{segment.title}  ·  {segment.seconds:g} s  ·  {clip.quality}  ·  {clip.ratio}"
        rows = [(line, large, _WHITE, 6.6 * unit) for line in lines[:-1]]
        rows += [(lines[-1], large, _WHITE, 8 * unit)]
        rows += [(about, small, _SOFT, 4.2 * unit), (segment.seed, small, _SOFT, 3.6 * unit)]
        pad = 3.2 * unit
        wide = round(max(font.getlength(text) for text, font, _, _ in rows) + 2 * pad)
        card = Image.new("RGBA", (wide, round(sum(row[3] for row in rows) + 2 * pad)))
        draw = ImageDraw.Draw(card)
        draw.rounded_rectangle((0, 0, card.width - 1, card.height - 1), radius=2 * unit, fill=_SHADE)
        top = pad
        for text, font, colour, step in rows:
            draw.text((pad, top), text, font=font, fill=colour)
            top += step
        return card


def _label(text: str, font: Font, unit: float) -> Image.Image:
    """A text in a pill."""
    across, down = 2.2 * unit, 1.3 * unit
    _, top, right, bottom = font.getbbox(text)
    label = Image.new("RGBA", (round(right + 2 * across), round(bottom - top + 2 * down)))
    draw = ImageDraw.Draw(label)
    draw.rounded_rectangle((0, 0, label.width - 1, label.height - 1), radius=label.height / 2, fill=_SHADE)
    draw.text((across, down - top), text, font=font, fill=_WHITE)
    return label


def _wrapped(text: str, font: Font, room: float) -> list[str]:
    """The first words of a text in as many lines as there are, each within the room."""
    words, lines = text.split(), list[str]()
    while words and len(lines) < _PROMPT_LINES:
        count = 1
        while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= room:
            count += 1
        lines.append(" ".join(words[:count]))
        words = words[count:]
    last = len(lines) - 1
    return [_fitted(line, font, room, cut=bool(words) and at == last) for at, line in enumerate(lines)] or [""]


def _fitted(line: str, font: Font, room: float, *, cut: bool) -> str:
    """A line shortened until it fits, with dots where something is missing."""
    while line and font.getlength(line + "…" * cut) > room:
        line, cut = line[:-1], True
    return line.rstrip(" ,.;:") + "…" if cut else line


@lru_cache(maxsize=32)
def _of_size(pixels: int, *, plain: bool) -> Font:
    if not plain:
        try:
            return ImageFont.truetype("DejaVuSans.ttf", pixels)
        except OSError:
            pass  # not on this machine: boxes stand for what Pillow's own font lacks
    return ImageFont.load_default(pixels)


def _font(pixels: float, text: str = "") -> Font:
    """Pillow's own font; for a text beyond Latin one of the system's, if it has any."""
    return _of_size(max(round(pixels), 6), plain=all(ord(each) < 0x250 for each in text))  # noqa: PLR2004
