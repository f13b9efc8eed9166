"""A finished film in its place, with the pictures beside it: its last one, and the one that it is shown by."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from airflow_provider_runway.film.command import Film
from airflow_provider_runway.film.facts import Facts
from airflow_provider_runway.film.ffmpeg import Ffmpeg
from airflow_provider_runway.film.frames import last_and_shown
from airflow_provider_runway.film.inputs import Brought
from airflow_provider_runway.film.marks import read_length
from airflow_provider_runway.film.probe import probe
from airflow_provider_runway.film.sources import Source
from airflow_provider_runway.film.timeline import Media
from airflow_provider_runway.kie.errors import TargetExistsError
from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.target import Draft, Target, storing

# A film's name in the folder that ffmpeg runs in.
FILM = "film.mp4"
_LAST = ("-last.png", "-last.jpg")
_THUMBNAIL = ("-thumbnail.jpg",)
# Where in a film the picture is that it is shown by, in parts of its length.
_SHOWN_AT = Fraction(1, 3)
_BLOCK = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A film in its place.

    :param path: The whole address of the file.
    :param duration: Seconds.
    :param width: Pixels.
    :param height: Pixels.
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param last_frame: The address of its last picture.
    :param thumbnail: The address of the picture that it is shown by.
    """

    path: str
    duration: float
    width: int
    height: int
    size: int
    sha256: str
    last_frame: str
    thumbnail: str


def stored_at(
    place: Target, seconds: Fraction, shown: tuple[int, int], checksum: tuple[str, int], pictures: Sequence[str]
) -> Stored:
    """What is said of a film.

    :param place: Where it is.
    :param seconds: Its length.
    :param shown: Width and height.
    :param checksum: SHA-256 and bytes of its file.
    :param pictures: The addresses of its last picture, and of the one that it is shown by.
    """
    (width, height), (sha256, size), (last, thumbnail) = shown, checksum, pictures
    return Stored(
        path=place.uri,
        duration=round(float(seconds), 3),
        width=width,
        height=height,
        size=size,
        sha256=sha256,
        last_frame=last,
        thumbnail=thumbnail,
    )


def check_pictures(place: Target) -> None:
    """See that nothing is where the pictures of a film go.

    :raises TargetExistsError: If there is something.
    """
    for suffix in (*_LAST, *_THUMBNAIL):
        picture = place.beside(suffix)
        if picture.size() is not None:
            raise TargetExistsError(
                f"There is a file at {picture.uri} already, where a picture of the film goes.",
                detail="It was left alone. Remove it or choose another save_to",
            )


def film_pictures(ffmpeg: Ffmpeg, film: Film, file: str | None = None) -> tuple[str, str]:
    """Make the pictures of a film: its last one, and the one that it is shown by.

    :param ffmpeg: The program, in the folder of the film's inputs.
    :param film: The film.
    :param file: Its file; without one they are taken from the clips, if these become the film as they are.
    :return: The names of their files.
    :raises FilmError: If a file cannot be read.
    """
    line, (width, height) = film.line, film.size
    if file is None:
        shown, seconds = line.at(line.length * _SHOWN_AT)
        return last_and_shown(ffmpeg, line.shown[-1].clip, shown.clip, seconds)
    video = replace(line.shown[0].video, width=width, height=height, pixel_shape=Fraction(1), rotation=0, fps=line.fps)
    return _pictures(ffmpeg, Media(name="the film", file=file, facts=Facts(seconds=line.length, video=video)))


def publish_film(place: Target, draft: Draft, pictures: Sequence[Path], *, replaces: bool) -> tuple[str, str]:
    """Put a film that is made into its place, and its pictures beside it.

    :param place: Where the film goes.
    :param draft: The film.
    :param pictures: Its last picture, and the one that it is shown by.
    :param replaces: Whether a file that is there is replaced.
    :return: The addresses of the pictures.
    :raises TargetExistsError: If a file has come there meanwhile.
    """
    try:
        place.publish(draft, overwrite=replaces)
    except FileExistsError as error:
        raise TargetExistsError(
            f"A file has come to {place.uri} meanwhile, and it was left alone.",
            detail="Another task stores at the same place: give each a save_to of its own",
        ) from error
    last, shown = (_store(place, picture) for picture in pictures)
    return last, shown


def found_film(ffmpeg: Ffmpeg, place: Target) -> Stored:
    """A film that is in its place already, and its pictures, of which any that is missing is made.

    :param ffmpeg: The program, in a folder of its own.
    :param place: Where the film is.
    """
    folder = Path(ffmpeg.folder)
    copy = folder / FILM
    with storing(place.uri):
        if isinstance(place, LocalTarget):
            copy.symlink_to(place.path)
        else:
            with place.read() as read, copy.open("xb") as written:
                shutil.copyfileobj(read, written, _BLOCK)
        source = Source(name="the film", field="save_to", media="video", paths=(place.uri,))
        [media] = probe(ffmpeg, [Brought(source, FILM, "")])
        with copy.open("rb") as file:
            seconds = read_length(file) or media.facts.seconds or Fraction(0)
        last, thumbnail = (_found(place, suffixes) for suffixes in (_LAST, _THUMBNAIL))
        if not (last and thumbnail):
            made = _pictures(ffmpeg, media)
            last, thumbnail = last or _store(place, folder / made[0]), thumbnail or _store(place, folder / made[1])
        shown = media.facts.video.shown if media.facts.video is not None else (0, 0)
        return stored_at(place, seconds, shown, checksum_of(copy), (last, thumbnail))


def checksum_of(path: Path) -> tuple[str, int]:
    """SHA-256 and bytes of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _pictures(ffmpeg: Ffmpeg, media: Media) -> tuple[str, str]:
    return last_and_shown(ffmpeg, media, media, (media.facts.seconds or Fraction(0)) * _SHOWN_AT)


def _store(place: Target, picture: Path) -> str:
    """Put a picture beside a film, and say where it is."""
    beside = place.beside(f"-{picture.name}")
    with storing(beside.uri), beside.draft() as draft:
        draft.file.write(picture.read_bytes())
        beside.publish(draft, overwrite=True)
    return beside.uri


def _found(place: Target, suffixes: Sequence[str]) -> str | None:
    """Where a picture of a film is already."""
    places = [place.beside(suffix) for suffix in suffixes]
    return next((each.uri for each in places if each.size()), None)
