"""A clip becomes sound: a tune of its own for every song, and syllables for what is spoken."""

from __future__ import annotations

import io
import math
import random
import wave
from array import array
from typing import TYPE_CHECKING

import av  # noqa: TID253 - this module is imported when the first sound is made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_runway.sandbox.video.clip import Clip

_RATE = 22_050
_BIT_RATE = 64_000
_LOUD = 11_000
_SCALE = (0, 2, 4, 7, 9, 12)
_BEAT = 0.25
_SYLLABLE = 0.18
_VOICE = "voice"


def sound(clip: Clip, kind: str) -> bytes:
    """The sound of a clip; the same clip gives the same bytes.

    :param kind: ``"mp3"`` or ``"wav"``.
    """
    samples = _samples(clip)
    return _wav(samples) if kind == "wav" else _mp3(samples)


def _samples(clip: Clip) -> array[int]:
    last = clip.segments[-1]
    dice = random.Random(last.seed)  # noqa: S311 - a tune
    sung = _syllables(dice) if last.title == _VOICE else _notes(dice)
    samples = array("h")
    size = round(max(clip.seconds, _BEAT) * _RATE)
    while len(samples) < size:
        samples.extend(next(sung))
    return samples[:size]


def _notes(dice: random.Random) -> Iterator[array[int]]:
    base = dice.choice((196.0, 220.0, 261.6))
    notes = [_tone(base * 2 ** (step / 12), _BEAT, (1, 0.4, 0.15), fade=3) for step in _SCALE]
    while True:
        yield dice.choice(notes)


def _syllables(dice: random.Random) -> Iterator[array[int]]:
    base = dice.uniform(105, 190)
    pause = array("h", bytes(2 * round(0.09 * _RATE)))
    said = [_tone(base * bend, _SYLLABLE, (0.5, 1, 0.8, 0.5, 0.3), fade=1) for bend in (0.92, 1, 1.07)]
    while True:
        for _ in range(dice.randint(1, 4)):
            yield dice.choice(said)
        yield pause


def _tone(pitch: float, seconds: float, overtones: tuple[float, ...], *, fade: float) -> array[int]:
    """One note: it swells within 10 ms, and fades."""
    size, loud = round(seconds * _RATE), _LOUD / sum(overtones)
    samples = array("h")
    for number in range(size):
        turn = math.tau * pitch * number / _RATE
        level = min(number / (0.01 * _RATE), 1) * math.exp(-fade * number / size) * min((size - number) / 200, 1)
        samples.append(round(loud * level * sum(part * math.sin(turn * (n + 1)) for n, part in enumerate(overtones))))
    return samples


def _wav(samples: array[int]) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples.tobytes())
    return data.getvalue()


def _mp3(samples: array[int]) -> bytes:
    data = io.BytesIO()
    with av.open(data, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=_RATE)
        stream.layout, stream.format, stream.bit_rate = "mono", "s16p", _BIT_RATE
        frame = av.AudioFrame(format="s16p", layout="mono", samples=len(samples), align=1)
        frame.sample_rate = _RATE
        frame.planes[0].update(samples.tobytes())
        for packet in (*stream.encode(frame), *stream.encode()):
            container.mux(packet)
    return data.getvalue()
