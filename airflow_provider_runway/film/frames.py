"""Single pictures of a video, as files: its last one exactly as it is, one to show it by, or any other."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from airflow_provider_runway.film.facts import Facts
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg
from airflow_provider_runway.film.picture_filters import decimal
from airflow_provider_runway.film.probe import unusable
from airflow_provider_runway.film.timeline import Media
from airflow_provider_runway.film.work_folder import no_room
from airflow_provider_runway.kie.errors import FilmError
from airflow_provider_runway.storage.sources import LARGEST_PICTURE

_ONLY_FILES = ("-protocol_whitelist", "file")
# So many pictures are held in memory at once to find the last.
_HELD = 6
# Where the sound is longer than the pictures, the last of these is farther from the end: seconds that are looked at
# one picture after the other, the second time the whole video.
_FARTHER = (Fraction(10), None)
_ONE = ("-frames:v", "1")
_JPEG = ("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p")
_PNG = ("-c:v", "png", "-pix_fmt", "rgb24")


def last_and_shown(ffmpeg: Ffmpeg, last: Media, video: Media, seconds: Fraction) -> tuple[str, str]:
    """Write two pictures at once: the last one of a video, and one that a film is shown by, which is a JPG.

    :param ffmpeg: The program, in the folder that the pictures go to.
    :param last: The video with the last picture.
    :param video: The video with the other.
    :param seconds: Where in it that one is; if there is none, it is the first.
    :return: Their names: that of the last as :func:`last_frame` says it.
    :raises FilmError: If a video cannot be read.
    """
    shown = _Picture(video, "thumbnail.jpg", ("-ss", decimal(seconds)), _ONE)
    ended = _run(ffmpeg, _last(last, "last.png"), shown)
    if not ended.code and not _is_there(ffmpeg, shown.name):
        ended = _run(ffmpeg, replace(shown, begin=()))
    if ended.code or not _is_there(ffmpeg, "last.png"):
        name = last_frame(ffmpeg, last, "last")
    else:
        name = _small_enough(ffmpeg, "last.png")
    _check(ffmpeg, shown, ended)
    return name, shown.name


def last_frame(ffmpeg: Ffmpeg, video: Media, stem: str) -> str:
    """Write the last picture of a video.

    :param ffmpeg: The program, in the folder that the picture goes to.
    :param video: The video.
    :param stem: The picture's name without suffix.
    :return: Its name: a PNG, or a JPG where that would have more bytes than KIE.AI takes.
    :raises FilmError: If the video cannot be read.
    """
    picture = _last(video, f"{stem}.png")
    ended = _run(ffmpeg, picture)
    for seconds in _FARTHER:
        if _is_there(ffmpeg, picture.name):
            break
        begin = () if seconds is None else ("-sseof", f"-{decimal(seconds)}")
        ended = _run(ffmpeg, _Picture(video, picture.name, begin))
    _check(ffmpeg, picture, ended)
    return _small_enough(ffmpeg, picture.name)


def frame_at(ffmpeg: Ffmpeg, video: Media, seconds: Fraction, stem: str) -> str:
    """Write the picture that is seen after some seconds; see :func:`last_frame`.

    :raises FilmError: If the video is not so long.
    """
    length = video.facts.seconds or Fraction(0)
    if seconds and seconds >= length:
        raise FilmError(f"{video.name} has {float(length):g} s, and no picture at {float(seconds):g} s.")
    # The first picture that does not begin before that time: a little earlier, for times that the file has rounded.
    fps = video.facts.video.fps if video.facts.video else Fraction(25)
    begin = max(math.floor(seconds * fps) - Fraction(1, 4), Fraction(0)) / fps
    picture = _Picture(video, f"{stem}.png", ("-ss", decimal(begin)), _ONE)
    ended = _run(ffmpeg, picture)
    if not ended.code and not _is_there(ffmpeg, picture.name):
        return last_frame(ffmpeg, video, stem)  # the sound goes on after it
    _check(ffmpeg, picture, ended)
    return _small_enough(ffmpeg, picture.name)


def as_jpeg(ffmpeg: Ffmpeg, name: str) -> str:
    """Write a picture anew as a JPG, and say what that is called."""
    video = Media(name=name, file=name, facts=Facts(seconds=None))
    smaller = _Picture(video, f"{name.removesuffix('.png')}.jpg", options=_ONE)
    _check(ffmpeg, smaller, _run(ffmpeg, smaller))
    return smaller.name


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture that is to be written.

    :param video: The video that it is of.
    :param name: The name of its file.
    :param begin: From where on the video is read.
    :param options: Which of the pictures that are read it is; of all, the last.
    :param filters: What is done to them.
    """

    video: Media
    name: str
    begin: Sequence[str] = ()
    options: Sequence[str] = ()
    filters: str = ""


def _last(video: Media, name: str) -> _Picture:
    fps = video.facts.video.fps if video.facts.video else Fraction(25)
    return _Picture(video, name, ("-sseof", f"-{decimal(_HELD / fps)}"), _ONE, "reverse")


def _run(ffmpeg: Ffmpeg, *pictures: _Picture) -> Ended:
    inputs: list[str] = []
    outputs: list[str] = []
    for number, each in enumerate(pictures):
        facts = each.video.facts.video
        square = "scale=trunc(iw*sar/2)*2:ih,setsar=1" if facts is not None and facts.pixel_shape != 1 else ""
        chain = ",".join(filter(None, (each.filters, square)))
        is_read_whole = each.begin[:1] == ("-ss",) and not each.video.has_index
        inputs += [*_ONLY_FILES, *(() if is_read_whole else each.begin), "-i", f"file:{each.video.file}"]
        outputs += ["-map", f"{number}:V:0", *(("-vf", chain) if chain else ()), *each.options]
        outputs += each.begin if is_read_whole else ()
        outputs += [*(_JPEG if each.name.endswith(".jpg") else _PNG), *("-f", "image2", "-update", "1")]
        outputs += [f"file:{each.name}"]
    return ffmpeg.run(["-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "error", *inputs, *outputs])


def _small_enough(ffmpeg: Ffmpeg, name: str) -> str:
    is_small = (Path(ffmpeg.folder) / name).stat().st_size <= LARGEST_PICTURE
    return name if is_small else as_jpeg(ffmpeg, name)


def _check(ffmpeg: Ffmpeg, picture: _Picture, ended: Ended) -> None:
    if ended.code or not _is_there(ffmpeg, picture.name):
        if (full := os.strerror(errno.ENOSPC)) in ended.printed:
            raise no_room(Path(ffmpeg.folder), OSError(errno.ENOSPC, full))
        raise unusable(picture.video.name, ended)


def _is_there(ffmpeg: Ffmpeg, name: str) -> bool:
    path = Path(ffmpeg.folder) / name
    return path.exists() and path.stat().st_size > 0
