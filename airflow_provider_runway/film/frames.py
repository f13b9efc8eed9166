"""Single pictures of a video, as files: its last one exactly as it is, a small one to show it by, or any other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from airflow_provider_runway.film.facts import Facts
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg
from airflow_provider_runway.film.picture_filters import decimal
from airflow_provider_runway.film.probe import unusable
from airflow_provider_runway.film.timeline import Media
from airflow_provider_runway.kie.errors import FilmError
from airflow_provider_runway.storage.sources import LARGEST_PICTURE

_ONLY_FILES = ("-protocol_whitelist", "file")
# So many pictures are held in memory at once to find the last.
_HELD = 6
# Where the sound is longer than the pictures, the last of these is farther from the end: seconds that are looked at
# one picture after the other, the second time the whole video.
_FARTHER = (Fraction(10), None)
# Where in a video the picture is that it is shown by, in parts of its length.
_SHOWN_AT = Fraction(1, 3)
_ONE = ("-frames:v", "1")
_JPEG = ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")


def last_frame(ffmpeg: Ffmpeg, video: Media, stem: str) -> str:
    """Write the last picture of a video.

    :param ffmpeg: The program, in the folder that the picture goes to.
    :param video: The video.
    :param stem: The picture's name without suffix.
    :return: Its name: a PNG, or a JPG where that would have more bytes than KIE.AI takes.
    :raises FilmError: If the video cannot be read.
    """
    fps = video.facts.video.fps if video.facts.video else Fraction(25)
    name = f"{stem}.png"
    ended = _run(ffmpeg, video, name, *_ONE, begin=("-sseof", f"-{decimal(_HELD / fps)}"), filters="reverse")
    for seconds in _FARTHER:
        if _is_there(ffmpeg, name):
            break
        begin = () if seconds is None else ("-sseof", f"-{decimal(seconds)}")
        ended = _run(ffmpeg, video, name, begin=begin)
    return _settled(ffmpeg, video, name, ended)


def frame_at(ffmpeg: Ffmpeg, video: Media, seconds: Fraction, stem: str) -> str:
    """Write the picture that is seen after some seconds; see :func:`last_frame`.

    :raises FilmError: If the video is not so long.
    """
    length = video.facts.seconds or Fraction(0)
    if seconds and seconds >= length:
        raise FilmError(f"{video.name} has {float(length):g} s, and no picture at {float(seconds):g} s.")
    name = f"{stem}.png"
    # The first picture that does not begin before that time: a little earlier, for times that the file has rounded.
    fps = video.facts.video.fps if video.facts.video else Fraction(25)
    begin = max(math.floor(seconds * fps) - Fraction(1, 4), Fraction(0)) / fps
    ended = _run(ffmpeg, video, name, *_ONE, begin=("-ss", decimal(begin)))
    if not ended.code and not _is_there(ffmpeg, name):
        return last_frame(ffmpeg, video, stem)  # the sound goes on after it
    return _settled(ffmpeg, video, name, ended)


def thumbnail(ffmpeg: Ffmpeg, video: Media, stem: str) -> str:
    """Write the picture that a video is shown by, as a JPG; see :func:`last_frame`."""
    at, name = (video.facts.seconds or Fraction(0)) * _SHOWN_AT, f"{stem}.jpg"
    ended = _run(ffmpeg, video, name, *_ONE, *_JPEG, begin=("-ss", decimal(at)))
    if not ended.code and not _is_there(ffmpeg, name):
        ended = _run(ffmpeg, video, name, *_ONE, *_JPEG)
    _check(ffmpeg, video, name, ended)
    return name


def _run(
    ffmpeg: Ffmpeg,
    video: Media,
    name: str,
    *options: str,
    begin: Sequence[str] = (),
    filters: str = "",
) -> Ended:
    facts = video.facts.video
    square = "scale=trunc(iw*sar/2)*2:ih,setsar=1" if facts is not None and facts.pixel_shape != 1 else ""
    chain = ",".join(filter(None, (filters, square)))
    return ffmpeg.run(
        [
            *("-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "error"),
            *(*_ONLY_FILES, *begin, "-i", f"file:{video.file}", "-map", "0:V:0"),
            *(("-vf", chain) if chain else ()),
            *(*options, *(() if name.endswith(".jpg") else ("-c:v", "png", "-pix_fmt", "rgb24"))),
            *("-f", "image2", "-update", "1", f"file:{name}"),
        ]
    )


def as_jpeg(ffmpeg: Ffmpeg, name: str) -> str:
    """Write a picture anew as a JPG, and say what that is called."""
    picture = Media(name=name, file=name, facts=Facts(seconds=None))
    smaller = f"{name.removesuffix('.png')}.jpg"
    _check(ffmpeg, picture, smaller, _run(ffmpeg, picture, smaller, *_ONE, *_JPEG))
    return smaller


def _settled(ffmpeg: Ffmpeg, video: Media, name: str, ended: Ended) -> str:
    """The picture's name, once it is there and small enough."""
    _check(ffmpeg, video, name, ended)
    is_small = (Path(ffmpeg.folder) / name).stat().st_size <= LARGEST_PICTURE
    return name if is_small else as_jpeg(ffmpeg, name)


def _check(ffmpeg: Ffmpeg, video: Media, name: str, ended: Ended) -> None:
    if ended.code or not _is_there(ffmpeg, name):
        raise unusable(video.name, ended)


def _is_there(ffmpeg: Ffmpeg, name: str) -> bool:
    path = Path(ffmpeg.folder) / name
    return path.exists() and path.stat().st_size > 0
