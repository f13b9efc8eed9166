"""The dedicated Aleph endpoints: a video made from a video."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints.orders import alteration
from airflow_provider_runway.sandbox.endpoints.records import FLAGS, Look, look_at, milliseconds
from airflow_provider_runway.sandbox.endpoints.submission import accept, body_of
from airflow_provider_runway.sandbox.messages import answer
from airflow_provider_runway.sandbox.rules import read_aleph, read_callback
from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Reply, SandboxRequest
    from airflow_provider_runway.sandbox.state import SandboxState


async def generate(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/aleph/generate``."""
    sandbox.check_pace(request.at)
    body = body_of(request)
    order = alteration(sandbox, read_aleph(body), api="aleph", model="runway/gen4-aleph")
    return accept(sandbox, request, body, replace(order, callback_url=read_callback(body)))


async def record_info(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/aleph/record-info?taskId=``."""
    look = look_at(sandbox, request, "aleph")
    return answer(_record(look), task_id=look.task.id) if look else answer(None)


def _record(look: Look) -> dict[str, Any]:
    """The record, as recorded of the service: what is not known yet is null."""
    task, phase = look.task, look.phase
    failure = task.failure if phase is Phase.FAILED else None
    urls = look.urls or [""]
    response = {"taskId": task.id, "resultVideoUrl": urls[0], "resultImageUrl": look.poster}
    return {
        "taskId": task.id,
        "paramJson": json.dumps(task.body),
        "response": response if phase is Phase.SUCCEEDED else None,
        "completeTime": milliseconds(task.finish_at) if phase >= Phase.SUCCEEDED else None,
        "createTime": milliseconds(task.created_at),
        "successFlag": look.said(FLAGS.get(phase, 0)),
        "errorCode": failure.code if failure else None,
        "errorMessage": failure.msg if failure else None,
    }
