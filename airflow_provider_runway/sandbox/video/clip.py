"""What a video shows, as a value from which it can be drawn at any time."""

from __future__ import annotations

from dataclasses import dataclass

RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16")
WIDE_RATIOS = (*RATIOS, "21:9")
_SIZES = {
    "16:9": (1280, 720),
    "4:3": (960, 720),
    "1:1": (960, 960),
    "3:4": (720, 960),
    "9:16": (720, 1280),
    "21:9": (1680, 720),
}
HD, FULL_HD, ULTRA_HD = "720p", "1080p", "4k"
_FACTORS = {FULL_HD: 1.5, ULTRA_HD: 3.0}  # every side relative to 720p


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a video that was made by one task.

    :param seed: the task's id, from which colours and landscape follow.
    :param title: what made it, such as ``generate``.
    :param seconds: its length.
    """

    seed: str
    title: str
    prompt: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A video, or sound of the same length.

    :param ratio: one of ``WIDE_RATIOS``.
    :param quality: ``"720p"``, ``"1080p"`` or ``"4k"``.
    :param segments: an extension brings the video that it extends along in front.
    :param watermark: text in the lower right corner; empty for none.
    """

    ratio: str
    quality: str
    segments: tuple[Segment, ...]
    watermark: str = ""

    @property
    def seconds(self) -> float:
        """The whole length."""
        return sum(each.seconds for each in self.segments)

    def size(self, scale: float = 1.0) -> tuple[int, int]:
        """Width and height in pixels; even, as the encoder needs them.

        :param scale: relative to the real size.
        """
        width, height = _SIZES[self.ratio]
        factor = scale * _FACTORS.get(self.quality, 1)
        return max(round(width * factor / 2) * 2, 16), max(round(height * factor / 2) * 2, 16)
