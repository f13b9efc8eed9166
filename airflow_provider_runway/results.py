"""The small JSON object that operators, the sensor and the transfer return, and push key by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.kinds import VIDEO_KINDS, Kind
from airflow_provider_runway.kie.tasks import VideoTask

if TYPE_CHECKING:
    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.storage.publishing import SavedFile

SCHEMA_VERSION = 1
# KIE deletes a video 14 days after it was made.
VIDEO_LIFETIME = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoResult:
    """What a task of this provider returns, as JSON. Times are ISO 8601 in UTC; what is not known is ``None``.

    :param saved_to: The whole address of the file, where the video was stored.
    :param sha256: That file's checksum, in hexadecimal digits.
    :param size: That file's bytes.
    :param thumbnail_saved_to: Where the thumbnail was stored, if that was asked for and it could be had.
    :param credits_estimate: What the video was expected to cost.
    :param credits: What it has cost, where KIE tells.
    """

    task_id: str
    parent_task_id: str | None = None
    kind: Kind
    state: str
    video_url: str | None = None
    image_url: str | None = None
    video_id: str | None = None
    submitted_at: str | None = None
    completed_at: str | None = None
    expires_at: str | None = None
    saved_to: str | None = None
    sha256: str | None = None
    size: int | None = None
    thumbnail_saved_to: str | None = None
    credits_estimate: float | None = None
    credits: float | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def links(self) -> list[str | None]:
        """Where all that came of the task lies at KIE."""
        return [self.video_url, self.image_url]

    @property
    def files(self) -> list[str]:
        """Where all that came of the task was stored."""
        return [self.saved_to] if self.saved_to else []

    def to_json(self) -> dict[str, Any]:
        """The object that is returned, and pushed key by key."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to_extra(self, request: Request | None) -> dict[str, Any]:
        """The ``extra`` of an asset event.

        :param request: What was asked for, where this task has asked.
        """
        return {name: getattr(request if name in _OF_THE_REQUEST else self, name, None) for name in EXTRA}


_OF_THE_REQUEST = {"prompt", "duration"}
EXTRA = (
    *("task_id", "parent_task_id", "kind", "state", "video_url", "saved_to", "sha256", "size", "prompt", "duration"),
    *("credits_estimate", "credits", "completed_at", "expires_at", "schema_version"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult(VideoResult):
    """What a task returns that makes no single video: the same, and all that came of it.

    :param result_urls: KIE's links, ``video_url`` among them; of whatever type the model makes.
    :param result_types: What each of them is: ``"video"``, ``"audio"``, ``"image"``, ``"subtitle"`` or ``"data"``.
    :param result: What KIE tells besides links, as it does: JSON of the model's own form, or ``None``.
    :param saved_files: Where the files were stored, in the order of the links, ``saved_to`` among them; then the JSON
        of the ``result``, if there is one.
    """

    result_urls: list[str] = field(default_factory=list)
    result_types: list[str] = field(default_factory=list)
    result: Any = None
    saved_files: list[str] = field(default_factory=list)

    @property
    def links(self) -> list[str | None]:
        """Where all that came of the task lies at KIE."""
        return [*self.result_urls] or [self.video_url, self.image_url]

    @property
    def files(self) -> list[str]:
        """Where all that came of the task was stored."""
        return self.saved_files


def submitted_result(
    task_id: str,
    kind: Kind,
    *,
    parent_task_id: str | None,
    submitted_at: str | None,
    credits_estimate: float | None,
) -> VideoResult:
    """The result of a task that was submitted and not waited for."""
    return (VideoResult if kind in VIDEO_KINDS else JobResult)(
        task_id=task_id,
        parent_task_id=parent_task_id,
        kind=kind,
        state="submitted",
        submitted_at=submitted_at,
        credits_estimate=credits_estimate,
    )


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
        ready at the first poll.
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
        # Of what it answers at once KIE keeps no copy.
        expires_at=to_iso(completed_at + VIDEO_LIFETIME) if completed_at and task.kind != "answer" else None,
        saved_to=file.path if file else None,
        sha256=file.sha256 if file else None,
        size=file.size if file else None,
        thumbnail_saved_to=file.thumbnail_path if file else None,
        credits_estimate=credits_estimate,
        credits=task.credits,
    )
    if task.is_one_video:
        return result
    urls, files = list(task.result_urls), [each.path for each in saved]
    return JobResult(
        **result.to_json(),
        result_urls=urls,
        result_types=list(task.result_types),
        result=task.result,
        saved_files=files,
    )


def kept_until(completed_at: datetime | None) -> str:
    """For how long KIE keeps what was ready then, for a log line."""
    return f"until about {to_iso(completed_at + VIDEO_LIFETIME)}" if completed_at else "for 14 days after it was made"


def _file_of_the_video(task: VideoTask, saved: Sequence[SavedFile]) -> SavedFile | None:
    """The stored file of ``video_url``: of a job's files it need not be the file."""
    if len(saved) >= len(task.result_urls) and task.video_url in task.result_urls:
        return saved[task.result_urls.index(task.video_url)]
    return next(iter(saved), None)


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")


def utc_now() -> datetime:
    """The time."""
    return datetime.now(timezone.utc)
