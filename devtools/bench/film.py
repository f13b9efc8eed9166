"""Joining clips to a film, beside ffmpeg's own command for it on the same files."""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from devtools.bench.memory import growth
from devtools.bench.processes import Process, answering

if TYPE_CHECKING:
    from airflow_provider_runway.film.compose import Composer

_MIB = 1_048_576
_CLIPS = 10
_SECONDS = 10
_QUIET = ("-v", "error", "-nostdin", "-y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Clips of ten seconds, joined without being encoded anew. Seconds are medians, until the film is safe on the disk.

    :param clips: How many.
    :param size: Bytes of the film.
    :param film_s: Seconds for the film alone: looking at the clips, joining them, giving it its name.
    :param ours_s: Seconds for all that the task does: the film, its two pictures, its checksum.
    :param ffmpeg_s: Seconds for ffmpeg's own command.
    :param ffmpeg_alone_s: The same, with the film perhaps not on the disk yet.
    :param rest_s: Seconds for the rest of what the task does, by commands: two more of ffmpeg, and ``sha256sum``.
    :param ratio: How many times ``ffmpeg_s`` ``film_s`` is: the median of runs next to each other.
    :param hour_mib: MiB of a film of an hour, joined of as many clips.
    :param growth_mib: MiB by which a process that knows only the operator grows while the task makes that film.
    """

    clips: int
    size: int
    film_s: float
    ours_s: float
    ffmpeg_s: float
    ffmpeg_alone_s: float
    rest_s: float
    ratio: float
    hour_mib: float
    growth_mib: float


@dataclass(frozen=True, slots=True)
class _Turn:
    film: float
    ours: float
    ffmpeg: float
    alone: float
    rest: float


def measure_join(*, times: int, size: str = "1280x720", seconds: int = 3600) -> Join:
    """Measure all, in turns.

    :param times: How often.
    :param size: Of the clips that are joined.
    :param seconds: Of the film that memory is measured with, of small pictures.
    """
    from airflow_provider_runway.film.ffmpeg import find_ffmpeg

    ffmpeg = find_ffmpeg()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runway-bench-")))
        clips = _clips(ffmpeg, folder / "clips", size)
        composer = stack.enter_context(Process(_compose))
        turns, path = [], folder / "film.mp4"
        composer.ask("film", ffmpeg, clips, str(path))  # once for what is loaded, read and compiled
        for _ in range(times):
            ours = composer.ask("task", ffmpeg, clips, str(path))[0]
            film = composer.ask("film", ffmpeg, clips, str(path))[0]
            turns.append(_Turn(film, ours, *_by_commands(ffmpeg, clips, folder / "own.mp4")))
        whole = path.stat().st_size
        small = _clips(ffmpeg, folder / "hour", "640x360")
        part = folder / "part.mp4"
        count = max(seconds // _SECONDS // _CLIPS, 1)
        _join(ffmpeg, (small * count)[:count], part)
        hour = stack.enter_context(Process(_compose))
        grown = hour.ask("task", ffmpeg, [str(part)] * _CLIPS, str(path))[1]
        return Join(
            clips=_CLIPS,
            size=whole,
            film_s=statistics.median(each.film for each in turns),
            ours_s=statistics.median(each.ours for each in turns),
            ffmpeg_s=statistics.median(each.ffmpeg for each in turns),
            ffmpeg_alone_s=statistics.median(each.alone for each in turns),
            rest_s=statistics.median(each.rest for each in turns),
            ratio=statistics.median(each.film / each.ffmpeg for each in turns),
            hour_mib=path.stat().st_size / _MIB,
            growth_mib=grown / _MIB,
        )


def _clips(ffmpeg: str, folder: Path, size: str) -> list[str]:
    """Clips of moving colours and a tone, of 6 Mbit/s, with a key picture every 250 as encoders make them."""
    folder.mkdir()
    first = folder / "clip-0.mp4"
    sources = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=24", "-f", "lavfi", "-i", "sine=r=48000")
    codecs = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "6M", "-pix_fmt", "yuv420p", "-c:a", "aac")
    _run(ffmpeg, *sources, "-t", str(_SECONDS), *codecs, str(first))
    others = [folder / f"clip-{number}.mp4" for number in range(1, _CLIPS)]
    for each in others:
        each.write_bytes(first.read_bytes())
    return [str(each) for each in (first, *others)]


def _by_commands(ffmpeg: str, clips: Sequence[str], path: Path) -> tuple[float, float, float]:
    """Seconds of ffmpeg's own command until the film is on the disk, without that, and of the commands for the rest."""
    started = time.perf_counter()
    _join(ffmpeg, clips, path)
    alone = time.perf_counter() - started
    with path.open("rb") as file:
        os.fsync(file.fileno())
    safe = time.perf_counter() - started
    started = time.perf_counter()
    last, shown = path.with_suffix(".png"), path.with_suffix(".jpg")
    _run(ffmpeg, "-sseof", "-0.25", "-i", str(path), "-vf", "reverse", "-frames:v", "1", "-update", "1", str(last))
    at = str(len(clips) * _SECONDS / 3)
    _run(ffmpeg, "-ss", at, "-i", str(path), "-frames:v", "1", "-q:v", "2", "-update", "1", str(shown))
    subprocess.run(["sha256sum", str(path)], check=True, stdout=subprocess.DEVNULL)
    return safe, alone, time.perf_counter() - started


def _join(ffmpeg: str, clips: Sequence[str], path: Path) -> None:
    path.unlink(missing_ok=True)
    listed = path.with_suffix(".txt")
    listed.write_text("".join(f"file {clip}\n" for clip in clips))
    _run(ffmpeg, "-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(path))


def _run(ffmpeg: str, *arguments: str) -> None:
    subprocess.run([ffmpeg, *_QUIET, *arguments], check=True)


def _compose(pipe: Connection) -> None:
    logging.disable()
    asyncio.run(answering(pipe, {"film": _film, "task": _task}))


def _film(ffmpeg: str, clips: Sequence[str], path: str) -> tuple[float, int]:
    """As :func:`_task`, without pictures and checksum."""

    def no_pictures(program: Any, *_: object) -> tuple[str, str]:
        for name in ("last.png", "thumbnail.jpg"):
            (Path(program.folder) / name).touch()
        return "last.png", "thumbnail.jpg"

    module = "airflow_provider_runway.film.compose"
    with patch(f"{module}.film_pictures", no_pictures), patch(f"{module}.checksum_of", lambda _: ("", 0)):
        return _task(ffmpeg, clips, path)


def _task(ffmpeg: str, clips: Sequence[str], path: str) -> tuple[float, int]:
    """Seconds taken, and bytes by which the process grew beyond what it was with the operator alone."""
    import airflow_provider_runway.operators.compose  # noqa: F401 - what an empty task has

    for each in Path(path).parent.glob("film*.*"):
        each.unlink()
    with growth() as grown:
        composer = _composer(ffmpeg, clips, path)
        started = time.perf_counter()
        composer.compose()
        seconds = time.perf_counter() - started
    return seconds, grown.largest


def _composer(ffmpeg: str, clips: Sequence[str], path: str) -> Composer:
    from airflow_provider_runway.film.compose import Composer
    from airflow_provider_runway.film.order import Order
    from airflow_provider_runway.film.sources import read_clips
    from airflow_provider_runway.storage.local import LocalTarget

    return Composer(
        order=Order(clips=read_clips(clips)),
        place=LocalTarget(path),
        maker="0" * 64,
        program=ffmpeg,
        timeout=600,
        roots=[str(Path(path).parent)],
        hook=lambda: None,  # type: ignore[arg-type, return-value] # no link is renewed
        largest=1 << 40,
    )
