"""Saving what came of a finished task: its video, or all the files that a model has made."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx

from airflow_provider_runway.kie.flows import RetryRules
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.storage.content import HEAD, media_suffix, suffix_of_link
from airflow_provider_runway.storage.download import DEFAULT_RETRY_RULES, Downloader
from airflow_provider_runway.storage.names import file_stem
from airflow_provider_runway.storage.saving import SavedVideo, Video, publish, save_video
from airflow_provider_runway.storage.sink import Sink
from airflow_provider_runway.storage.targets import address_of, find_target, storing
from airflow_provider_runway.utils.config import LARGEST_FILE, read_largest_file

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath


Renew = Callable[[str, int], str]


def save_task(
    task: VideoTask,
    save_to: str | os.PathLike[str] | ObjectStoragePath,
    *,
    overwrite: bool,
    thumbnail: bool,
    renew: Renew,
) -> Sequence[SavedVideo]:
    """Store the video of a finished task, or all that came of a job: its files, or JSON where it made none.

    :param task: The finished task.
    :param save_to: Where to: see :func:`~airflow_provider_runway.storage.saving.save_video`. For a job it is a folder.
    :param overwrite: Whether another file that is there is replaced.
    :param thumbnail: Whether the thumbnail is stored beside a video. A job has none.
    :param renew: Given a link that has died and its place among the task's, returns another.
    """
    largest = read_largest_file()
    if task.kind == "job" and not task.result_urls:
        return [_save_document(task.result, _path(save_to, task.task_id, 0), task.task_id, overwrite=overwrite)]
    if task.kind == "job":
        return save_results(
            task.result_urls, save_to, task_id=task.task_id, overwrite=overwrite, renew=renew, largest=largest
        )
    video = save_video(
        task.video_url or "",
        save_to,
        task_id=task.task_id,
        overwrite=overwrite,
        thumbnail=task.image_url if thumbnail else None,
        renew=lambda dead: renew(dead, 0),
        largest=largest,
    )
    return [video]


def save_results(
    sources: Sequence[str],
    folder: str | os.PathLike[str] | ObjectStoragePath,
    *,
    task_id: str,
    overwrite: bool = False,
    timeout: float = 30.0,
    renew: Renew | None = None,
    retry_rules: RetryRules = DEFAULT_RETRY_RULES,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    largest: int = LARGEST_FILE,
) -> tuple[SavedVideo, ...]:
    """Fetch all files that came of a task and store them in a folder, each whole or not at all.

    They are called ``<task_id>-1.mp4``, ``<task_id>-2.png`` and so on, with the suffix of what they are. A file that is
    there and has the same bytes counts as done, so an interrupted call can be made again.

    :param sources: The links.
    :param folder: A path of this machine, or anything that Airflow's ``ObjectStoragePath`` takes.
    :param task_id: The KIE task.
    :param overwrite: Whether another file of the same name is replaced.
    :param timeout: Seconds for connecting to the media host and for each read.
    :param renew: Given a link that has died and its place among ``sources``, returns another; asked once a file.
    :param retry_rules: How many faults in a row without a new byte are borne, and how long the pauses between are.
    :param transport: An httpx transport in place of the network, for tests.
    :param sleep: What pauses.
    :param largest: Bytes that a file may have at most.
    :return: The files, in the order of the links.
    :raises DownloadError: If a file could not be fetched whole, or is text where a picture, sound or video should be.
    :raises TargetExistsError: If another file is there and ``overwrite`` is not set.
    :raises TargetUnwritableError: If a file cannot be stored there.
    """

    def save(position: int, link: str) -> SavedVideo:
        downloader = Downloader(
            task_id=task_id,
            timeout=timeout,
            retry_rules=retry_rules,
            renew=None if renew is None else lambda dead: renew(dead, position),
            transport=transport,
            sleep=sleep,
            largest=largest,
        )
        return _save_one(link, _path(folder, task_id, position), downloader, overwrite=overwrite)

    return tuple(save(position, link) for position, link in enumerate(sources))


def _path(folder: str | os.PathLike[str] | ObjectStoragePath, task_id: str, position: int) -> str:
    """Where the file at this place is stored, but for its suffix."""
    return f"{address_of(folder).removesuffix('/')}/{file_stem(task_id)}-{position + 1}"


def _save_document(result: object, path: str, task_id: str, *, overwrite: bool) -> SavedVideo:
    """Store a result that is no file."""
    document = json.dumps(result, ensure_ascii=False, indent=2).encode() + b"\n"
    video = Video(len(document), hashlib.sha256(document).hexdigest())
    with storing(path, task_id):
        place = find_target(f"{path}.json", "")
    with storing(place.uri, task_id), place.draft() as draft:
        draft.file.write(document)
        written = publish(place, draft, video, task_id, overwrite=overwrite, difference="its bytes differ")
    return SavedVideo(place.uri, video.size, video.sha256, None, written)


def _save_one(link: str, path: str, downloader: Downloader, *, overwrite: bool) -> SavedVideo:
    task_id = downloader.task_id
    # Stores tell a file's type by the suffix that its draft has; what the file is may still say another.
    with storing(path, task_id):
        place = find_target(path + suffix_of_link(link), "")
    with ExitStack() as stack, storing(place.uri, task_id, OSError):
        with storing(place.uri, task_id):
            draft = stack.enter_context(place.draft())
        sink = stack.enter_context(Sink(draft.file))
        end = downloader.fetch(link, sink, media="media file")
        draft.file.seek(0)
        place = place.beside(media_suffix(draft.file.read(HEAD)) or suffix_of_link(link) or ".bin")
        video = Video(end.received, sink.sha256)
        downloaded = publish(place, draft, video, task_id, overwrite=overwrite, difference="its bytes differ")
    return SavedVideo(place.uri, video.size, video.sha256, None, downloaded)
