"""When each clip of a film is shown, and for how long: computed from what is known of the files."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import PurePosixPath

from airflow_provider_runway.film.facts import Facts, SoundFacts, VideoFacts
from airflow_provider_runway.kie.errors import FilmError


@dataclass(frozen=True, slots=True)
class Trim:
    """The part of a clip that is used.

    :param begin: Seconds of the clip that are left out at its beginning.
    :param end: Seconds of the clip at which it ends; ``None`` for its own end.
    """

    begin: Fraction = Fraction(0)
    end: Fraction | None = None


WHOLE = Trim()
# Pictures that a clip has at least which is not read like one file with the others: from the distance between two
# ffmpeg knows how long it is.
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that goes into a film.

    :param name: What messages call it, such as ``clip 3 (s3://bucket/fox.mp4)``.
    :param file: Its name in the folder that ffmpeg runs in.
    :param facts: What is known of it.
    """

    name: str
    file: str
    facts: Facts

    @property
    def has_index(self) -> bool:
        """Whether it can be read from any moment on.

        Files that have no suffix here (MPEG-TS, FLV) would be read from the next picture on that needs no other: up to
        seconds too late.
        """
        return bool(PurePosixPath(self.file).suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A clip in its film.

    :param clip: The file.
    :param video: Its pictures.
    :param begin: Seconds of it that are left out at its beginning.
    :param own: Seconds of it that are shown.
    :param length: Seconds for which it is on the screen: after its own end, the last picture stays.
    :param is_whole: Whether all of it is shown, and it is not held.
    """

    clip: Media
    video: VideoFacts
    begin: Fraction
    own: Fraction
    length: Fraction
    is_whole: bool

    @property
    def cut(self) -> str | None:
        """The part that is used, as ffmpeg's filters trim it, where it cannot be read alone."""
        if self.is_whole or self.clip.has_index:
            return None
        return f"start={float(self.begin):.6f}:duration={float(self.own):.6f}"

    @property
    def sound(self) -> SoundFacts | None:
        """Its sound, if it has any."""
        return self.clip.facts.sound


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The clips of a film, in their order.

    :param shown: The clips.
    :param crossfade: Seconds that each is blended with the next; 0 for cuts.
    :param fps: Pictures per second.
    """

    shown: Sequence[Shown]
    crossfade: Fraction
    fps: Fraction

    @property
    def is_one_stream(self) -> bool:
        """Whether the clips are alike, cut hard, and used from end to end, so that they are read like one file."""
        first = self.shown[0]
        return not (self.crossfade or first.video.rotation) and all(
            each.is_whole and (each.video, each.sound) == (first.video, first.sound) for each in self.shown
        )

    @property
    def starts(self) -> Sequence[Fraction]:
        """The second of the film at which each clip begins."""
        starts, at = [], Fraction(0)
        for each in self.shown:
            starts.append(at)
            at += each.length - self.crossfade
        return starts

    @property
    def length(self) -> Fraction:
        """Seconds of the whole film."""
        return self.starts[-1] + self.shown[-1].length

    @property
    def slots(self) -> Sequence[Fraction]:
        """Seconds from the beginning of each clip to that of the next, or to the end of the film."""
        ends = [*self.starts[1:], self.length]
        return [end - start for start, end in zip(self.starts, ends, strict=True)]

    def at(self, seconds: Fraction) -> tuple[Shown, Fraction]:
        """Which clip is seen after some seconds of the film, and after how many of the clip's own that is."""
        number = bisect.bisect_right(self.starts, seconds) - 1
        each = self.shown[number]
        return each, each.begin + min(seconds - self.starts[number], each.own)


def lay_out(
    clips: Sequence[Media],
    *,
    trims: Sequence[Trim] = (),
    crossfade: Fraction = Fraction(0),
    fps: Fraction | None = None,
    voices: Sequence[Media | None] = (),
    voice: Media | None = None,
) -> Timeline:
    """Lay the clips out.

    A clip is held on its last picture until its voice-over has ended, so that no word is cut off.

    :param clips: The files.
    :param trims: Which part of each is used; none for all of all.
    :param crossfade: Seconds that each is blended with the next.
    :param fps: Pictures per second; ``None`` for those of the first clip.
    :param voices: The voice-over of each clip, if each has one of its own.
    :param voice: The one voice-over of the whole film, if it has one.
    :raises FilmError: If a clip has no pictures, or is too short for its trim or for the crossfade.
    """
    rate = fps or _pictures(clips[0]).fps
    crossfade = _on_grid(crossfade, rate) if crossfade else crossfade
    shown = []
    for clip, trim, spoken in zip(clips, trims or [WHOLE] * len(clips), voices or [None] * len(clips), strict=True):
        own = _used(clip, trim, rate)
        length = own
        if spoken is not None and spoken.facts.seconds is not None:
            room = crossfade if clip is not clips[-1] else 0
            length = max(length, _on_grid(spoken.facts.seconds + room, rate, up=True))
        if len(clips) > 1 and length <= crossfade:
            raise FilmError(
                f"{clip.name} is too short: it has {_shown(length)} s, and a crossfade takes {_shown(crossfade)} s.",
                detail="Give a shorter transition, or leave that clip out",
            )
        is_whole = length == own and not trim.begin and (trim.end is None or trim.end >= (clip.facts.seconds or 0))
        video = _pictures(clip)
        shown.append(Shown(clip=clip, video=video, begin=trim.begin, own=own, length=length, is_whole=is_whole))
    line = Timeline(shown=shown, crossfade=crossfade, fps=rate)
    missing = voice.facts.seconds - line.length if voice is not None and voice.facts.seconds is not None else 0
    if missing <= 0:
        return _each_seen(line)
    longer = _on_grid(shown[-1].length + missing, rate, up=True)
    held = replace(shown[-1], length=longer, is_whole=False)
    return _each_seen(Timeline(shown=[*shown[:-1], held], crossfade=crossfade, fps=rate))


def _each_seen(line: Timeline) -> Timeline:
    """The same, with a second picture for clips of one, unless they are read like one file."""
    if line.is_one_stream:
        return line
    fewest = _FEWEST / line.fps
    return replace(line, shown=[replace(each, length=max(each.length, fewest)) for each in line.shown])


def _pictures(clip: Media) -> VideoFacts:
    if clip.facts.video is None:
        raise FilmError(f"{clip.name} has no pictures: it is no video.", detail="Leave it out, or make it anew")
    return clip.facts.video


def _used(clip: Media, trim: Trim, fps: Fraction) -> Fraction:
    """Seconds of a clip that are used, in whole pictures."""
    seconds = clip.facts.seconds or Fraction(0)
    if trim.begin and trim.begin >= seconds:
        raise FilmError(
            f"{clip.name} is too short: it has {_shown(seconds)} s, and its trim begins at {_shown(trim.begin)} s.",
            detail="Correct trim",
        )
    end = seconds if trim.end is None else min(trim.end, seconds)
    return _on_grid(end - trim.begin, fps)


def _on_grid(seconds: Fraction, fps: Fraction, *, up: bool = False) -> Fraction:
    """As many whole pictures as come nearest, one at least."""
    pictures = math.ceil(seconds * fps) if up else round(seconds * fps)
    return max(pictures, 1) / fps


def _shown(seconds: Fraction) -> str:
    return f"{float(seconds):.3g}"
