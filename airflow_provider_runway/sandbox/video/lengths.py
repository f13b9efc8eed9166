"""How long sounds are."""

from __future__ import annotations

SONG_SECONDS = 12.0
_LONGEST = 60.0
_SECONDS_A_WORD = 0.36


def seconds_of_speech(text: str) -> float:
    """How long it takes to say something, in seconds; a minute at most."""
    return round(min(max(len(text.split()), 2) * _SECONDS_A_WORD, _LONGEST), 2)


def seconds_of_song(asked: object) -> float:
    """How long a song is, in seconds: as asked, but a minute at most; short if nothing is asked."""
    is_number = isinstance(asked, (int, float)) and not isinstance(asked, bool)
    return min(float(asked), _LONGEST) if is_number else SONG_SECONDS  # type: ignore[arg-type]
