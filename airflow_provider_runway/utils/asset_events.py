"""What an asset event says of a finished video, so that a DAG that is scheduled on it need not ask back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_runway.links.card import card_url
from airflow_provider_runway.utils.file_uris import FileAddress

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.results import VideoResult

log = logging.getLogger(__name__)


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
    is_there, extra = result.state != "submitted", {**result.to_extra(request), "card_url": _card(context)}
    _describe(context, outlets, extra, lambda: _assets(context, result) if is_there else [], "the video")


def describe_upload(context: Context, outlets: Collection[object], result: Mapping[str, Any]) -> None:
    """Have the events of a task's outlets say which file was uploaded: all that the task returns.

    An ``AssetAlias`` gets an event of the uploads of this task.

    :param context: The task's context.
    :param outlets: The task's outlets.
    :param result: What the task returns.
    """
    _describe(context, outlets, {**result}, lambda: [_stream(context, "uploads")], "the upload")


def describe_file(context: Context, outlets: Collection[object], result: Mapping[str, Any]) -> None:
    """Have the events of a task's outlets say which film or picture was stored: all that the task returns.

    An ``AssetAlias`` gets an event of the file.

    :param context: The task's context.
    :param outlets: The task's outlets.
    :param result: What the task returns; ``path`` is where the file is.
    """
    from airflow.sdk import Asset

    _describe(context, outlets, {**result}, lambda: [Asset(FileAddress.read(result["path"]).uri)], "the file")


def _describe(
    context: Context,
    outlets: Collection[object],
    extra: dict[str, Any],
    assets: Callable[[], Sequence[Asset]],
    what: str,
) -> None:
    """Put what an event says into the events of all outlets; an alias gets one of each of the assets."""
    if not outlets:
        return
    from airflow.sdk import Asset, AssetAlias
    from airflow.sdk.definitions.asset import AssetRef

    events: Any = context["outlet_events"]
    for outlet in outlets:
        try:
            if isinstance(outlet, AssetAlias):
                for asset in assets():
                    events[outlet].add(asset, extra=extra)
            elif isinstance(outlet, (Asset, AssetRef)):
                events[outlet].extra = {**events[outlet].extra, **extra}
        except Exception as error:  # noqa: BLE001 - what was paid for is there, whatever becomes of its event
            log.warning("The asset event of %r does not tell of %s: %s: %s", outlet, what, type(error).__name__, error)


def _card(context: Context) -> str:
    """Where a person finds the video among all others."""
    ti = context["ti"]
    return card_url(ti.dag_id, ti.run_id, ti.task_id, ti.map_index)


def _assets(context: Context, result: VideoResult) -> list[Asset]:
    """The assets of a video: its file (of a job, all its files), or the stream of videos that the task makes.

    A video that lies at KIE alone is gone in two weeks. An asset for each would outlive it in Airflow, so there is one
    for all that a task makes.
    """
    from airflow.sdk import Asset

    return [Asset(FileAddress.read(file).uri) for file in result.files] or [_stream(context, "videos")]


def _stream(context: Context, what: str) -> Asset:
    """The asset of all that a task makes."""
    from airflow.sdk import Asset

    dag_id, task_id = quote(context["ti"].dag_id), quote(context["ti"].task_id)
    scheme = "x-runway" if what == "videos" else f"x-runway-{what}"
    return Asset(name=f"runway {what} of {dag_id}.{task_id}", uri=f"{scheme}://{dag_id}/{task_id}")
