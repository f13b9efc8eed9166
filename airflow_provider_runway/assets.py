"""What an asset event says of a finished video, so that a DAG that is scheduled on it need not ask back."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.results import VideoResult

log = logging.getLogger(__name__)


class VideoEvent(TypedDict):
    """The ``extra`` of an asset event. Times are ISO 8601 in UTC; what is not known is ``None``."""

    task_id: str
    parent_task_id: str | None
    kind: str
    state: str
    video_url: str | None
    saved_to: str | None
    sha256: str | None
    size: int | None
    prompt: str | None
    duration: int | None
    credits_estimate: float | None
    completed_at: str | None
    expires_at: str | None
    schema_version: int


def describe_video(
    context: Context,
    outlets: Collection[object],
    result: VideoResult,
    request: Request | None = None,
) -> None:
    """Have the events of a task's outlets say which video it is.

    An ``AssetAlias`` gets an event of the file, if the video was saved, or else of the videos of this task; none if the
    video is only submitted.

    :param context: The task's context.
    :param outlets: The task's outlets.
    :param result: What the task returns.
    :param request: What was asked for, where this task has asked.
    """
    if not outlets:
        return
    from airflow.sdk import Asset, AssetAlias
    from airflow.sdk.definitions.asset import AssetRef

    extra: dict[str, Any] = {**_event(result, request)}
    events: Any = context["outlet_events"]
    for outlet in outlets:
        try:
            if isinstance(outlet, AssetAlias):
                if result["state"] != "submitted":
                    for asset in _assets(context, result):
                        events[outlet].add(asset, extra=extra)
            elif isinstance(outlet, (Asset, AssetRef)):
                events[outlet].extra = {**events[outlet].extra, **extra}
        except Exception as error:  # noqa: BLE001 - the video is made and paid, whatever becomes of its event
            log.warning("The asset event of %r does not tell of the video: %s: %s", outlet, type(error).__name__, error)


def _event(result: VideoResult, request: Request | None) -> VideoEvent:
    return VideoEvent(
        task_id=result["task_id"],
        parent_task_id=result["parent_task_id"],
        kind=result["kind"],
        state=result["state"],
        video_url=result["video_url"],
        saved_to=result["saved_to"],
        sha256=result["sha256"],
        size=result["size"],
        prompt=getattr(request, "prompt", None),
        duration=getattr(request, "duration", None),
        credits_estimate=result["credits_estimate"],
        completed_at=result["completed_at"],
        expires_at=result["expires_at"],
        schema_version=result["schema_version"],
    )


def _assets(context: Context, result: VideoResult) -> list[Asset]:
    """The assets of a video: its file (of a job, all its files), or the stream of videos that the task makes.

    A video that lies at KIE alone is gone in two weeks. An asset for each would outlive it in Airflow, so there is one
    for all that a task makes.
    """
    from airflow.sdk import Asset

    files = all_files(result)
    if files:
        return [Asset(without_connection(file)) for file in files]
    ti = context["ti"]
    stream = Asset(
        name=f"runway videos of {ti.dag_id}.{ti.task_id}", uri=f"x-runway://{quote(ti.dag_id)}/{quote(ti.task_id)}"
    )
    return [stream]


def all_files(result: VideoResult) -> list[str]:
    """Where all that came of a task was stored."""
    files: list[str] | None = {**result}.get("saved_files")  # type: ignore[assignment] # a job's result has them
    return files or ([result["saved_to"]] if result["saved_to"] else [])


def without_connection(uri: str) -> str:
    """An object storage address without the id of the connection: the same file, whoever reads it."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
