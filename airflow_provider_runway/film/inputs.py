"""Bringing what a film is made of into the folder that ffmpeg runs in: links to files of this machine, and copies."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from airflow_provider_runway.film.sources import Source
from airflow_provider_runway.film.work_folder import no_room
from airflow_provider_runway.kie.errors import DownloadError, FilmError, InvalidRequestError, RunwayError
from airflow_provider_runway.storage.content import HEAD, ends_within_a_box, is_no_video, is_text, media_suffix
from airflow_provider_runway.storage.download import Downloader, Expected
from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.locate import locate
from airflow_provider_runway.storage.media_request import FaultError
from airflow_provider_runway.storage.save import MediaSource
from airflow_provider_runway.storage.sink import Sink
from airflow_provider_runway.storage.sources import reading
from airflow_provider_runway.storage.target import Target

log = logging.getLogger(__name__)

_BLOCK = 1_048_576
_PICTURES = {".png", ".jpg", ".webp"}


def allowed_folders(roots: Sequence[str], place: Target) -> Sequence[str]:
    """Folders of this machine below which inputs may be read.

    :param roots: What ``[runway] media_roots`` names.
    :param place: Where the film goes: the task that makes it may read what lies beside it.
    """
    local = [root for root in roots if "://" not in root or root.lower().startswith(("file://", "local://"))]
    own = [str(Path(place.path).parent)] if isinstance(place, LocalTarget) else []
    return [root.partition("://")[2] or root for root in local] + [folder for folder in own if folder != "/"]


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that is ready for ffmpeg.

    :param source: What it is.
    :param file: Its name in the folder.
    :param identity: What tells it from another, wherever it lies.
    """

    source: Source
    file: str
    identity: str


@dataclass
class Inputs:
    """The inputs of one film.

    :param folder: Where they are brought to.
    :param roots: Folders of this machine below which files may be read.
    :param hook: Gives the hook that is asked for another link where one has died.
    :param largest: Bytes that a file may have at most.
    """

    folder: Path
    roots: Sequence[str]
    hook: Callable[[], MediaSource]
    largest: int
    _brought: dict[Source, Brought] = field(default_factory=dict, init=False)

    def identify(self, source: Source, stem: str) -> str:
        """What tells a source from another; it is brought here only if nothing else can tell.

        :param source: What it is.
        :param stem: The beginning of its name in the folder.
        """
        return source.identity or self.bring(source, stem).identity

    def bring(self, source: Source, stem: str) -> Brought:
        """Have a source in the folder.

        :param source: What it is.
        :param stem: The beginning of its name there.
        :raises InvalidRequestError: If it is a file of this machine that may not be read.
        :raises UnreadableFileError: If it cannot be read.
        :raises DownloadError: If it cannot be fetched.
        :raises FilmError: If it is empty, cut off, or something else.
        """
        if source not in self._brought:
            self._brought[source] = self._bring(source, stem)
        return self._brought[source]

    def _bring(self, source: Source, stem: str) -> Brought:
        place = self.folder / stem
        for number, path in enumerate(source.paths):
            try:
                identity = self._read(source, path, place)
            except RunwayError as error:
                if number + 1 == len(source.paths) and not source.links:
                    raise
                place.unlink(missing_ok=True)
                log.info("%s So it is fetched from elsewhere.", error.summary)
            else:
                return self._checked(source, place, source.identity or identity)
        identity = self._fetch(source, place)
        return self._checked(source, place, source.identity or identity)

    def _read(self, source: Source, path: str, place: Path) -> str:
        """Have a file of some storage in place, and say what tells it from another."""
        where = f"{source.name} ({path})"
        with reading(where):
            target = locate(path)
            if isinstance(target, LocalTarget):
                return self._link(source, target, place)
            size = target.size()
            if size is None:
                raise FileNotFoundError("there is no such file")
            self._check_size(where, size)
            return self._copy(target, place)

    def _link(self, source: Source, target: LocalTarget, place: Path) -> str:
        path = os.path.realpath(target.path)
        roots = map(os.path.realpath, self.roots)
        if not any(root != "/" and os.path.commonpath([root, path]) == root for root in roots):
            rule = "must be a file below the folders of [runway] media_roots, or below that of save_to"
            raise InvalidRequestError(source.field, target.path, rule)
        if LocalTarget(path).size() is None:
            raise FileNotFoundError("there is no such file")
        if not Path(path).is_file():
            raise OSError("it is no file")
        with Path(path).open("rb"):
            status = Path(path).stat()
        place.symlink_to(path)
        return f"file {path} {status.st_size} {status.st_mtime_ns}"

    def _copy(self, target: Target, place: Path) -> str:
        digest = hashlib.sha256()
        with target.read() as read, place.open("xb") as written:
            while block := read.read(_BLOCK):
                digest.update(block)
                self._write(written, block)
        return f"sha256 {digest.hexdigest()}"

    def _write(self, file: BinaryIO, block: bytes) -> None:
        try:
            file.write(block)
        except OSError as error:
            raise no_room(self.folder, error) from error

    def _fetch(self, source: Source, place: Path) -> str:
        link = source.links[0]
        downloader = _Fetcher(
            task_id=source.task_id or source.label,
            name=source.label,
            renew=(lambda dead: self._renew(source, dead)) if source.task_id else None,
            largest=self.largest,
        )
        try:
            with place.open("x+b") as file, Sink(file) as sink:
                downloader.fetch(link, sink, expected="video" if source.media == "video" else "media file")
                return f"sha256 {sink.sha256}"
        except DownloadError as error:
            if source.task_id is not None:
                raise
            raise FilmError(error.summary, retryable=error.retryable) from error.__cause__
        except OSError as error:
            raise no_room(self.folder, error) from error

    def _renew(self, source: Source, dead: str) -> str:
        return self.hook().renew_link(str(source.task_id), dead, source.kind, source.position)

    def _check_size(self, where: str, size: int) -> None:
        if size > self.largest:
            raise FilmError(f"{where} has {size} bytes, and [runway] largest_file allows {self.largest}.")

    def _checked(self, source: Source, place: Path, identity: str) -> Brought:
        """Look at the beginning of a file, and give it the end of name that tells what it is."""
        with reading(source.label), place.open("rb") as file:
            head = file.read(HEAD)
            is_cut = ends_within_a_box(file)
        if not head:
            raise FilmError(f"{source.label} is empty: it has 0 bytes.", detail=_ANEW)
        if is_cut:
            raise FilmError(f"{source.label} is cut off: the end of the file is missing.", detail=_ANEW)
        suffix = media_suffix(head) or ""
        _check_media(source, head, suffix)
        name = f"{place.name}{suffix if suffix.isascii() else ''}"
        place.rename(self.folder / name)
        return Brought(source, name, identity)


_ANEW = "Store it anew, or leave it out"


def _check_media(source: Source, head: bytes, suffix: str) -> None:
    if source.media == "video":
        wrong = is_no_video(head, "")
    elif source.media == "picture":
        wrong = suffix not in _PICTURES
    else:
        wrong = source.media == "sound" and (is_text(head, "") or suffix in _PICTURES)
    if wrong:
        what = {"video": "a video", "picture": "a PNG, JPG or WebP picture", "sound": "a sound"}[source.media]
        raise FilmError(f"{source.label} is not {what}.", detail=f"Correct {source.field}")


@dataclass(slots=True, kw_only=True)
class _Fetcher(Downloader):
    """A downloader of what may be no video of KIE's.

    :param name: What messages call it.
    """

    name: str

    def error(self, fault: FaultError, expected: Expected, *, renewed: bool = False) -> DownloadError:
        """The error that a download ends with."""
        error = Downloader.error(self, fault, expected, renewed=renewed)
        return error.replace(f"{self.name} cannot be fetched: {fault.reason}", error.detail)
