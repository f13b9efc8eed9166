"""Storing what came of a finished task: its video, or all the files that a model has made."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.errors import InvalidRequestError, TargetExistsError
from airflow_provider_runway.kie.job_results import LinkType
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.storage.content import HEAD, media_suffix, picture_suffix, suffix_of_link
from airflow_provider_runway.storage.documents import save_document
from airflow_provider_runway.storage.download import Downloader, Expected, OnProgress
from airflow_provider_runway.storage.locate import address_of, locate
from airflow_provider_runway.storage.names import file_stem
from airflow_provider_runway.storage.publishing import Overwrite, SavedFile, publish
from airflow_provider_runway.storage.ranges import PartialDownload
from airflow_provider_runway.storage.sink import Sink
from airflow_provider_runway.storage.target import Checksum, Draft, Target, checksum, storing
from airflow_provider_runway.utils.config import LARGEST_FILE, read_largest_file

if TYPE_CHECKING:
    from airflow_provider_runway.storage.locate import AnyPath

log = logging.getLogger(__name__)


class MediaSource(Protocol):
    """What is asked for another link where one has died: the hook."""

    clock: Clock

    def renew_link(self, task_id: str, dead: str, kind: Kind = "runway", position: int = 0) -> str:
        """Another link to a file of a finished task."""


_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"')


def save(
    task: VideoTask,
    target: AnyPath,
    *,
    hook: MediaSource,
    overwrite: Overwrite = False,
    thumbnail: bool = False,
    on_progress: OnProgress | None = None,
) -> Sequence[SavedFile]:
    """Store the video of a finished task, or all that came of another one: its files, and as JSON what is none.

    At the target there is either all of a file or nothing. It is streamed in constant memory and resumed after cuts.
    On this machine it grows beside the target under another name; for any other file system it is first made whole in
    the folder for temporary files (``TMPDIR``), which needs room for it. The request carries no credentials.

    :param task: The finished task.
    :param target: A path of this machine, or anything that Airflow's ``ObjectStoragePath`` takes, such as
        ``s3://conn_id@bucket/key.mp4``. With a ``/`` at the end it is a folder, and the video is called
        ``<task_id>.mp4`` (KIE's bare id) in it; a path object drops the ``/``, so it always names the file. For a
        task that makes no single video it is always a folder, and the files are called ``<task_id>-1.mp4``,
        ``<task_id>-2.png`` and so on, with a ``.json`` at the end of what is no file. Missing
        folders are made; a missing bucket is not.
    :param hook: The hook of the account that the task is of; asked for another link once a file.
    :param overwrite: Whether a file that is there is replaced, or the checksums (SHA-256) of those that may be.
        Otherwise it is left alone: if it has the same bytes, that counts as done.
    :param thumbnail: Whether the thumbnail is stored beside a video; what goes wrong with it is only logged. A job has
        none.
    :param on_progress: Called again and again with the bytes received and, if known, those of the whole file.
    :return: The files; those of a job in the order of its links.
    :raises DeadLinkError: If the media host no longer knows the link, nor a fresh one.
    :raises NotAVideoError: If it sends something else.
    :raises DownloadError: If a file could not be fetched whole for another reason.
    :raises TargetExistsError: If another file is there and ``overwrite`` is not set; known only after the download,
        since what a media host announces is no proof.
    :raises TargetUnwritableError: If it cannot be stored there.
    """

    def downloader(position: int) -> Downloader:
        return Downloader(
            task_id=task.task_id,
            renew=lambda dead: hook.renew_link(task.task_id, dead, task.kind, position),
            clock=hook.clock,
            largest=largest,
            on_progress=on_progress,
        )

    largest = _largest_file()
    if task.is_one_video:
        picture = task.image_url if thumbnail else None
        return [save_video(task.video_url or "", target, downloader(0), overwrite=overwrite, thumbnail=picture)]
    stem = f"{address_of(target).removesuffix('/')}/{file_stem(task.task_id, task.kind)}"
    types = task.result_types or tuple[LinkType, ...]("data" for _ in task.result_urls)
    files = [
        save_file(link, f"{stem}-{position + 1}", downloader(position), overwrite=overwrite, type_=types[position])
        for position, link in enumerate(task.result_urls)
    ]
    if task.result is not None or not files:
        path = f"{stem}-{len(files) + 1}.json"
        files.append(save_document(task.result, path, task.task_id, overwrite=overwrite))
    return files


def _largest_file() -> int:
    """Bytes of a file at most: nonsense in the option is refused before paying, and keeps back nothing that is paid."""
    try:
        return read_largest_file()
    except InvalidRequestError as error:
        log.warning("%s %s: it counts as not set.", error.field, error.rule)
        return LARGEST_FILE


@dataclass
class _IdenticalError(Exception):
    """The file that is there is the one that the media host has."""

    there: Checksum


def save_video(
    link: str,
    target: AnyPath,
    downloader: Downloader,
    *,
    overwrite: Overwrite = False,
    thumbnail: str | None = None,
) -> SavedFile:
    """Store one video; see :func:`save`.

    :param link: The video's link.
    :param target: Where to.
    :param downloader: How it is fetched.
    :param overwrite: Whether a file that is there is replaced.
    :param thumbnail: The link of a picture to store beside the video.
    """
    task_id = downloader.task_id
    with storing(target, task_id):
        place = locate(target, f"{file_stem(task_id)}.mp4")
    with storing(place.uri, task_id):
        existing = place.size()

    def recognise(announced: PartialDownload) -> None:
        # The ETag of a plain upload to S3 or R2, where KIE keeps its media, is the file's MD5. What is announced can
        # only prove that the two are the same: an answer that is cut off or a page looks like another file, and a
        # video that is paid would be given up for it.
        etag = _MD5_ETAG.fullmatch(announced.etag or "")
        if etag and announced.total == existing and overwrite is not True:
            with storing(place.uri, task_id):
                there = checksum(place)
            if etag[1] == there.md5:
                raise _IdenticalError(there)

    try:
        with ExitStack() as stack, storing(place.uri, task_id, OSError):
            draft, sink = _draft(place, task_id, stack)
            size = downloader.fetch(link, sink, on_start=recognise).received
            came = existing is None
            video = publish(place, draft, size, sink.sha256, task_id, overwrite=overwrite, came_meanwhile=came)
    except _IdenticalError as identical:
        video = SavedFile(place.uri, identical.there.size, identical.there.sha256, downloaded=False)
    if thumbnail is None:
        return video
    picture = _save_thumbnail(thumbnail, place, replace(downloader, renew=None, on_progress=None), overwrite)
    return replace(video, thumbnail_path=picture.path, thumbnail_sha256=picture.sha256) if picture else video


_EXPECTED: Mapping[LinkType, Expected] = {"video": "video", "audio": "sound", "image": "picture"}


def save_file(
    link: str, path: str, downloader: Downloader, *, overwrite: Overwrite = False, type_: LinkType = "data"
) -> SavedFile:
    """Store one file that came of a job; see :func:`save`.

    :param link: The file's link.
    :param path: Where to, without a suffix, which is that of what the file is.
    :param downloader: How it is fetched.
    :param overwrite: Whether another file that is there is replaced.
    :param type_: What it is.
    """
    task_id, named = downloader.task_id, suffix_of_link(link)
    # Stores tell a file's type by the suffix that its draft has; what the file is may still say another.
    with storing(path, task_id):
        place = locate(path + named)
    with ExitStack() as stack, storing(place.uri, task_id, OSError):
        draft, sink = _draft(place, task_id, stack)
        size = downloader.fetch(link, sink, expected=_EXPECTED.get(type_, "media file")).received
        draft.file.seek(0)
        suffix = media_suffix(draft.file.read(HEAD)) or named or ".bin"
        place = place if suffix == named else locate(path + suffix)
        return publish(place, draft, size, sink.sha256, task_id, overwrite=overwrite)


def _save_thumbnail(link: str, place: Target, downloader: Downloader, overwrite: Overwrite) -> SavedFile | None:
    """Store the picture, and never fail for it: the video is what was paid."""
    task_id = downloader.task_id
    # The file that decides the draft's name has no suffix yet: the picture's own bytes tell it.
    retry_rules = replace(downloader.retry_rules, tries=min(2, downloader.retry_rules.tries))
    try:
        with place.draft() as draft, Sink(draft.file) as sink:
            size = replace(downloader, retry_rules=retry_rules).fetch(link, sink, expected="thumbnail").received
            draft.file.seek(0)
            picture = place.beside(picture_suffix(draft.file.read(HEAD)) or ".png")
            if picture.uri == place.uri:
                log.warning("The thumbnail of task %s is not stored: the video is called %s.", task_id, place.uri)
                return None
            picture.size()  # a folder of that name is no file to be replaced
            return publish(picture, draft, size, sink.sha256, task_id, overwrite=overwrite)
    except TargetExistsError:
        log.warning("The thumbnail of task %s is not stored: another file is at %s.", task_id, picture.uri)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("The thumbnail of task %s is not stored; the video is. %s", task_id, error)
    return None


def _draft(place: Target, task_id: str, stack: ExitStack) -> tuple[Draft, Sink]:
    """A draft of a file, and the way into it."""
    with storing(place.uri, task_id):
        draft = stack.enter_context(place.draft())
    return draft, stack.enter_context(Sink(draft.file))
