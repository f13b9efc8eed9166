"""The dedicated Runway endpoints: generate, extend, record-detail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints.orders import extension, generation
from airflow_provider_runway.sandbox.endpoints.records import Look, look_at
from airflow_provider_runway.sandbox.endpoints.submission import accept, body_of
from airflow_provider_runway.sandbox.messages import answer
from airflow_provider_runway.sandbox.rules import read_callback, read_extend, read_generate
from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Reply, SandboxRequest
    from airflow_provider_runway.sandbox.state import SandboxState

STATES = {
    Phase.WAITING: "wait",
    Phase.QUEUED: "queueing",
    Phase.GENERATING: "generating",
    Phase.SUCCEEDED: "success",
    Phase.FAILED: "fail",
}
_SHANGHAI = timezone(timedelta(hours=8))
_MISLEADING = 4  # one record in so many shows a failure code although nothing failed


async def generate(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/runway/generate``."""
    sandbox.check_pace(request.at)
    body = body_of(request)
    order = generation(sandbox, read_generate(body), request, api="runway", model="runway")
    return accept(sandbox, request, body, replace(order, callback_url=read_callback(body)))


async def extend(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/runway/extend``."""
    sandbox.check_pace(request.at)
    body = body_of(request)
    order = extension(sandbox, read_extend(body), request.at, api="runway", model="runway/extend-ai-video")
    return accept(sandbox, request, body, replace(order, callback_url=read_callback(body)))


async def record_detail(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/runway/record-detail?taskId=``."""
    look = look_at(sandbox, request, "runway")
    return answer(_record(look), task_id=look.task.id) if look else answer(None)


def _record(look: Look) -> dict[str, Any]:
    task, phase = look.task, look.phase
    shown_at = task.finish_at if phase >= Phase.SUCCEEDED else task.created_at
    fail_code, fail_msg = None, ""
    if phase is Phase.FAILED and task.failure:
        fail_code, fail_msg = task.failure.code, task.failure.msg
    elif int(task.id[:2], 16) % _MISLEADING == 0:
        fail_code, fail_msg = 400, "Generation failed, please try again later"
    return {
        "taskId": task.id,
        "parentTaskId": task.parent_id,
        "generateParam": {"prompt": task.prompt, "imageUrl": task.image_url, "expandPrompt": False},
        "state": look.said(STATES[phase]),
        "generateTime": datetime.fromtimestamp(shown_at, _SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        "videoInfo": _video(look),
        "failCode": fail_code,
        "failMsg": fail_msg,
        "expireFlag": int(look.expired),
    }


def _video(look: Look) -> dict[str, Any] | None:
    if look.phase is not Phase.SUCCEEDED:
        return None
    urls = look.urls or [""]
    return {
        "videoId": look.task.video_id,
        "taskId": look.task.id,
        "videoUrl": urls[0],
        "imageUrl": look.poster,
    }
