"""The part of ffmpeg's filter graph that makes the sound of a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from airflow_provider_runway.film.picture_filters import decimal
from airflow_provider_runway.film.timeline import Timeline

RATE = 48000
_SAME = f"aresample={RATE}:async=1,aformat=sample_fmts=fltp:channel_layouts=stereo"
_SILENCE = f"anullsrc=r={RATE}:cl=stereo"
# Seconds in which music ends.
_FADE = 2
# Under a voice everything else becomes quiet within 20 ms, and comes back within half a second.
_DUCKING = "sidechaincompress=threshold=0.02:ratio=10:attack=20:release=500"
# EBU R128's true peak, with room for what AAC adds to it, and the range that a listener at home hears.
_PEAK, _RANGE = "-1.5", "11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Where the sounds of a film are among the inputs, and what becomes of them.

    :param clips: Which input has the sound of each clip; ``None`` for a silent one. One alone for all of a joined film.
    :param voices: Which input is the voice-over of each clip, or the one of all; ``None`` for a clip without.
    :param music: Which input is the music; ``None`` for none.
    :param volume: How loud the music is, 1 for as it is.
    :param loudness: LUFS that the film is brought to; ``None`` for as it is.
    """

    clips: Sequence[int | None] = ()
    voices: Sequence[int | None] = ()
    music: int | None = None
    volume: Fraction = Fraction(1)
    loudness: float | None = None

    @property
    def is_there(self) -> bool:
        """Whether the film has any sound."""
        return self.music is not None or any(each is not None for each in (*self.clips, *self.voices))

    @property
    def is_as_it_was(self) -> bool:
        """Whether the clips' own sound stays as it is."""
        return self.loudness is None and self.music is None and all(each is None for each in self.voices)


def sound_filters(line: Timeline, sound: Sound) -> tuple[Sequence[str], str]:
    """Chains that make the film's sound, and what it is called in the graph.

    :param line: The film's clips.
    :param sound: The sounds; there is one at least.
    """
    chains: list[str] = []
    under = []
    if any(each is not None for each in sound.clips):
        chains += _of_clips(line, sound.clips)
        under.append("own")
    if sound.music is not None:
        length, fade = line.length, min(Fraction(_FADE), line.length / 4)
        chains.append(
            f"[{sound.music}:a:0]{_SAME},volume={decimal(sound.volume)},{_lasting(length)},"
            f"afade=t=out:st={decimal(length - fade)}:d={decimal(fade)}[music]"
        )
    speaks = any(each is not None for each in sound.voices)
    if speaks:
        chains += _of_voices(line, sound.voices)
        under += ["music"] if sound.music is not None else []
    elif sound.music is not None and under:
        chains += _ducked(["music"], "own")
        return _levelled(chains, "mixed", sound, line)
    elif sound.music is not None:
        under = ["music"]
    if not speaks:
        return _levelled(chains, under[0], sound, line)
    if not under:
        return _levelled(chains, "voice", sound, line)
    chains += _ducked(under, "voice")
    return _levelled(chains, "mixed", sound, line)


def _of_clips(line: Timeline, places: Sequence[int | None]) -> Sequence[str]:
    """The clips' own sound, as ``[own]``."""
    if len(places) == 1:
        return [_one(places[0], line.length, "own", line.shown[0].cut)]
    count = len(places)
    chains = [
        _one(place, shown.length, f"a{number}", shown.cut)
        for number, (place, shown) in enumerate(zip(places, line.shown, strict=True))
    ]
    if not line.crossfade:
        return [*chains, f"{''.join(f'[a{number}]' for number in range(count))}concat=n={count}:v=0:a=1[own]"]
    before = "a0"
    for number in range(1, count):
        name = "own" if number == count - 1 else f"b{number}"
        chains.append(f"[{before}][a{number}]acrossfade=d={decimal(line.crossfade)}[{name}]")
        before = name
    return chains


def _of_voices(line: Timeline, places: Sequence[int | None]) -> Sequence[str]:
    """The voice-over, as ``[voice]``."""
    if len(places) == 1:
        return [_one(places[0], line.length, "voice")]
    count = len(places)
    chains = [
        _one(place, slot, f"w{number}") for number, (place, slot) in enumerate(zip(places, line.slots, strict=True))
    ]
    return [*chains, f"{''.join(f'[w{number}]' for number in range(count))}concat=n={count}:v=0:a=1[voice]"]


def _ducked(under: Sequence[str], over: str) -> Sequence[str]:
    """One sound over others, which become quiet under it, as ``[mixed]``."""
    chains = [f"[{over}]asplit[over][key]"]
    below = under[0]
    if len(under) > 1:
        chains.append(f"{''.join(f'[{name}]' for name in under)}amix=inputs={len(under)}:normalize=0[bed]")
        below = "bed"
    return [*chains, f"[{below}][key]{_DUCKING}[ducked]", "[ducked][over]amix=inputs=2:normalize=0[mixed]"]


def _levelled(chains: Sequence[str], name: str, sound: Sound, line: Timeline) -> tuple[Sequence[str], str]:
    if sound.loudness is None:
        return chains, name
    level = f"loudnorm=I={sound.loudness:g}:TP={_PEAK}:LRA={_RANGE},aresample={RATE}"
    return [*chains, f"[{name}]{level},{_lasting(line.length)}[levelled]"], "levelled"


def _one(place: int | None, length: Fraction, name: str, cut: str | None = None) -> str:
    """One sound, or silence, for so many seconds."""
    part = f"atrim={cut},asetpts=PTS-STARTPTS," if cut else ""
    source = f"[{place}:a:0]{part}{_SAME}" if place is not None else _SILENCE
    return f"{source},{_lasting(length)}[{name}]"


def _lasting(length: Fraction) -> str:
    return f"apad,atrim=duration={decimal(length)},asetpts=PTS-STARTPTS"
