"""Saving a finished video: :func:`save_video`."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from airflow_provider_runway.kie.errors import TargetExistsError
from airflow_provider_runway.kie.flows import RetryRules
from airflow_provider_runway.storage.content import HEAD, picture_suffix
from airflow_provider_runway.storage.download import DEFAULT_RETRY_RULES, Downloader, OnProgress
from airflow_provider_runway.storage.names import file_stem
from airflow_provider_runway.storage.ranges import Progress
from airflow_provider_runway.storage.sink import Sink
from airflow_provider_runway.storage.targets import Draft, Fingerprint, Target, find_target, fingerprint, storing
from airflow_provider_runway.utils.config import LARGEST_FILE

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

log = logging.getLogger(__name__)

_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"')


@dataclass(frozen=True, slots=True)
class SavedVideo:
    """A video in its place.

    :param path: Where it is: the whole address, with scheme (and connection id, if one was given).
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param thumbnail_path: Where its thumbnail is; ``None`` if none was asked for, or it could not be had.
    :param downloaded: ``False`` if this very file was there already.
    """

    path: str
    size: int
    sha256: str
    thumbnail_path: str | None
    downloaded: bool


def save_video(
    source: str,
    target: str | os.PathLike[str] | ObjectStoragePath,
    *,
    task_id: str,
    name: str | None = None,
    overwrite: bool = False,
    thumbnail: str | None = None,
    expected_sha256: str | None = None,
    timeout: float = 30.0,
    renew: Callable[[str], str] | None = None,
    retry_rules: RetryRules = DEFAULT_RETRY_RULES,
    on_progress: OnProgress | None = None,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    largest: int = LARGEST_FILE,
) -> SavedVideo:
    """Fetch a video and store it, so that at the target there is either all of it or nothing.

    The file is streamed in constant memory and resumed after cuts. On this machine it grows beside the target under
    another name; for any other file system it is first made whole in the folder for temporary files (``TMPDIR``),
    which needs room for it. The request carries no credentials.

    :param source: The video's link.
    :param target: A path of this machine, or anything that Airflow's ``ObjectStoragePath`` takes, such as
        ``s3://conn_id@bucket/key.mp4``. With a ``/`` at the end it is a folder, and the file is called ``name``
        in it (a path object drops the ``/``, so it always names the file). Missing folders are made; a missing
        bucket is not.
    :param task_id: The KIE task, for messages and for the default name.
    :param name: The file's name in a folder; ``<task_id>.mp4`` (KIE's bare id) if left out.
    :param overwrite: Whether a file that is there is replaced. Otherwise it is left alone: if it is this very video,
        that counts as done.
    :param thumbnail: The link of a picture to store beside the video. What goes wrong with it is only logged.
    :param expected_sha256: The video's checksum where it is known, as in a retry: if a file of that checksum is
        there, nothing is fetched.
    :param timeout: Seconds for connecting to the media host and for each read.
    :param renew: Given the link that has died, returns another; asked once.
    :param retry_rules: How many faults in a row without a new byte are borne, and how long the pauses between are.
    :param on_progress: Called again and again with the bytes received and, if known, those of the whole file.
    :param transport: An httpx transport in place of the network, for tests.
    :param sleep: What pauses.
    :param largest: Bytes that a file may have at most.
    :raises DeadLinkError: If the media host no longer knows the link, nor a fresh one.
    :raises NotAVideoError: If it sends something else.
    :raises DownloadError: If the file could not be fetched whole for another reason.
    :raises TargetExistsError: If another file is there and ``overwrite`` is not set; known only after the download,
        since what a media host announces is no proof.
    :raises TargetUnwritableError: If it cannot be stored there.
    """
    with storing(target, task_id):
        place = find_target(target, name or f"{file_stem(task_id)}.mp4")
    downloader = Downloader(
        task_id=task_id,
        timeout=timeout,
        retry_rules=retry_rules,
        renew=renew,
        transport=transport,
        sleep=sleep,
        largest=largest,
    )
    with storing(place.uri, task_id):
        existing = place.size()
    with storing(place.uri, task_id, OSError):
        if existing is not None and not overwrite:
            video = _Existing(place, existing, task_id).verify(source, downloader, expected_sha256, on_progress)
            downloaded = False
        else:
            video, downloaded = _fetch(source, place, downloader, overwrite, on_progress)
    picture = None
    if thumbnail is not None:
        picture = _save_thumbnail(thumbnail, place, replace(downloader, renew=None), overwrite)
    return SavedVideo(place.uri, video.size, video.sha256, picture, downloaded)


@dataclass(frozen=True, slots=True)
class Video:
    """A file's bytes, in short."""

    size: int
    sha256: str


def _fetch(
    source: str, place: Target, downloader: Downloader, overwrite: bool, on_progress: OnProgress | None
) -> tuple[Video, bool]:
    task_id = downloader.task_id
    with _drafting(place, task_id) as (draft, sink):
        end = downloader.fetch(source, sink, on_progress=on_progress)
        video = Video(end.received, sink.sha256)
        return video, publish(place, draft, video, task_id, overwrite=overwrite)


def publish(
    place: Target,
    draft: Draft,
    video: Video,
    task_id: str,
    *,
    overwrite: bool,
    difference: str = "it has come there meanwhile",
) -> bool:
    """Make a whole draft the file at its place.

    :param place: Where it goes.
    :param draft: The draft.
    :param video: What its bytes are.
    :param task_id: The KIE task, for messages.
    :param overwrite: Whether another file that is there is replaced.
    :param difference: What to say of another file that is there.
    :return: ``False`` if this very file is there already.
    :raises TargetExistsError: If another file is there, which may not be replaced.
    """
    with storing(place.uri, task_id):
        try:
            place.publish(draft, overwrite=overwrite)
        except FileExistsError as error:
            there = fingerprint(place)
            if (there.size, there.sha256) != (video.size, video.sha256):
                raise _another_file(place, task_id, difference) from error
            return False
    return True


@contextmanager
def _drafting(place: Target, task_id: str) -> Iterator[tuple[Draft, Sink]]:
    """A draft of the file, and the way into it."""
    with ExitStack() as stack:
        with storing(place.uri, task_id):
            draft = stack.enter_context(place.draft())
        yield draft, stack.enter_context(Sink(draft.file))


class _IdenticalError(Exception):
    """The file that is there is the one that the media host has."""


class _Existing:
    """A file that is there already, and may be the very video."""

    def __init__(self, place: Target, size: int, task_id: str) -> None:
        self._place = place
        self._size = size
        self._task_id = task_id
        self._known: Fingerprint | None = None

    def verify(
        self, source: str, downloader: Downloader, expected_sha256: str | None, on_progress: OnProgress | None
    ) -> Video:
        """Compare it with the video, which is fetched for that unless its checksum is known or announced.

        What is announced can only prove that they are the same: an answer that is cut off or a page looks like
        another file, and a video that is paid would be given up for it.

        :raises TargetExistsError: If it is another file.
        """
        if expected_sha256 is not None and self._fingerprint.sha256 == expected_sha256.lower():
            return self._video
        with _drafting(self._place, self._task_id) as (_, sink):
            try:
                end = downloader.fetch(source, sink, on_start=self._recognise, on_progress=on_progress)
            except _IdenticalError:
                return self._video
            if sink.sha256 != self._fingerprint.sha256:
                same_size = end.received == self._size
                raise _another_file(
                    self._place,
                    self._task_id,
                    "its bytes differ" if same_size else f"it has {self._size} bytes and the video has {end.received}",
                )
        return self._video

    def _recognise(self, announced: Progress) -> None:
        # The ETag of a plain upload to S3 or R2, where KIE keeps its media, is the file's MD5.
        etag = _MD5_ETAG.fullmatch(announced.etag or "")
        if etag and announced.total == self._size and etag[1] == self._fingerprint.md5:
            raise _IdenticalError

    @property
    def _fingerprint(self) -> Fingerprint:
        if self._known is None:
            with storing(self._place.uri, self._task_id):
                self._known = fingerprint(self._place)
        return self._known

    @property
    def _video(self) -> Video:
        return Video(self._fingerprint.size, self._fingerprint.sha256)


def _another_file(place: Target, task_id: str, difference: str) -> TargetExistsError:
    return TargetExistsError(
        f"Another file is at {place.uri} already ({difference}), and it was left alone. The video of task {task_id} is "
        "paid and KIE.AI still has it (14 days at most). RunwayToObjectStorageOperator stores it elsewhere and pays "
        f"nothing: give it runway_task_id={task_id!r}, the kind of the task and another save_to. Or remove the file, "
        "or set overwrite=True where there is that parameter.",
        task_id=task_id,
    )


def _save_thumbnail(link: str, place: Target, downloader: Downloader, overwrite: bool) -> str | None:
    """Store the picture, and never fail for it: the video is what was paid."""
    task_id = downloader.task_id
    # The file that decides the draft's name has no suffix yet: the picture's own bytes tell it.
    retry_rules = replace(downloader.retry_rules, tries=min(2, downloader.retry_rules.tries))
    try:
        with place.draft() as draft, Sink(draft.file) as sink:
            replace(downloader, retry_rules=retry_rules).fetch(link, sink, media="thumbnail")
            draft.file.seek(0)
            picture = place.beside(picture_suffix(draft.file.read(HEAD)) or ".png")
            if picture.uri == place.uri:
                log.warning("The thumbnail of task %s is not stored: the video is called %s.", task_id, place.uri)
                return None
            try:
                picture.size()
                picture.publish(draft, overwrite=overwrite)
            except FileExistsError:
                if fingerprint(picture).sha256 != sink.sha256:
                    log.warning("The thumbnail of task %s is not stored: another file is at %s.", task_id, picture.uri)
                    return None
            return picture.uri
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("The thumbnail of task %s is not stored; the video is. %s", task_id, error)
        return None
