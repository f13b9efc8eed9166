"""Small videos, sounds and pictures to make films of, and a look at what came of them by another library."""

from __future__ import annotations

import array
import cmath
import math
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
from PIL import Image

from airflow_provider_runway.film.ffmpeg import find_ffmpeg

_FOLDER = Path(os.environ["AIRFLOW_HOME"]) / "clips"
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg itself."""
    subprocess.run([find_ffmpeg(), "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)


@cache
def clip(
    seconds: float = 1,
    *,
    color: str = "red",
    size: str = "160x90",
    fps: int = 10,
    tone: int | None = None,
    suffix: str = ".mp4",
) -> Path:
    """A video of one colour.

    :param tone: Hertz of its sound; ``None`` for a silent one.
    """
    path = _path("clip", seconds, color, size, fps, tone, suffix)
    codec = _X264 if suffix in {".mp4", ".mov"} else ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    inputs = ["-f", "lavfi", "-i", f"color={color}:s={size}:r={fps}:d={seconds}"]
    if tone is not None:
        inputs += ["-f", "lavfi", "-i", f"sine=f={tone}:d={seconds}"]
    ffmpeg(*inputs, *codec, *(("-c:a", "aac" if suffix != ".webm" else "libopus") if tone else ()), str(path))
    return path


@cache
def tone(seconds: float = 1, *, hertz: int = 440, suffix: str = ".wav") -> Path:
    """A sound."""
    path = _path("tone", seconds, hertz, suffix)
    ffmpeg("-f", "lavfi", "-i", f"sine=f={hertz}:d={seconds}", str(path))
    return path


@cache
def picture(color: str = "lime", size: str = "40x20") -> Path:
    """A picture of one colour."""
    path = _path("picture", color, size, ".png")
    ffmpeg("-f", "lavfi", "-i", f"color={color}:s={size}", "-frames:v", "1", str(path))
    return path


@dataclass(frozen=True)
class Seen:
    """A video, decoded.

    :param seconds: Its length.
    :param fps: Pictures per second.
    :param pictures: Its pictures.
    :param sound: Its samples, of the left channel; none if it has no sound.
    :param rate: Samples per second.
    :param streams: The kinds of its streams.
    """

    seconds: float
    fps: float
    pictures: Sequence[Image.Image]
    sound: Sequence[float]
    rate: int
    streams: Sequence[str]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pictures[0].size

    def color(self, at: float, x: float = 0.5, y: float = 0.5) -> tuple[int, int, int]:
        """The colour of a point, given in parts of width and height, after some seconds."""
        view = self.pictures[min(int(at * self.fps), len(self.pictures) - 1)]
        red, green, blue = view.getpixel((int(x * view.width), int(y * view.height)))  # type: ignore[misc] # RGB
        return red, green, blue

    def loud(self, begin: float, end: float, hertz: int) -> float:
        """How loud a tone is between two seconds, in decibels below full scale."""
        part = self.sound[int(begin * self.rate) : int(end * self.rate)]
        turn = -2j * math.pi * hertz / self.rate
        found = sum(sample * cmath.exp(turn * number) for number, sample in enumerate(part))
        return 20 * math.log10(abs(found) * 2 / max(len(part), 1) + 1e-9)


def seen(path: object) -> Seen:
    """Decode a video of this machine."""
    with av.open(str(path).removeprefix("file://")) as container:
        seconds = (container.duration or 0) / 1_000_000
        kinds = [stream.type for stream in container.streams]
        fps = float(container.streams.video[0].average_rate or 0)
        pictures = [frame.to_image().convert("RGB") for frame in container.decode(video=0)]
    samples, rate = array.array("f"), 48000
    if "audio" in kinds:
        with av.open(str(path).removeprefix("file://")) as container:
            rate = container.streams.audio[0].rate
            for frame in container.decode(audio=0):
                samples.frombytes(bytes(frame.planes[0])[: frame.samples * 4])  # AAC is decoded to floats, planar
    return Seen(seconds, fps, pictures, samples, rate, kinds)


def _path(*parts: object) -> Path:
    _FOLDER.mkdir(exist_ok=True)
    *names, suffix = parts
    return _FOLDER / f"{'-'.join(map(str, names))}{suffix}"
