"""Making a film: its inputs are brought, looked at, given to one command of ffmpeg, and the file put in its place."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from airflow_provider_runway.film.captions import (
    LARGEST,
    Cue,
    all_letters,
    decode,
    in_clips,
    read_text,
    to_ass,
    to_srt,
    within,
)
from airflow_provider_runway.film.command import INDEX_TOO_SMALL, JOIN_LIST, Film, film_arguments
from airflow_provider_runway.film.facts import Facts
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg
from airflow_provider_runway.film.inputs import Brought, Inputs
from airflow_provider_runway.film.marks import Marks, fingerprint, read_length, read_marks
from airflow_provider_runway.film.order import Order
from airflow_provider_runway.film.probe import check_letters, ended_early, failed, first_broken, lacking, probe
from airflow_provider_runway.film.progress import Progress
from airflow_provider_runway.film.sources import Source
from airflow_provider_runway.film.stored import (
    FILM,
    Stored,
    check_pictures,
    checksum_of,
    film_pictures,
    found_film,
    publish_film,
    stored_at,
)
from airflow_provider_runway.film.timeline import Media, Timeline, lay_out
from airflow_provider_runway.film.work_folder import work_folder
from airflow_provider_runway.kie.errors import FilmError, TargetExistsError
from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.save import MediaSource
from airflow_provider_runway.storage.target import Draft, Target, storing

log = logging.getLogger(__name__)

# By so much a film may be shorter than was reckoned: half a second, and a part of a packet of sound for each clip.
_TOLERANCE, _TOLERANCE_EACH = Fraction(1, 2), Fraction(1, 20)
_IN_LOG = "The lines that ffmpeg has printed are in the log"


@dataclass
class Composer:
    """Makes one film.

    :param order: The film.
    :param place: Where it goes.
    :param maker: What tells the task that makes it from all others.
    :param program: The path of ffmpeg.
    :param timeout: Seconds that a run of ffmpeg may take.
    :param roots: Folders of this machine below which inputs may be read.
    :param hook: Gives the hook that is asked for another link where one has died.
    :param largest: Bytes that an input may have at most.
    :param overwrite: Whether a file that is there is replaced.
    """

    order: Order
    place: Target
    maker: str
    program: str
    timeout: float
    roots: Sequence[str]
    hook: Callable[[], MediaSource]
    largest: int
    overwrite: bool = False
    _ffmpeg: Ffmpeg | None = field(default=None, init=False)

    def compose(self) -> Stored:
        """Make the film, unless it is there already.

        :raises TargetExistsError: If another file is there, which this task has not made.
        :raises TargetUnwritableError: If nothing can be stored there.
        :raises FilmError: If an input cannot be used, or ffmpeg fails.
        """
        with storing(self.place.uri):
            is_there = self.place.size() is not None
            there = read_marks(self.place) if is_there else None
        if is_there and there is None and not self.overwrite:
            raise self._other_file()
        if not is_there:
            with storing(self.place.uri):
                if not self.overwrite:
                    check_pictures(self.place)
                self.place.probe()
        with work_folder() as folder:
            self._ffmpeg = ffmpeg = Ffmpeg(self.program, str(folder), self.timeout)
            inputs = Inputs(folder, self.roots, self.hook, self.largest)
            marks = Marks(self._fingerprint(inputs), self.maker)
            if there is not None:
                if there.fingerprint == marks.fingerprint:
                    log.info("The film is at %s already, made of the same clips in the same way.", self.place.uri)
                    return found_film(ffmpeg, self.place)
                if there.maker != self.maker and not self.overwrite:
                    raise self._other_file()
            film = self._planned(ffmpeg, inputs)
            replaces = self.overwrite or there is not None
            with storing(self.place.uri, kind=OSError), self.place.draft() as draft:
                stored = self._make(ffmpeg, film, draft, marks, replaces=replaces)
        log.info("The film is stored at %s (%d bytes, %.2f s).", stored.path, stored.size, stored.duration)
        return stored

    def kill(self) -> None:
        """End ffmpeg, for good."""
        if self._ffmpeg is not None:
            self._ffmpeg.kill()

    def _other_file(self) -> TargetExistsError:
        return TargetExistsError(
            f"There is a file at {self.place.uri} already, and this task did not make it.",
            detail="It was left alone. Remove it or choose another save_to; a template such as {{ run_id }} gives each "
            "run a path of its own. With overwrite=True it is replaced",
        )

    def _fingerprint(self, inputs: Inputs) -> str:
        order = self.order
        named: dict[str, Any] = {stem: inputs.identify(source, stem) for stem, source in order.sources}
        if not isinstance(order.captions, Source) and order.captions is not None:
            named["captions"] = [[each.begin, each.end, each.text] for each in order.captions]
        if order.texts:
            named["texts"] = list(order.texts)
        return fingerprint({"inputs": named, "options": order.options.described})

    def _planned(self, ffmpeg: Ffmpeg, inputs: Inputs) -> Film:
        order, options = self.order, self.order.options
        brought = {stem: inputs.bring(source, stem) for stem, source in order.sources}
        known = {stem: each for stem, each in brought.items() if stem.startswith(("clip-", "audio-", "music"))}
        media = dict(zip(known, probe(ffmpeg, list(known.values())), strict=True))
        clips = [media[f"clip-{number:03d}"] for number in range(1, len(order.clips) + 1)]
        voices = [media.get(f"audio-{number:03d}") for number in range(1, len(order.voices) + 1)]
        is_one = len(voices) == 1
        line = lay_out(
            clips,
            trims=options.trims_of(len(clips)),
            crossfade=options.crossfade,
            fps=options.fps,
            voices=() if is_one else voices,
            voice=voices[0] if is_one else None,
        )
        size = options.size_of(line.shown[0].video.shown)
        logo = brought.get("logo")
        film = Film(
            line=line,
            size=size,
            fit=options.fit,
            voices=voices,
            music=media.get("music"),
            volume=options.volume,
            loudness=options.loudness,
            logo=(_picture(logo), options.logo) if logo is not None else None,
            captions=self._captions(ffmpeg, brought.get("captions-source"), line, size),
            burnt_in=options.burnt_in,
        )
        if film.line.is_one_stream:
            (inputs.folder / JOIN_LIST).write_text(film.join_list)
        _tell(brought, film)
        return film

    def _captions(self, ffmpeg: Ffmpeg, brought: Brought | None, line: Timeline, size: tuple[int, int]) -> str | None:
        """Write the captions as ffmpeg takes them, and say what the file is called."""
        cues, folder = self.order.captions, Path(ffmpeg.folder)
        if isinstance(cues, Source):
            cues = _read_captions(folder, cues, brought)
        if self.order.texts:
            cues = in_clips(self.order.texts, line.starts, line.slots) or None
        if cues is None:
            return None
        seen = within(cues, float(line.length))
        if len(seen) < len(cues):
            log.warning("%d of %d captions begin after the end of the film.", len(cues) - len(seen), len(cues))
        if not seen:
            raise FilmError("No caption begins within the film.", detail="Correct subtitles")
        options = self.order.options
        if not options.burnt_in:
            (folder / "captions.srt").write_text(to_srt(seen), encoding="utf-8")
            return "captions.srt"
        for name, each in (("letters.ass", all_letters(seen)), ("captions.ass", seen)):
            (folder / name).write_text(to_ass(each, options.style, size), encoding="utf-8")
        check_letters(ffmpeg, "letters.ass")
        return "captions.ass"

    def _make(self, ffmpeg: Ffmpeg, film: Film, draft: Draft, marks: Marks, *, replaces: bool) -> Stored:
        """Make the film and its pictures, and put them in their places. What can be done at once is."""
        path, folder = Path(draft.path), Path(ffmpeg.folder)
        with ffmpeg.beside() as threads:
            of_clips = threads.submit(film_pictures, ffmpeg, film) if film.is_joined else None
            seconds = self._made(ffmpeg, film, draft, marks)
            checksum = threads.submit(checksum_of, path)
            on_disk = threads.submit(os.fsync, draft.file.fileno()) if isinstance(self.place, LocalTarget) else None
            if of_clips is None:
                (folder / FILM).symlink_to(path)
                pictures = film_pictures(ffmpeg, film, FILM)
            else:
                pictures = of_clips.result()
            if on_disk is not None:
                on_disk.result()
            addresses = publish_film(self.place, draft, [folder / name for name in pictures], replaces=replaces)
            return stored_at(self.place, seconds, film.size, checksum.result(), addresses)

    def _made(self, ffmpeg: Ffmpeg, film: Film, draft: Draft, marks: Marks) -> Fraction:
        """Make the film, and say how many seconds it has."""
        reserves = film.is_joined and film.captions is None
        ended = self._run(ffmpeg, film, draft, marks, reserves=reserves)
        if ended.code and reserves and INDEX_TOO_SMALL in ended.printed:
            ended = self._run(ffmpeg, film, draft, marks, reserves=False)
        if ended.code:
            raise self._failed(ffmpeg, film, draft, ended)
        seconds, wanted = read_length(draft.file), film.line.length
        if seconds is None or seconds < wanted - _TOLERANCE - _TOLERANCE_EACH * len(film.line.shown):
            log.error("ffmpeg has said:\n%s", ended.printed)
            raise first_broken(ffmpeg, [each.clip for each in film.line.shown]) or FilmError(
                f"The film has {float(seconds or 0):g} s and not {float(wanted):g} s.", detail=_IN_LOG
            )
        return seconds

    def _run(self, ffmpeg: Ffmpeg, film: Film, draft: Draft, marks: Marks, *, reserves: bool) -> Ended:
        form = "mov" if self.place.uri.lower().endswith(".mov") else "mp4"
        arguments = film_arguments(film, output=draft.path, format=form, comment=marks.comment, reserves=reserves)
        log.info("In %s: %s", ffmpeg.folder, shlex.join([ffmpeg.program, *arguments]))
        return ffmpeg.run(arguments, on_progress=Progress(float(film.line.length)))

    def _failed(self, ffmpeg: Ffmpeg, film: Film, draft: Draft, ended: Ended) -> FilmError:
        log.error("ffmpeg has said:\n%s", ended.printed)
        if "No space left on device" in ended.printed:
            folder = Path(draft.path).parent
            free = shutil.disk_usage(folder).free // 1_048_576
            return FilmError(
                f"There is no room for the film in {folder}, where it is made ({free} MiB are free).",
                detail="Make room there",
                retryable=True,
            )
        if ended.code < 0:
            return ended_early(ended)
        others = (*film.voices, film.music, film.logo[0] if film.logo else None)
        files = [each.clip for each in film.line.shown] + [each for each in others if each]
        return lacking(ffmpeg.program, ended) or first_broken(ffmpeg, files) or failed(ended)


def _picture(brought: Brought) -> Media:
    return Media(name=brought.source.label, file=brought.file, facts=Facts(seconds=None))


def _read_captions(folder: Path, source: Source, brought: Brought | None) -> Sequence[Cue]:
    path = folder / (brought.file if brought is not None else "")
    if path.stat().st_size > LARGEST:
        raise FilmError(f"{source.label} are no captions: the file has more than {LARGEST} bytes.", detail=_CAPTIONS)
    try:
        return read_text(decode(path.read_bytes()))
    except ValueError as error:
        raise FilmError(f"{source.label} are no captions: {error}.", detail=_CAPTIONS) from None


_CAPTIONS = "Give SubRip (.srt), WebVTT (.vtt), or lyrics with times (.lrc)"


def _tell(brought: Mapping[str, Brought], film: Film) -> None:
    for each in brought.values():
        log.info("%s is %s.", each.file, each.source.label)
    line, (width, height) = film.line, film.size
    held = [each.clip.name for each in line.shown if each.length > each.own]
    if held:
        log.info("Held on the last picture until the voice-over has ended: %s.", ", ".join(held))
    how = "joined as they are" if film.is_joined else f"{width}x{height}, {float(line.fps):g} pictures a second"
    log.info("Clips: %d. They become a film of %.2f s, %s.", len(line.shown), float(line.length), how)
