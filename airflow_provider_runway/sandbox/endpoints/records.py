"""The endpoints that change nothing: the balance, and the records of tasks, bent by what shall go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.faults import Expire, Fail, Missing, NoUrl, States
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer
from airflow_provider_runway.sandbox.store import crowded
from airflow_provider_runway.sandbox.tasks import ApiGroup, Failure, Phase, Task, failure_by

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

_RUNWAY_STATES = ("wait", "queueing", "generating", "success", "fail")  # by phase
_JOB_STATES = ("waiting", "queuing", "generating", "success", "fail")
_FLAGS = (0, 0, 0, 1, 3)
_SHANGHAI = timezone(timedelta(hours=8))
_POLLS_PER_SECOND = 10
_MISLEADING = 4  # one record in so many shows a failure code although nothing failed


async def credit(sandbox: SandboxState, _: SandboxRequest) -> Reply:
    """``GET /api/v1/chat/credit``."""
    balance = sandbox.balance
    return answer(int(balance) if balance == int(balance) else round(balance, 2))


async def runway_record(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/runway/record-detail?taskId=``."""
    return _reply(sandbox, request, "runway", _runway)


async def aleph_record(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/aleph/record-info?taskId=``."""
    return _reply(sandbox, request, "aleph", _aleph)


async def job_record(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/jobs/recordInfo?taskId=``."""
    return _reply(sandbox, request, "jobs", _job)


@dataclass(frozen=True, slots=True)
class _RecordView:
    """A task as its record shall show it.

    :param instead: the state to say instead of the true one, if it is to be another.
    :param failure: why it has failed, if it has.
    :param urls: of the results; empty until there are any.
    :param poster: URL of the first picture.
    """

    task: Task
    now: float
    phase: Phase
    instead: tuple[str | int | None, ...]
    failure: Failure | None
    urls: list[str]
    poster: str

    def state(self, names: tuple[str | int, ...]) -> str | int | None:
        """The state, by the names that an API has for the phases."""
        return self.instead[0] if self.instead else names[self.phase]

    @property
    def finished_at(self) -> int | None:
        """In milliseconds; None until then."""
        return _milliseconds(self.task.finish_at) if self.phase >= Phase.SUCCEEDED else None


def _reply(
    sandbox: SandboxState, request: SandboxRequest, api: ApiGroup, shape: Callable[[_RecordView], dict[str, Any]]
) -> Reply:
    """The record of the task that the query asks for.

    Where there is none the dedicated APIs say so by code 200 with ``data: null``, as recorded, the unified one by 422.
    """
    task_id, now = request.query_params.get("taskId", ""), request.at
    if not task_id:
        raise Refusal(422, "taskId is required")
    task = sandbox.tasks.get(task_id)
    if task is None or task.api != api or now < task.visible_at or isinstance(request.fault, Missing):
        if api == "jobs":
            raise Refusal(422, "recordInfo is null")
        return answer(None)
    if crowded(task.polls, now, limit=_POLLS_PER_SECOND, seconds=1):
        raise Refusal(429)
    task.polls.append(now)
    return answer(shape(_view(sandbox, request, task)), task_id=task.id)


def _view(sandbox: SandboxState, request: SandboxRequest, task: Task) -> _RecordView:
    now, fault = request.at, request.fault
    instead: tuple[str | int | None, ...] = ()
    match fault:
        case States():
            instead = (fault.states[request.turn % len(fault.states)],)
        case Expire():
            sandbox.expire(task, now)
        case Fail():
            sandbox.fail(task, failure_by(fault, task.api), now)
        case _:
            pass
    phase = task.phase(now)
    ready = phase is Phase.SUCCEEDED and not isinstance(fault, NoUrl)
    urls, poster = task.urls(sandbox.base_url(request)) if ready else ([], "")
    return _RecordView(task, now, phase, instead, task.failure if phase is Phase.FAILED else None, urls, poster)


def _runway(view: _RecordView) -> dict[str, Any]:
    task, phase = view.task, view.phase
    shown_at = task.finish_at if phase >= Phase.SUCCEEDED else task.created_at
    fail_code, fail_msg = None, ""
    if view.failure:
        fail_code, fail_msg = view.failure.code, view.failure.msg
    elif int(task.id[:2], 16) % _MISLEADING == 0:
        fail_code, fail_msg = 400, "Generation failed, please try again later"
    url = view.urls[0] if view.urls else ""
    video = {"videoId": task.video_id, "taskId": task.id, "videoUrl": url, "imageUrl": view.poster}
    return {
        "taskId": task.id,
        "parentTaskId": task.parent_id,
        "generateParam": {"prompt": task.prompt, "imageUrl": task.image_url, "expandPrompt": False},
        "state": view.state(_RUNWAY_STATES),
        "generateTime": datetime.fromtimestamp(shown_at, _SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        "videoInfo": video if phase is Phase.SUCCEEDED else None,
        "failCode": fail_code,
        "failMsg": fail_msg,
        "expireFlag": int(phase is Phase.SUCCEEDED and task.expired(view.now)),
    }


def _aleph(view: _RecordView) -> dict[str, Any]:
    """As recorded of the service: what is not known yet is null."""
    task, failure = view.task, view.failure
    url = view.urls[0] if view.urls else ""
    response = {"taskId": task.id, "resultVideoUrl": url, "resultImageUrl": view.poster}
    return {
        "taskId": task.id,
        "paramJson": json.dumps(task.body),
        "response": response if view.phase is Phase.SUCCEEDED else None,
        "completeTime": view.finished_at,
        "createTime": _milliseconds(task.created_at),
        "successFlag": view.state(_FLAGS),
        "errorCode": failure.code if failure else None,
        "errorMessage": failure.msg if failure else None,
    }


def _job(view: _RecordView) -> dict[str, Any]:
    """``param`` is JSON in a text, and so is the input within it."""
    task, failure = view.task, view.failure
    response = {"resultUrls": view.urls} if view.urls else None
    record: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": view.state(_JOB_STATES),
        "successFlag": _FLAGS[view.phase],
        "param": json.dumps({**task.body, "input": json.dumps(task.body.get("input"))}),
        "resultJson": json.dumps(response) if response else "",
        "response": response,
        "failCode": str(failure.code) if failure else None,
        "failMsg": failure.msg if failure else None,
        "costTime": round(task.finish_at - task.created_at) if view.finished_at else None,
        "createTime": _milliseconds(task.created_at),
        "updateTime": _milliseconds(min(view.now, task.finish_at)),
        "completeTime": view.finished_at,
        "progress": 0,
    }
    if view.phase is Phase.SUCCEEDED:
        record["creditsConsumed"] = task.cost
    return record


def _milliseconds(at: float) -> int:
    return int(at * 1000)
