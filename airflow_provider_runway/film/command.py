"""ffmpeg's arguments for a film: formed from what is known of the files, without touching them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import PurePosixPath

from airflow_provider_runway.film.picture_filters import (
    Fit,
    Logo,
    clip_filters,
    decimal,
    fit_into,
    joined,
    logo_filters,
)
from airflow_provider_runway.film.sound_filters import Sound, sound_filters
from airflow_provider_runway.film.timeline import Media, Timeline

# The list of clips that are joined as they are, for ffmpeg's format `concat`.
JOIN_LIST = "clips.txt"
# Formats that have all their bytes in one file. Others name further files and addresses, which ffmpeg would open.
_VIDEOS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg"
_SOUNDS = f"{_VIDEOS},mp3,wav,w64,aac,flac,aiff,caf,ac3,opus"
_FORMATS = {".png": "png_pipe", ".jpg": "jpeg_pipe", ".webp": "webp_pipe"}
_PICTURES = ",".join(_FORMATS.values())
# Bytes of a film's index: of each packet, and beside those. A packet of sound has at least so many samples.
_INDEX, _INDEX_EACH, _SAMPLES = 16_384, 32, 1024
# What ffmpeg says where that is not enough.
INDEX_TOO_SMALL = "reserved_moov_size is too small"
# What players of MP4 files play: of these nothing need be encoded anew.
_MP4_VIDEO = {"h264", "hevc", "av1", "mpeg4"}
_MP4_SOUND = {"aac", "mp3"}
# A clip may begin some samples, or a part of a picture, before the one before it ends, which is an error with -xerror.
_IN_ORDER = r"setts=dts=max(DTS\,PREV_OUTDTS+1):pts=max(PTS\,PREV_OUTDTS+1)"
_ENCODE_VIDEO = ("-c:v", "libx264", "-preset", "medium", "-crf", "18", "-pix_fmt", "yuv420p")
_ENCODE_SOUND = ("-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-ac", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a film consists of, and how it is to look and sound.

    :param line: The clips.
    :param size: Width and height.
    :param fit: How clips of another shape are brought to it.
    :param voices: The voice-over of each clip, or the one of all; ``None`` for a clip without.
    :param music: What lies under all of it.
    :param volume: How loud the music is, 1 for as it is.
    :param loudness: LUFS that the sound is brought to; ``None`` for as it is.
    :param logo: A picture over the film, and where.
    :param captions: The file of the captions.
    :param burnt_in: Whether they become part of the pictures, otherwise a track that players show.
    """

    line: Timeline
    size: tuple[int, int]
    fit: Fit = "pad"
    voices: Sequence[Media | None] = ()
    music: Media | None = None
    volume: Fraction = Fraction(1)
    loudness: float | None = None
    logo: tuple[Media, Logo] | None = None
    captions: str | None = None
    burnt_in: bool = True

    @property
    def is_joined(self) -> bool:
        """Whether the clips' pictures are joined as they are, without being encoded anew."""
        first = self.line.shown[0]
        return (
            self.line.is_one_stream
            and self.logo is None
            and not (self.captions is not None and self.burnt_in)
            and not fit_into(first.video, self.size, self.fit)
            and self.line.fps == first.video.fps
            and first.video.codec in _MP4_VIDEO
            and (first.sound is None or first.sound.codec in _MP4_SOUND)
        )

    @property
    def index_size(self) -> int:
        """Bytes that are enough for the index of nearly any film that is joined: of the packets that it consists of."""
        line, sound = self.line, self.line.shown[0].sound
        packets = line.length * line.fps
        if sound is not None:
            packets += line.length * max(int(sound.rate) if sound.rate.isdigit() else 0, 48_000) / _SAMPLES
        return _INDEX + math.ceil(packets) * _INDEX_EACH

    @property
    def join_list(self) -> str:
        """What stands in the file :data:`JOIN_LIST`, where the clips are read like one file."""
        return "ffconcat version 1.0\n" + "".join(f"file {each.clip.file}\n" for each in self.line.shown)


def film_arguments(
    film: Film,
    *,
    output: str,
    format: str,  # noqa: A002 - ffmpeg's word
    comment: str,
    reserves: bool = False,
) -> Sequence[str]:
    """The arguments of the one command that makes a film.

    :param film: The film.
    :param output: The path of the file to be written.
    :param format: ``"mp4"`` or ``"mov"``.
    :param comment: What the file says of itself.
    :param reserves: Whether room is left for the index, with which players begin; otherwise the whole file is written
        a second time to have it there.
    """
    inputs = _Inputs()
    places = _clips(film, inputs)
    sound = Sound(
        clips=places,
        voices=[None if voice is None else inputs.add(_SOUNDS, voice.file) for voice in film.voices],
        music=None if film.music is None else inputs.add(_SOUNDS, film.music.file, "-stream_loop", "-1"),
        volume=film.volume,
        loudness=film.loudness,
    )
    graph, pictures = _pictures(film, inputs)
    maps = ["-map", pictures, *(("-c:v", "copy", "-bsf:v", _IN_ORDER) if film.is_joined else _ENCODE_VIDEO)]
    if sound.is_there and film.line.is_one_stream and film.is_joined and sound.is_as_it_was:
        maps += ["-map", "0:a:0", "-c:a", "copy", "-bsf:a", _IN_ORDER]
    elif sound.is_there:
        chains, name = sound_filters(film.line, sound)
        graph += chains
        maps += ["-map", f"[{name}]", *_ENCODE_SOUND]
    if film.captions is not None and not film.burnt_in:
        maps += ["-map", f"{inputs.add('srt', film.captions)}:s:0", "-c:s", "mov_text"]
    return [
        *("-hide_banner", "-nostdin", "-y", "-loglevel", "warning", "-nostats", "-progress", "pipe:1", "-xerror"),
        *inputs.arguments,
        *(("-filter_complex", ";".join(graph)) if graph else ()),
        *maps,
        *("-max_muxing_queue_size", "4096"),
        *("-map_metadata", "-1", "-map_chapters", "-1", "-metadata", f"comment={comment}"),
        *(("-moov_size", str(film.index_size)) if reserves else ("-movflags", "+faststart")),
        *("-f", format, f"file:{output}"),
    ]


def probe_arguments(files: Sequence[str]) -> Sequence[str]:
    """The arguments of a command that says what files are; see :mod:`airflow_provider_runway.film.facts`."""
    inputs = _Inputs()
    maps: list[str] = []
    for file in files:
        place = inputs.add(_SOUNDS, file)
        maps += ["-map", f"{place}:V:0?", "-map", f"{place}:a:0?"]
    first = ("-c", "copy", "-frames:v", "1", "-frames:a", "1", "-f", "framecrc", "pipe:1")
    return ["-hide_banner", "-nostdin", "-nostats", *inputs.arguments, *maps, *first]


def check_arguments(file: str) -> Sequence[str]:
    """The arguments of a command that reads a file to its end, and fails at the first fault in it."""
    inputs = _Inputs()
    if PurePosixPath(file).suffix in _FORMATS:
        inputs.add_picture(file)
    else:
        inputs.add(_SOUNDS, file)
    strict = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-progress", "pipe:1", "-xerror")
    return [*strict, *inputs.arguments, "-map", "0:V:0?", "-map", "0:a:0?", "-f", "null", "-"]


def captions_arguments(file: str) -> Sequence[str]:
    """The arguments of a command that draws the first captions of a file on one small picture, and keeps nothing."""
    return [
        *("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-f", "lavfi", "-i", "color=black:s=64x64"),
        *("-frames:v", "1", "-vf", f"ass={file}", "-f", "null", "-"),
    ]


class _Inputs:
    """The inputs of a command: files of this machine alone, of formats that name no other files."""

    def __init__(self) -> None:
        self.arguments: list[str] = []
        self._count = 0

    def add(self, formats: str, file: str, *options: str) -> int:
        """Add a file, and say which input it is."""
        allowed = ("-protocol_whitelist", "file", "-format_whitelist", formats)
        self.arguments += [*allowed, *options, "-i", f"file:{file}"]
        self._count += 1
        return self._count - 1

    def add_picture(self, file: str) -> int:
        """Add a picture, and say which input it is."""
        return self.add(_PICTURES, file, "-f", _FORMATS[PurePosixPath(file).suffix])


def _clips(film: Film, inputs: _Inputs) -> Sequence[int | None]:
    """Add the clips, and say which input has the sound of each."""
    if film.line.is_one_stream:
        place = inputs.add(f"concat,{_VIDEOS}", JOIN_LIST, "-f", "concat")
        return [None if film.line.shown[0].sound is None else place]
    places: list[int | None] = []
    for each in film.line.shown:
        part = () if each.is_whole or each.cut else ("-ss", decimal(each.begin), "-t", decimal(each.own))
        place = inputs.add(_VIDEOS, each.clip.file, *part)
        places.append(None if each.sound is None else place)
    return places


def _pictures(film: Film, inputs: _Inputs) -> tuple[list[str], str]:
    """The chains of the pictures, and what is mapped into the film."""
    if film.is_joined:
        return [], "0:V:0"
    if film.line.is_one_stream:
        whole = replace(film.line.shown[0], length=film.line.length)
        line = replace(film.line, shown=[whole])
    else:
        line = film.line
    chains, name = joined(line)
    graph = [*clip_filters(line, film.size, film.fit), *chains]
    if film.logo is not None:
        picture, logo = film.logo
        chains, name = logo_filters(name, inputs.add_picture(picture.file), logo, film.size)
        graph += chains
    if film.captions is not None and film.burnt_in:
        graph.append(f"[{name}]ass={film.captions}[captioned]")
        name = "captioned"
    graph.append(f"[{name}]format=yuv420p[film]")
    return graph, "[film]"
