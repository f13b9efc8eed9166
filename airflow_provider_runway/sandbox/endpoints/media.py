"""Media: results and uploaded files, whole or in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.endpoints.links import link_works
from airflow_provider_runway.sandbox.endpoints.ranges import file_reply
from airflow_provider_runway.sandbox.faults import Expire
from airflow_provider_runway.sandbox.messages import Reply
from airflow_provider_runway.sandbox.tasks import Phase, task_id_of

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Request
    from airflow_provider_runway.sandbox.state import SandboxState

_GONE = Reply(404, b"Not Found", "text/plain; charset=UTF-8")
_TYPES = {"mp4": "video/mp4", "png": "image/png"}


async def result(state: SandboxState, request: Request) -> Reply:
    """``GET /media/<task>.mp4`` and ``.png``."""
    task = state.tasks.get(task_id_of(request.path))
    if task is None or task.phase(request.at) is not Phase.SUCCEEDED:
        return _GONE
    if isinstance(request.fault, Expire):
        state.expire(task, request.at)
    if task.expired(request.at) or not link_works(request.path, request.query, request.at):
        return _GONE
    name = request.path.rpartition("/")[2]
    if name not in (*task.files(), f"{task.id}.png"):
        return _GONE
    settings = state.settings
    if name.endswith(".mp4"):
        data = await state.studio.film(task.clip, settings.video_scale, settings.frames_per_second)
    else:
        data = await state.studio.poster(task.clip, settings.video_scale)
    return file_reply(request, data, _TYPES[name.rpartition(".")[2]])


async def uploaded(state: SandboxState, request: Request) -> Reply:
    """``GET /uploads/<path>``."""
    found = state.uploads.get(request.path.removeprefix("/uploads/"), request.at)
    return file_reply(request, found.data, found.content_type) if found else _GONE
