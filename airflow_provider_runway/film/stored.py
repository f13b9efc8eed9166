"""A finished film in its place, with the pictures beside it: its last one, and the one that it is shown by."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_runway.film.command import Film
from airflow_provider_runway.film.ffmpeg import Ffmpeg
from airflow_provider_runway.film.frames import last_frame, thumbnail
from airflow_provider_runway.film.inputs import Brought
from airflow_provider_runway.film.probe import first_broken, probe
from airflow_provider_runway.film.sources import Source
from airflow_provider_runway.film.timeline import Media
from airflow_provider_runway.kie.errors import FilmError, TargetExistsError
from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.target import Draft, Target, storing

_FILM = "film.mp4"
_LAST = ("-last.png", "-last.jpg")
_THUMBNAIL = ("-thumbnail.jpg",)
_BLOCK = 1_048_576
# By so much a film may be shorter than was reckoned: half a second, and a part of a packet of sound for each clip.
_TOLERANCE, _TOLERANCE_EACH = 0.5, 0.05


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


def publish_film(ffmpeg: Ffmpeg, place: Target, draft: Draft, film: Film, *, replaces: bool) -> Stored:
    """Put a film that is made into its place, and its pictures beside it.

    :param ffmpeg: The program, in the folder of the film's inputs.
    :param place: Where the film goes.
    :param draft: The film.
    :param film: What it should be.
    :param replaces: Whether a file that is there is replaced.
    :raises TargetExistsError: If one has come there meanwhile.
    :raises FilmError: If it is not what it should be.
    """
    (Path(ffmpeg.folder) / _FILM).symlink_to(draft.path)
    media = _looked_at(ffmpeg, place)
    least = film.line.length - _TOLERANCE - _TOLERANCE_EACH * len(film.line.shown)
    if float(media.facts.seconds or 0) < least:
        raise first_broken(ffmpeg, [each.clip for each in film.line.shown]) or FilmError(
            f"The film has {float(media.facts.seconds or 0):g} s and not {float(film.line.length):g} s.",
            detail="The lines that ffmpeg has printed are in the log",
        )
    pictures = _Pictures(ffmpeg, place, media)
    made = [pictures.make(_LAST), pictures.make(_THUMBNAIL)]
    checksum = _checksum(Path(draft.path))
    try:
        place.publish(draft, overwrite=replaces)
    except FileExistsError as error:
        raise TargetExistsError(
            f"A file has come to {place.uri} meanwhile, and it was left alone.",
            detail="Another task stores at the same place: give each a save_to of its own",
        ) from error
    return _stored(place, media, checksum, [pictures.store(*each) for each in made])


def found_film(ffmpeg: Ffmpeg, place: Target) -> Stored:
    """A film that is in its place already, and its pictures, of which any that is missing is made.

    :param ffmpeg: The program, in a folder of its own.
    :param place: Where the film is.
    """
    copy = Path(ffmpeg.folder) / _FILM
    with storing(place.uri):
        if isinstance(place, LocalTarget):
            copy.symlink_to(place.path)
        else:
            with place.read() as read, copy.open("xb") as written:
                shutil.copyfileobj(read, written, _BLOCK)
        checksum = _checksum(copy)
        media = _looked_at(ffmpeg, place)
        pictures = _Pictures(ffmpeg, place, media)
        stored = [
            pictures.found(suffixes) or pictures.store(*pictures.make(suffixes)) for suffixes in (_LAST, _THUMBNAIL)
        ]
    return _stored(place, media, checksum, stored)


@dataclass(frozen=True, slots=True)
class _Pictures:
    """The pictures of one film."""

    ffmpeg: Ffmpeg
    place: Target
    media: Media

    def make(self, suffixes: tuple[str, ...]) -> tuple[str, str]:
        """Make one: the file, and the end of its name beside the film."""
        if suffixes is _LAST:
            name = last_frame(self.ffmpeg, self.media, "last")
            return name, f"-{name}"
        name = thumbnail(self.ffmpeg, self.media, "thumbnail")
        return name, f"-{name}"

    def store(self, name: str, suffix: str) -> str:
        """Put one beside the film, and say where it is."""
        picture = self.place.beside(suffix)
        with storing(picture.uri), picture.draft() as draft:
            draft.file.write((Path(self.ffmpeg.folder) / name).read_bytes())
            picture.publish(draft, overwrite=True)
        return picture.uri

    def found(self, suffixes: tuple[str, ...]) -> str | None:
        """Where one is already."""
        places = [self.place.beside(suffix) for suffix in suffixes]
        return next((each.uri for each in places if each.size()), None)


def _looked_at(ffmpeg: Ffmpeg, place: Target) -> Media:
    source = Source(name="the film", field="save_to", media="video", paths=(place.uri,))
    return probe(ffmpeg, [Brought(source, _FILM, "")])[0]


def _checksum(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _stored(place: Target, media: Media, checksum: tuple[str, int], pictures: Sequence[str]) -> Stored:
    width, height = media.facts.video.shown if media.facts.video is not None else (0, 0)
    return Stored(
        path=place.uri,
        duration=round(float(media.facts.seconds or 0), 3),
        width=width,
        height=height,
        size=checksum[1],
        sha256=checksum[0],
        last_frame=pictures[0],
        thumbnail=pictures[1],
    )
