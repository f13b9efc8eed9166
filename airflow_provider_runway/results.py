"""The small JSON object that operators, the sensor and the transfer return, and push key by key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_runway.kie.tasks import Kind, VideoTask

if TYPE_CHECKING:
    from airflow_provider_runway.storage.save import SavedFile

SCHEMA_VERSION = 1
# KIE deletes a video 14 days after it was made.
VIDEO_LIFETIME = timedelta(days=14)


class VideoResult(TypedDict):
    """What a task of this provider returns. Times are ISO 8601 in UTC; what is not known is ``None``.

    :param saved_to: The whole address of the file, where the video was stored.
    :param sha256: That file's checksum, in hexadecimal digits.
    :param size: That file's bytes.
    :param thumbnail_saved_to: Where the thumbnail was stored, if that was asked for and it could be had.
    :param credits_estimate: What the video was expected to cost.
    """

    task_id: str
    parent_task_id: str | None
    kind: Kind
    state: str
    video_url: str | None
    image_url: str | None
    video_id: str | None
    submitted_at: str | None
    completed_at: str | None
    expires_at: str | None
    saved_to: str | None
    sha256: str | None
    size: int | None
    thumbnail_saved_to: str | None
    credits_estimate: float | None
    schema_version: int


class JobResult(VideoResult):
    """What a task of kind ``"job"`` returns: the same, and all that came of it.

    :param result_urls: KIE's links, ``video_url`` among them; of whatever type the model makes.
    :param result: What KIE tells besides links, as it does: JSON of the model's own form, or ``None``.
    :param saved_files: Where the files were stored, in the order of the links, ``saved_to`` among them; of a result
        without links, its JSON.
    """

    result_urls: list[str]
    result: Any
    saved_files: list[str]


def submitted_result(
    task_id: str,
    kind: Kind,
    *,
    parent_task_id: str | None,
    submitted_at: str | None,
    credits_estimate: float | None,
) -> VideoResult:
    """The result of a task that was submitted and not waited for."""
    result = VideoResult(
        task_id=task_id,
        parent_task_id=parent_task_id,
        kind=kind,
        state="submitted",
        video_url=None,
        image_url=None,
        video_id=None,
        submitted_at=submitted_at,
        completed_at=None,
        expires_at=None,
        saved_to=None,
        sha256=None,
        size=None,
        thumbnail_saved_to=None,
        credits_estimate=credits_estimate,
        schema_version=SCHEMA_VERSION,
    )
    return JobResult(**result, result_urls=[], result=None, saved_files=[]) if kind == "job" else result


def finished_result(
    task: VideoTask,
    *,
    parent_task_id: str | None = None,
    submitted_at: str | None = None,
    completed_at: datetime | None = None,
    credits_estimate: float | None = None,
    saved: Sequence[SavedFile] = (),
) -> VideoResult:
    """The result of a finished task.

    :param task: The finished task.
    :param parent_task_id: The task it extends, where the record does not say.
    :param submitted_at: When it was submitted, if that is known.
    :param completed_at: When it was seen to become ready, where the record does not say; ``None`` for one that was
        ready at the first look.
    :param credits_estimate: What it was expected to cost.
    :param saved: The stored video, or all files that came of a job.
    """
    file = _file_of_the_video(task, saved)
    completed_at = task.completed_at or completed_at
    result = VideoResult(
        task_id=task.task_id,
        parent_task_id=task.parent_task_id or parent_task_id,
        kind=task.kind,
        state=task.state.value,
        video_url=task.video_url,
        image_url=task.image_url,
        video_id=task.video_id,
        submitted_at=submitted_at,
        completed_at=to_iso(completed_at) if completed_at else None,
        expires_at=to_iso(completed_at + VIDEO_LIFETIME) if completed_at else None,
        saved_to=file.path if file else None,
        sha256=file.sha256 if file else None,
        size=file.size if file else None,
        thumbnail_saved_to=file.thumbnail_path if file else None,
        credits_estimate=credits_estimate,
        schema_version=SCHEMA_VERSION,
    )
    if task.kind != "job":
        return result
    return JobResult(
        **result,
        result_urls=list(task.result_urls),
        result=task.result,
        saved_files=[each.path for each in saved],
    )


def _file_of_the_video(task: VideoTask, saved: Sequence[SavedFile]) -> SavedFile | None:
    """The stored file of ``video_url``: of a job's files it need not be the file."""
    if len(saved) == len(task.result_urls) and task.video_url in task.result_urls:
        return saved[task.result_urls.index(task.video_url)]
    return next(iter(saved), None)


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")


def utc_now() -> datetime:
    """The time."""
    return datetime.now(timezone.utc)
