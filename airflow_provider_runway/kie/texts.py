"""Texts from outside, made fit for a log line, a table and a message: one line, printable, bounded."""

from __future__ import annotations

LONGEST_EXCERPT = 200
# What the service says about a failure is kept up to this length. Its own texts have a few hundred characters.
LONGEST_MESSAGE = 1000
_LONGEST_VALUE = 80


def shorten(text: str, longest: int = LONGEST_EXCERPT) -> str:
    """One printable line of at most ``longest`` characters."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(character if character.isprintable() else "\ufffd" for character in line)
    return line if len(line) <= longest else f"{line[:longest]}…"


def read_message(value: object) -> str | None:
    """What the service says, as one printable line of bounded length; ``None`` where it says nothing."""
    return shorten(value, LONGEST_MESSAGE) or None if isinstance(value, str) else None


def as_sentence(text: str) -> str:
    """The text with exactly one mark at its end, however it ends: KIE's own texts have no full stop, one or two."""
    text = text.rstrip()
    return text if text.endswith(("!", "?", "…", "。")) else f"{text.rstrip(' .')}."


def readable(text: str) -> str:
    """The text without what no log, file or database can hold: halves of characters and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def shown(value: object, longest: int = _LONGEST_VALUE) -> str:
    """A value as an error about it shows it, cut where it has more than ``longest`` characters."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - nested too deeply, a number too long: the error is about the value, not this
        return f"a {type(value).__name__} that cannot be shown"
    if len(text) <= longest:
        return text
    length = f" ({len(value)} characters)" if isinstance(value, str) else ""
    return f"{text[:longest]}…{length}"
