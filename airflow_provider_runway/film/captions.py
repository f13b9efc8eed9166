"""Captions: read from SubRip, WebVTT, lyrics with times or plain values, and written as ffmpeg burns or stores them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from airflow_provider_runway.film.numbers import finite

# Seconds for which the last line of lyrics stands, of which only the beginning is known.
_LAST_LINE = 5.0
# Seconds by which the caption of a clip goes before it does, so that the next is seen to be another.
_GAP = Fraction(1, 5)
# A file of captions that has more bytes is none.
LARGEST = 5_000_000
_MOST_CUES = 20_000


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption.

    :param begin: The second at which it appears.
    :param end: The second at which it is gone.
    :param text: What it says; its lines are parted by line feeds.
    """

    begin: float
    end: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionStyle:
    """How captions look that are burnt into the pictures.

    :param font: The name of a font that is installed where the task runs.
    :param size: The height of a line, relative to that of the film.
    :param color: Of the letters: ``#rrggbb``.
    :param outline: Of their edge: ``#rrggbb``.
    :param bold: Whether the letters are bold.
    :param position: Where they stand.
    """

    font: str = "DejaVu Sans"
    size: float = 0.05
    color: str = "#ffffff"
    outline: str = "#000000"
    bold: bool = False
    position: Literal["bottom", "middle", "top"] = "bottom"


def decode(data: bytes) -> str:
    """The text of a file of captions: UTF-8, UTF-16 with its mark, or else Windows' Latin letters."""
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", "replace")


def read_text(text: str) -> Sequence[Cue]:
    """The captions of a file: SubRip, WebVTT, or lyrics with a time before each line (LRC).

    :raises ValueError: If it is none of these.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cues = list(_blocks(lines)) or list(_lyrics(lines))
    if not cues:
        raise ValueError("it has no caption with a time")
    return _in_order(cues)


def read_values(value: Any) -> Sequence[Cue]:
    """Captions that were given as values: ``start``, ``end`` and ``text`` each, or a song's words with their times.

    :param value: A list of mappings, or what KIE.AI says of a song's words (``alignedWords``).
    :raises ValueError: If it is none of these.
    """
    while isinstance(value, Mapping):
        inner = next((value[name] for name in ("alignedWords", "result", "data", "response") if value.get(name)), None)
        if inner is None:
            raise ValueError("it has no alignedWords")
        value = inner
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, Mapping) for each in value):
        raise ValueError("it is no list of mappings with start, end and text")
    cues = list(_lines_of_words(value)) if any("startS" in each for each in value) else [_cue(each) for each in value]
    if not cues:
        raise ValueError("it has no caption with a time")
    return _in_order(cues)


def within(cues: Sequence[Cue], seconds: float) -> Sequence[Cue]:
    """The captions that are seen in a film of so many seconds, none of them longer than it."""
    return [Cue(each.begin, min(each.end, seconds), each.text) for each in cues if each.begin < seconds]


def in_clips(texts: Sequence[str | None], starts: Sequence[Fraction], slots: Sequence[Fraction]) -> Sequence[Cue]:
    """The captions of a film of which it is known what is said in each clip.

    :param texts: What is said in each; ``None`` or nothing in one without a caption.
    :param starts: The seconds at which the clips begin.
    :param slots: For how many seconds each is seen.
    """
    return _in_order(
        [
            Cue(float(start), float(start + slot - min(_GAP, slot / 4)), text)
            for text, start, slot in zip(texts, starts, slots, strict=True)
            if text is not None
        ]
    )


def all_letters(cues: Sequence[Cue]) -> Sequence[Cue]:
    """One caption at the beginning with every letter that captions have, each once."""
    letters = dict.fromkeys("".join(each.text for each in cues))
    return [Cue(0, 1, "".join(filter(str.isprintable, letters)))]


def to_srt(cues: Sequence[Cue]) -> str:
    """The captions as SubRip."""
    return "".join(
        f"{number}\n{_time(each.begin, ',')} --> {_time(each.end, ',')}\n{each.text}\n\n"
        for number, each in enumerate(cues, 1)
    )


def to_ass(cues: Sequence[Cue], style: CaptionStyle, size: tuple[int, int]) -> str:
    """The captions as Advanced SubStation, which says how they look.

    :param size: Width and height of the film.
    """
    width, height = size
    letters = max(round(height * style.size), 1)
    alignment = {"bottom": 2, "middle": 5, "top": 8}[style.position]
    looks = (
        *("Captions", style.font, letters, _colour(style.color), _colour(style.color), _colour(style.outline)),
        *("&H80000000", -1 if style.bold else 0, 0, 0, 0, 100, 100, 0, 0, 1),
        *(max(letters / 14, 1), 0, alignment, width // 20, width // 20, height // 18, 1),
    )
    head = (
        "[Script Info]\nScriptType: v4.00+\nWrapStyle: 0\nScaledBorderAndShadow: yes\n"
        f"PlayResX: {width}\nPlayResY: {height}\n\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding\n"
        f"Style: {','.join(map(_plain, looks))}\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    return head + "".join(
        f"Dialogue: 0,{_time(each.begin, '.')[1:-1]},{_time(each.end, '.')[1:-1]},Captions,,0,0,0,,{_ass(each.text)}\n"
        for each in cues
    )


_ARROW = re.compile(r"\s*((?:\d+:)?\d{1,2}:\d{1,2}[.,]\d{1,3})\s*-->\s*((?:\d+:)?\d{1,2}:\d{1,2}[.,]\d{1,3})")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>|<\d[\d:.]*>|\{\\[^{}\n]{0,200}\}")
_STAMP = re.compile(r"\s*\[(\d{1,3}):(\d{1,2}(?:[.:]\d{1,3})?)\]")
_SECTION = re.compile(r"\[[^\[\]\n]*\]")


def _blocks(lines: Sequence[str]) -> Iterator[Cue]:
    """The captions of SubRip and WebVTT: a line with two times, and the text up to an empty line."""
    at = 0
    while at < len(lines):
        times = _ARROW.match(lines[at])
        at += 1
        if times is None:
            continue
        said = []
        while at < len(lines) and lines[at].strip() and not _ARROW.match(lines[at]):
            said.append(lines[at].strip())
            at += 1
        if at < len(lines) and said and said[-1].isdigit() and _ARROW.match(lines[at]):
            said.pop()  # the number of the next one, where the empty line is missing
        yield Cue(_seconds(times[1]), _seconds(times[2]), _without_tags("\n".join(said)))


def _lyrics(lines: Sequence[str]) -> Iterator[Cue]:
    """The lines of LRC, each of which stands until the next."""
    begins: list[tuple[float, str]] = []
    for line in lines:
        rest, stamps = line, []
        while stamp := _STAMP.match(rest):
            stamps.append(int(stamp[1]) * 60 + float(stamp[2].replace(":", ".")))
            rest = rest[stamp.end() :]
        begins += [(stamp, _without_tags(rest.strip())) for stamp in stamps]
    begins.sort(key=lambda each: each[0])
    for number, (begin, text) in enumerate(begins):
        end = begins[number + 1][0] if number + 1 < len(begins) else begin + _LAST_LINE
        yield Cue(begin, end, text)


def _lines_of_words(words: Sequence[Mapping[str, Any]]) -> Iterator[Cue]:
    """The lines of a song, of which KIE.AI tells the time of each word; a line feed within a word ends a line."""
    line, begin, end = "", None, 0.0
    for word in words:
        start, stop = finite(word.get("startS")), finite(word.get("endS"))
        if start is None or stop is None:
            continue
        pieces = str(word.get("word", "")).split("\n")
        for number, piece in enumerate(pieces):
            if number and begin is not None:
                yield Cue(begin, end, _SECTION.sub("", line).strip())
                line, begin = "", None
            if piece.strip():
                line, begin, end = line + piece, start if begin is None else begin, stop
    if begin is not None:
        yield Cue(begin, end, _SECTION.sub("", line).strip())


def _cue(value: Mapping[str, Any]) -> Cue:
    begin, end, text = finite(value.get("start")), finite(value.get("end")), value.get("text")
    if begin is None or end is None or not isinstance(text, str):
        raise ValueError(f"a caption must have start and end, in seconds, and text; one has {sorted(map(str, value))}")
    return Cue(begin, end, text.replace("\r\n", "\n"))


def _in_order(cues: Sequence[Cue]) -> Sequence[Cue]:
    if len(cues) > _MOST_CUES:
        raise ValueError(f"it has more than {_MOST_CUES} captions")
    for each in cues:
        if each.begin < 0 or each.end < each.begin:
            raise ValueError(f"a caption ends at {each.end:g} s, before it begins at {each.begin:g} s")
    seen = [each for each in cues if _lines(each.text) and each.end > each.begin]
    return sorted((Cue(each.begin, each.end, _lines(each.text)) for each in seen), key=lambda each: each.begin)


def _lines(text: str) -> str:
    """A text without what no caption shows: empty lines, which would end it, and control characters."""
    lines = ("".join(filter(str.isprintable, line.replace("\t", " "))).strip() for line in text.split("\n"))
    return "\n".join(filter(None, lines)).replace("-->", "→")


def _without_tags(text: str) -> str:
    text = _TAG.sub("", text)
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&amp;", "&")):
        text = text.replace(name, sign)
    return text


def _seconds(text: str) -> float:
    hours, minutes, seconds = (["0", *text.replace(",", ".").split(":")])[-3:]
    return float(Fraction(hours) * 3600 + Fraction(minutes) * 60 + Fraction(seconds))


def _time(seconds: float, point: str) -> str:
    thousandths = round(seconds * 1000)
    hours, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _colour(rgb: str) -> str:
    """A colour as this format has it: blue, green, red."""
    return f"&H00{rgb[5:7]}{rgb[3:5]}{rgb[1:3]}".upper()


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _ass(text: str) -> str:
    """A text in which nothing is taken for a command of this format."""
    text = text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")
    return text.replace("\n", "\\N")
