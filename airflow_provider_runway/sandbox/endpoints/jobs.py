"""The unified API: one endpoint for every model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints.orders import alteration, any_job, extension, generation
from airflow_provider_runway.sandbox.endpoints.records import FLAGS, Look, look_at, milliseconds
from airflow_provider_runway.sandbox.endpoints.submission import accept, body_of
from airflow_provider_runway.sandbox.messages import Refusal, answer
from airflow_provider_runway.sandbox.rules import (
    INVALID,
    UNIFIED,
    read_aleph,
    read_callback,
    read_extend,
    read_generate,
)
from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Reply, SandboxRequest
    from airflow_provider_runway.sandbox.order import Order
    from airflow_provider_runway.sandbox.state import SandboxState

STATES = {
    Phase.WAITING: "waiting",
    Phase.QUEUED: "queuing",
    Phase.GENERATING: "generating",
    Phase.SUCCEEDED: "success",
    Phase.FAILED: "fail",
}


async def create_task(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/jobs/createTask``."""
    sandbox.check_pace(request.at)
    body = body_of(request)
    model, asked = body.get("model"), body.get("input")
    if not isinstance(model, str) or not model:
        raise Refusal(INVALID, "model is required")
    if not isinstance(asked, dict):
        raise Refusal(INVALID, "input is required and must be an object")
    order = _order(sandbox, model, asked, request)
    return accept(sandbox, request, body, replace(order, callback_url=read_callback(body)))


async def record_info(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/jobs/recordInfo?taskId=``."""
    look = look_at(sandbox, request, "jobs")
    return answer(job_record(look, request.at), task_id=look.task.id) if look else answer(None)


def job_record(look: Look, now: float) -> dict[str, Any]:
    """The record of a job; ``param`` is JSON in a text, and so is the input within it."""
    task, phase = look.task, look.phase
    failure = task.failure if phase is Phase.FAILED else None
    done = phase >= Phase.SUCCEEDED
    response = {"resultUrls": look.urls} if look.urls else None
    record: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": look.said(STATES[phase]),
        "successFlag": FLAGS.get(phase, 0),
        "param": json.dumps({**task.body, "input": json.dumps(task.body.get("input"))}),
        "resultJson": json.dumps(response) if response else "",
        "response": response,
        "failCode": str(failure.code) if failure else None,
        "failMsg": failure.msg if failure else None,
        "costTime": round(task.finish_at - task.created_at) if done else None,
        "createTime": milliseconds(task.created_at),
        "updateTime": milliseconds(min(now, task.finish_at)),
        "completeTime": milliseconds(task.finish_at) if done else None,
        "progress": 0,
    }
    if phase is Phase.SUCCEEDED:
        record["creditsConsumed"] = task.cost
    return record


def _order(sandbox: SandboxState, model: str, asked: dict[str, Any], request: SandboxRequest) -> Order:
    if model == "runway":
        return generation(sandbox, read_generate(asked, UNIFIED), request, api="jobs", model=model)
    if model == "runway/extend-ai-video":
        return extension(sandbox, read_extend(asked, UNIFIED), request.at, api="jobs", model=model)
    if model == "runway/gen4-aleph":
        return alteration(sandbox, read_aleph(asked, UNIFIED), api="jobs", model=model)
    return any_job(sandbox, asked, model=model)
