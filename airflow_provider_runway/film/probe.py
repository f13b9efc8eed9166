"""Asking ffmpeg what files are."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from airflow_provider_runway.film.command import captions_arguments, check_arguments, probe_arguments
from airflow_provider_runway.film.facts import Facts, read_facts
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg
from airflow_provider_runway.film.inputs import Brought
from airflow_provider_runway.film.timeline import Media
from airflow_provider_runway.kie.errors import FilmError
from airflow_provider_runway.kie.texts import shorten

log = logging.getLogger(__name__)

# Files that one run of ffmpeg is asked about.
_AT_ONCE = 25
# Lines that it prints of one file, with all that stands in its metadata.
_LINES_OF_EACH = 400


def probe(ffmpeg: Ffmpeg, files: Sequence[Brought]) -> Sequence[Media]:
    """What is known of files.

    :param ffmpeg: The program.
    :param files: The files.
    :raises FilmError: If one of them is none that ffmpeg can read, or ffmpeg itself fails.
    """
    known: list[Media] = []
    for begin in range(0, len(files), _AT_ONCE):
        some = files[begin : begin + _AT_ONCE]
        facts = _ask(ffmpeg, some)
        if facts is None:
            facts = [_ask_alone(ffmpeg, each) for each in some]
        known += [
            Media(name=file.source.label, file=file.file, facts=_measured(ffmpeg, file, fact))
            for file, fact in zip(some, facts, strict=True)
        ]
    return known


def _ask(ffmpeg: Ffmpeg, files: Sequence[Brought]) -> Sequence[Facts] | None:
    """What is known of files; ``None`` if there is one that cannot be read."""
    ended = ffmpeg.run(probe_arguments([each.file for each in files]), most_lines=_LINES_OF_EACH * len(files))
    return None if ended.code else read_facts(len(files), ended.wrote, ended.printed)


def _ask_alone(ffmpeg: Ffmpeg, file: Brought) -> Facts:
    ended = ffmpeg.run(probe_arguments([file.file]), most_lines=_LINES_OF_EACH)
    if ended.code:
        raise unusable(file.source.label, ended)
    return read_facts(1, ended.wrote, ended.printed)[0]


def _measured(ffmpeg: Ffmpeg, file: Brought, facts: Facts) -> Facts:
    """The facts of a file with its length, for which one that does not say is read to its end."""
    if facts.video is None and facts.sound is None:
        raise FilmError(f"{file.source.label} has neither pictures nor sound.", detail=f"Correct {file.source.field}")
    if file.source.media == "sound" and facts.sound is None:
        raise FilmError(f"{file.source.label} has no sound.", detail=f"Correct {file.source.field}, or leave it out")
    if file.source.media == "video" and facts.video is None:
        raise FilmError(f"{file.source.label} has no pictures.", detail=f"Correct {file.source.field}, or leave it out")
    if facts.seconds is not None:
        return facts
    reached: list[float] = []
    ended = ffmpeg.run(check_arguments(file.file), on_progress=reached.append)
    if ended.code or not reached:
        raise unusable(file.source.label, ended)
    return replace(facts, seconds=Fraction(reached[-1]).limit_denominator(1000))


def check_letters(ffmpeg: Ffmpeg, file: str) -> None:
    """See that captions can be drawn: ffmpeg itself leaves out what it has no font for, and goes on.

    :param ffmpeg: The program, in the folder of the file.
    :param file: Captions, of which those at the beginning have all letters.
    :raises FilmError: If there is no font at all, or ffmpeg cannot draw captions.
    """
    ended = ffmpeg.run(captions_arguments(file))
    if ended.code and (error := lacking(ffmpeg.program, ended)) is not None:
        raise error
    missing = {int(digits, 16) for digits in _NO_GLYPH.findall(ended.printed)}
    if 0 in missing:
        raise FilmError(
            "No font is installed where this task runs, so that no captions can be drawn.",
            detail="Install one (Debian: fonts-dejavu-core), or set burn_subtitles=False for a track that players show",
        )
    if missing:
        letters = " ".join(map(chr, sorted(missing)[:_MOST_LETTERS]))
        log.warning("No font that is installed here has these letters of the captions: %s", letters)


# What the library that draws letters says: of letter 0 where there is no font at all.
_NO_GLYPH = re.compile(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]{1,6}) ")
_MOST_LETTERS = 20


def first_broken(ffmpeg: Ffmpeg, files: Sequence[Media]) -> FilmError | None:
    """Which of several files is broken, if one is: each is read to its end."""
    for file in files:
        ended = ffmpeg.run(check_arguments(file.file), on_progress=lambda _: None)
        if ended.code:
            return unusable(file.name, ended)
    return None


def unusable(name: str, ended: Ended) -> FilmError:
    """The error of a file that ffmpeg cannot read."""
    if ended.code < 0:
        return ended_early(ended)
    return FilmError(
        f"{name} is broken: ffmpeg cannot read it ({last_line(ended)}).", detail="Store it anew, or leave it out"
    )


def ended_early(ended: Ended) -> FilmError:
    """The error of an ffmpeg that was killed."""
    return FilmError(
        f"ffmpeg was ended by signal {-ended.code}.",
        detail="If nobody did that, the machine may have run out of memory: give the worker more, or compose fewer "
        "clips, or a smaller film",
        retryable=True,
    )


def lacking(program: str, ended: Ended) -> FilmError | None:
    """The error of an ffmpeg that is too old, or was built without what a film needs; ``None`` if it is another."""
    lacks = _LACKS.search(ended.printed)
    if lacks is None:
        return None
    return FilmError(
        f"{program} lacks what this film needs ({lacks[0].strip()}).",
        detail="Install ffmpeg 4.4 or later with libx264 and libass; 'airflow-provider-runway[film]' brings one, which "
        "is used where there is none on PATH",
    )


_LACKS = re.compile(r"No such filter: '\w+'|Unknown encoder '\w+'|Option '?\w+'? not found|No option name near '[^']*'")


def failed(ended: Ended) -> FilmError:
    """The error of an ffmpeg that fails for a reason of its own."""
    return FilmError(f"ffmpeg has failed: {last_line(ended)}.", detail="The lines that it has printed are in the log")


def last_line(ended: Ended) -> str:
    """What ffmpeg has said last, without where in its code it says it."""
    lines = [line.rpartition("] ")[2].strip() for line in ended.printed.splitlines()]
    said = [line for line in lines if line and not line.startswith(_OF_NO_USE)]
    return shorten(said[-1]) if said else f"exit code {ended.code}"


_OF_NO_USE = (
    *("Conversion failed", "Error opening input files", "Task finished", "Terminating thread", "Nothing was"),
    "Could not open encoder",
)
