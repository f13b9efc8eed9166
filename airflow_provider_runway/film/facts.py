"""What ffmpeg says of media files, read from what it prints of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """The pictures of a file.

    :param codec: Such as ``h264``.
    :param extradata: Size and checksum of what a decoder has to know beforehand.
    :param width: Pixels of the stored pictures.
    :param height: Pixels of the stored pictures.
    :param pixel_shape: Width of a pixel relative to its height.
    :param rotation: Degrees by which they are turned when they are shown: 0, 90, 180 or 270.
    :param fps: Pictures per second.
    :param time_base: The unit of the file's times, as ffmpeg writes it.
    :param pixel_format: Such as ``yuv420p``.
    """

    codec: str
    extradata: str
    width: int
    height: int
    pixel_shape: Fraction
    rotation: int
    fps: Fraction
    time_base: str
    pixel_format: str

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as they are shown: square pixels, turned."""
        width, height = round(self.width * self.pixel_shape), self.height
        return (height, width) if self.rotation in {90, 270} else (width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFacts:
    """The sound of a file.

    :param codec: Such as ``aac``.
    :param extradata: Size and checksum of what a decoder has to know beforehand.
    :param rate: Samples per second, as ffmpeg writes it.
    :param layout: Such as ``stereo``.
    :param time_base: The unit of the file's times, as ffmpeg writes it.
    """

    codec: str
    extradata: str
    rate: str
    layout: str
    time_base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A media file.

    :param seconds: Its length; ``None`` if the file does not say.
    :param video: Its pictures, if it has any.
    :param sound: Its sound, if it has any.
    """

    seconds: Fraction | None
    video: VideoFacts | None = None
    sound: SoundFacts | None = None


_INPUT = re.compile(r"^Input #(\d+), ", re.MULTILINE)
# Where what is printed of the inputs ends: in this order since ffmpeg 6, before in the other.
_OUTPUT = re.compile(r"^(?:Output #|Stream mapping:)", re.MULTILINE)
_DURATION = re.compile(r"^\s*Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_STREAM = re.compile(r"^\s*Stream #\d+:(\d+)\S*: (.*(?:\n(?!\s*Stream #).*)*)", re.MULTILINE)
_MAPPED = re.compile(r"^\s*Stream #(\d+):(\d+) -> #0:(\d+) \(copy\)", re.MULTILINE)
_HEADER = re.compile(r"^#(\w+) (\d+):\s+(.*?)\s*$", re.MULTILINE)
_FPS = re.compile(r"(\d+(?:\.\d+)?)(k?) (?:fps|tbr)\b")
_PIXELS = re.compile(r", (\w+)(?:\([^)]*\))?, \d+x\d+")
_ROTATION = re.compile(r"rotation of (-?\d+(?:\.\d+)?) degrees")
# Rates that ffmpeg prints rounded.
_NTSC = {Fraction(number * 1000, 1001) for number in (24, 30, 48, 60, 120)}
_PICTURES_A_SECOND = Fraction(25)


def read_facts(count: int, headers: str, printed: str) -> Sequence[Facts]:
    """What is known of each file.

    :param count: How many files ffmpeg was given.
    :param headers: What it has written in its format ``framecrc``, of one picture and one sound stream of each file.
    :param printed: What it has printed of them: streams, lengths, and which stream stands where in the headers.
    """
    said = _by_stream(headers)
    mapping = printed.partition("\nStream mapping:")[2]
    texts = _INPUT.split(_OUTPUT.split(printed)[0])[1:]
    by_file = dict(zip(map(int, texts[::2]), texts[1::2], strict=True))
    streams: dict[int, list[tuple[Mapping[str, str], str]]] = {}
    for file, stream, place in _MAPPED.findall(mapping):
        listed = dict(_STREAM.findall(by_file.get(int(file), "")))
        streams.setdefault(int(file), []).append((said.get(place, {}), listed.get(stream, "")))
    return [_facts(by_file.get(file, ""), streams.get(file, [])) for file in range(count)]


def _by_stream(headers: str) -> Mapping[str, Mapping[str, str]]:
    streams: dict[str, dict[str, str]] = {}
    for name, place, value in _HEADER.findall(headers):
        streams.setdefault(place, {})[name] = value
    return streams


def _facts(text: str, streams: Sequence[tuple[Mapping[str, str], str]]) -> Facts:
    video = sound = None
    for said, listed in streams:
        if said.get("media_type") == "video":
            video = video or _video(said, listed)
        elif said.get("media_type") == "audio":
            sound = sound or _sound(said)
    length = _DURATION.search(text)
    if length is None:
        return Facts(seconds=None, video=video, sound=sound)
    hours, minutes, seconds = length.groups()
    return Facts(
        seconds=3600 * int(hours) + 60 * int(minutes) + Fraction(seconds),
        video=video,
        sound=sound,
    )


def _video(said: Mapping[str, str], listed: str) -> VideoFacts | None:
    width, _, height = said.get("dimensions", "").partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        return None
    pixels, turned = _PIXELS.search(listed), _ROTATION.search(listed)
    return VideoFacts(
        codec=said.get("codec_id", ""),
        extradata=said.get("extradata", ""),
        width=int(width),
        height=int(height),
        pixel_shape=_ratio(said.get("sar", "")),
        rotation=round(float(turned[1])) % 360 if turned else 0,
        fps=_fps(listed),
        time_base=said.get("tb", ""),
        pixel_format=pixels[1] if pixels else "",
    )


def _sound(said: Mapping[str, str]) -> SoundFacts:
    return SoundFacts(
        codec=said.get("codec_id", ""),
        extradata=said.get("extradata", ""),
        rate=said.get("sample_rate", ""),
        layout=said.get("channel_layout_name", ""),
        time_base=said.get("tb", ""),
    )


def _ratio(text: str) -> Fraction:
    width, _, height = text.partition("/")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        return Fraction(1)
    return Fraction(int(width), int(height))


def _fps(listed: str) -> Fraction:
    found = _FPS.search(listed)
    if found is None:
        return _PICTURES_A_SECOND
    rate = Fraction(found[1]) * (1000 if found[2] else 1)
    exact = next((each for each in _NTSC if round(float(each), 2) == float(rate)), rate)
    return exact or _PICTURES_A_SECOND
