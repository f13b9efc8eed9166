"""Facts of files that are not there, for what is computed from facts alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from airflow_provider_runway.film.facts import Facts, SoundFacts, VideoFacts
from airflow_provider_runway.film.timeline import Media

SOUND = SoundFacts(codec="aac", extradata="5, 0x1", rate="48000", layout="stereo", time_base="1/48000")


def video(width: int = 1280, height: int = 720, fps: int = 24, **facts: Any) -> VideoFacts:
    known: dict[str, Any] = {
        "codec": "h264",
        "extradata": "38, 0x1",
        "pixel_shape": Fraction(1),
        "rotation": 0,
        "time_base": "1/12288",
        "pixel_format": "yuv420p",
    }
    return VideoFacts(width=width, height=height, fps=Fraction(fps), **{**known, **facts})


def media(number: int = 1, seconds: float | None = 5, *, sound: bool = False, **facts: Any) -> Media:
    length = None if seconds is None else Fraction(str(seconds))
    known = Facts(seconds=length, video=video(**facts), sound=SOUND if sound else None)
    return Media(name=f"clip {number}", file=f"clip-{number:03d}.mp4", facts=known)


def sound(number: int = 1, seconds: float = 2) -> Media:
    known = Facts(seconds=Fraction(str(seconds)), sound=SOUND)
    return Media(name=f"audio {number}", file=f"audio-{number:03d}.mp3", facts=known)
