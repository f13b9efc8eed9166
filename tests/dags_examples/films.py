"""What is to be seen and heard in a film, found out by decoding it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import av
from PIL.Image import Image

_RATE = 2000
_BRIGHT = 160


class Film:
    """A film, decoded to its end.

    :param file: Where it is.
    """

    def __init__(self, file: Path) -> None:
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            assert stream.average_rate
            self.rate = float(stream.average_rate)
            self.pictures: list[Image] = [frame.to_image() for frame in container.decode(stream)]
        self.sound = samples(file)
        self.size = self.pictures[0].size

    @property
    def seconds(self) -> tuple[float, float]:
        """How long its pictures and its sound last."""
        return len(self.pictures) / self.rate, len(self.sound) / _RATE

    def bright_below(self, second: float) -> int:
        """Pixels that are bright where captions stand: the hills of the sandbox are dark there."""
        width, height = self.size
        area = self.pictures[round(second * self.rate)].crop((width // 3, height * 4 // 5, width, height * 97 // 100))
        return sum(area.convert("L").histogram()[_BRIGHT:])

    def logo(self, second: float) -> tuple[int, ...]:
        """The colour amid what stands at the top right."""
        width, half = self.size[0], round(self.size[0] * 0.075)
        colour = self.pictures[round(second * self.rate)].getpixel((width - half - 10, half + 10))
        assert isinstance(colour, tuple)
        return colour

    def hears(self, voice: Sequence[int], second: float) -> float:
        """How much the sound that begins at a second is like a voice: from 0 to 1, up to 30 ms off."""
        off = _RATE * 30 // 1000
        at = round(second * _RATE)
        return max(likeness(self.sound[max(at + lag, 0) :], voice) for lag in range(-off, off + 1))


def samples(file: Path) -> array[int]:
    """The sound of a file."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
    found = array("h")
    with av.open(str(file)) as container:
        for frame in (*container.decode(container.streams.audio[0]), None):
            for piece in resampler.resample(frame):
                found.frombytes(bytes(piece.planes[0])[: 2 * piece.samples])
    return found


def likeness(sound: Sequence[int], voice: Sequence[int]) -> float:
    """The correlation of two sounds, of the length of the second."""
    pairs = list(zip(sound, voice, strict=False))
    power = sum(one * one for one, _ in pairs) * sum(other * other for _, other in pairs)
    return float(sum(one * other for one, other in pairs) / power**0.5) if power else 0.0
