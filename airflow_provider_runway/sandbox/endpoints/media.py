"""Media: results and uploaded files, whole or in part, and direct download links to results."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from airflow_provider_runway.sandbox.faults import Expire
from airflow_provider_runway.sandbox.messages import TEXT, Refusal, Reply, SandboxRequest, answer, digest
from airflow_provider_runway.sandbox.tasks import Phase, Task, Upload, task_id_of

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

_TYPES = {"mp4": "video/mp4", "png": "image/png", "jpeg": "image/jpeg", "mp3": "audio/mpeg", "wav": "audio/wav"}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_LINK_SECONDS = 1200
_SECRET = secrets.token_bytes(16)


async def result(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /media/<task>.mp4``, and what else there is of it."""
    name = request.path.rpartition("/")[2]
    task = _with_file(sandbox, task_id_of(request.path), name, request.at)
    if task and isinstance(request.fault, Expire):
        sandbox.expire(task, request.at)
        task = None
    if task is None or not _link_works(request) or name not in (*task.files(), f"{task.id}.png"):
        return _gone()
    settings = sandbox.settings
    what = name.rpartition(".")[2]
    data = await sandbox.renderer.draw(what, task.shown_in(name), settings.video_scale, settings.frames_per_second)
    return _file(request, data, _TYPES[what])


def _with_file(sandbox: SandboxState, task_id: str, name: str, now: float) -> Task | None:
    """The task of a file that can be fetched; the first of its songs is there before the others."""
    task = sandbox.tasks.get(task_id)
    if task and task.api == "suno" and task.phase(now) is Phase.GENERATING and name == task.files()[0]:
        return task
    return sandbox.finished(task_id, now)


async def uploaded(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /uploads/<path>``."""
    found = sandbox.served(request.path, request.at)
    return _file(request, found.data, found.content_type) if isinstance(found, Upload) else _gone()


async def download_url(sandbox: SandboxState, request: SandboxRequest, *, api: str | None = None) -> Reply:
    """``POST /api/v1/common/download-url``: a link of its own, for a while, to a result of this service.

    :param api: only to those of this one, whose task has to be named.
    """
    body = request.payload or {}
    path = sandbox.own_path(body.get("url"), request) or ""
    task = sandbox.finished(task_id_of(path), request.at)
    if api and (not task or task.api != api or task.id != body.get("taskId")):
        raise Refusal(422, "record is null")
    if not task or not path.startswith("/media/"):
        raise Refusal(422, "url is wrong")
    expires = str(int(request.at + _LINK_SECONDS))
    query = urlencode({"expires": expires, "signature": _signature(path, expires)})
    return answer(f"{sandbox.base_url(request)}{path}?{query}", task_id=task.id)


def _link_works(request: SandboxRequest) -> bool:
    """Whether a link works: one without a signature always does."""
    query = request.query_params
    if "signature" not in query:
        return True
    expires = query.get("expires", "")
    signature = _signature(request.path, expires)
    return hmac.compare_digest(signature.encode(), query["signature"].encode()) and request.at < int(expires)


def _signature(path: str, expires: str) -> str:
    return hmac.new(_SECRET, f"{path} {expires}".encode(), "sha256").hexdigest()[:32]


def _gone() -> Reply:
    return Reply(b"Not Found", 404, TEXT)


def _file(request: SandboxRequest, data: bytes, media_type: str) -> Reply:
    """A file, or the part of it that is asked for.

    Understands one range (``bytes=a-b``, ``a-``, ``-n``), ``If-Range`` and ``If-None-Match``. Starlette's own
    ``FileResponse`` wants a file on disk, and knows no ``If-None-Match``.
    """
    etag = f'"{digest(data)}"'
    headers = {"etag": etag, "accept-ranges": "bytes"}
    if request.headers.get("if-none-match") == etag:
        return Reply(b"", 304, headers=headers)
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if not asked or not any(asked.groups()) or request.headers.get("if-range", etag) != etag:
        return Reply(data, 200, media_type, headers)
    size = len(data)
    first = int(asked[1]) if asked[1] else max(size - int(asked[2]), 0)
    last = min(int(asked[2]), size - 1) if all(asked.groups()) else size - 1
    if first > last:
        return Reply(b"", 416, headers={**headers, "content-range": f"bytes */{size}"})
    part = {**headers, "content-range": f"bytes {first}-{last}/{size}"}
    return Reply(data[first : last + 1], 206, media_type, part)
