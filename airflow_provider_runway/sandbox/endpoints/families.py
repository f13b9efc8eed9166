"""What each API says of its tasks, in records and in callbacks. A further one is one more entry in ``FAMILIES``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.tasks import ApiGroup, Failure, Phase, Task

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.faults import Fail

_SHANGHAI = timezone(timedelta(hours=8))
_MISLEADING = 4  # one record in so many shows a failure code although nothing failed
_JOB_FAILED = 501
_FLAGS = (0, 0, 0, 1, 3)


class View:
    """A task as it is to be shown.

    :param base_url: what media URLs begin with.
    :param instead: the state to say instead of the true one, if it is to be another.
    :param linkless: show no URLs, although it may be ready.
    """

    def __init__(
        self,
        task: Task,
        now: float,
        base_url: str,
        *,
        instead: tuple[str | int | None, ...] = (),
        linkless: bool = False,
    ) -> None:
        self.task, self.now, self.phase = task, now, task.phase(now)
        self.succeeded = self.phase is Phase.SUCCEEDED
        self.failure = task.failure if self.phase is Phase.FAILED else None
        self.urls, self.poster = task.urls(base_url) if self.succeeded and not linkless else ([], "")
        self.url = self.urls[0] if self.urls else ""
        self.state = instead[0] if instead else FAMILIES[task.api].states[self.phase]
        self.finished_at = _milliseconds(task.finish_at) if self.phase >= Phase.SUCCEEDED else None


@dataclass(frozen=True, slots=True)
class Family:
    """What one API says of its tasks.

    :param path: the endpoint that has its records.
    :param states: the names that it has for the phases.
    :param failure_code: the code of a failure that has none of its own.
    :param record: the record, from ``data`` on.
    :param callback: the body of the callback of a task that has ended.
    """

    path: str
    states: tuple[str | int, ...]
    failure_code: int
    record: Callable[[View], dict[str, Any]]
    callback: Callable[[View], dict[str, Any]]

    def failure(self, fault: Fail) -> Failure:
        """The failure that a fault makes of a task."""
        return Failure(fault.msg, self.failure_code if fault.code is None else fault.code)


def _runway(view: View) -> dict[str, Any]:
    task = view.task
    shown_at = task.finish_at if view.finished_at else task.created_at
    fail_code, fail_msg = None, ""
    if view.failure:
        fail_code, fail_msg = view.failure.code, view.failure.msg
    elif int(task.id[:2], 16) % _MISLEADING == 0:
        fail_code, fail_msg = 400, "Generation failed, please try again later"
    video = {"videoId": task.video_id, "taskId": task.id, "videoUrl": view.url, "imageUrl": view.poster}
    return {
        "taskId": task.id,
        "parentTaskId": task.parent_id,
        "generateParam": {"prompt": task.prompt, "imageUrl": task.image_url, "expandPrompt": False},
        "state": view.state,
        "generateTime": datetime.fromtimestamp(shown_at, _SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        "videoInfo": video if view.succeeded else None,
        "failCode": fail_code,
        "failMsg": fail_msg,
        "expireFlag": int(view.succeeded and task.expired(view.now)),
    }


def _runway_callback(view: View) -> dict[str, Any]:
    task = view.task
    data = {"task_id": task.id}
    if view.succeeded or task.operation != "extend":
        video_id = task.video_id if view.succeeded else ""
        data |= {"video_id": video_id, "video_url": view.url, "image_url": view.poster}
    return _envelope(view, data, "All generated successfully.")


def _aleph(view: View) -> dict[str, Any]:
    """As recorded of the service: what is not known yet is null."""
    task, failure = view.task, view.failure
    response = {"taskId": task.id, "resultVideoUrl": view.url, "resultImageUrl": view.poster}
    return {
        "taskId": task.id,
        "paramJson": json.dumps(task.body),
        "response": response if view.succeeded else None,
        "completeTime": view.finished_at,
        "createTime": _milliseconds(task.created_at),
        "successFlag": view.state,
        "errorCode": failure.code if failure else None,
        "errorMessage": failure.msg if failure else None,
    }


def _aleph_callback(view: View) -> dict[str, Any]:
    data = {"result_video_url": view.url, "result_image_url": view.poster} if view.succeeded else None
    return {**_envelope(view, data, "success"), "taskId": view.task.id}


def _job_result(view: View) -> dict[str, Any]:
    task, failure = view.task, view.failure
    result: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": view.state,
        "param": json.dumps(task.body),
        "resultJson": json.dumps({"resultUrls": view.urls}) if view.urls else "",
        "failCode": str(failure.code) if failure else None,
        "failMsg": failure.msg if failure else None,
        "costTime": round(task.finish_at - task.created_at) if view.finished_at else None,
        "createTime": _milliseconds(task.created_at),
        "completeTime": view.finished_at,
    }
    return {**result, "creditsConsumed": task.cost} if view.succeeded else result


def _job(view: View) -> dict[str, Any]:
    """``param`` is JSON in a text, and so is the input within it."""
    body = view.task.body
    return {
        **_job_result(view),
        "successFlag": _FLAGS[view.phase],
        "param": json.dumps({**body, "input": json.dumps(body.get("input"))}),
        "response": {"resultUrls": view.urls} if view.urls else None,
        "updateTime": _milliseconds(min(view.now, view.task.finish_at)),
        "progress": 0,
    }


def _job_callback(view: View) -> dict[str, Any]:
    return _envelope(view, _job_result(view), "Playground task completed successfully.", failed=_JOB_FAILED)


def _envelope(view: View, data: object, success: str, *, failed: int = 400) -> dict[str, Any]:
    if view.failure:
        return {"code": failed, "msg": view.failure.msg, "data": data}
    return {"code": 200, "msg": success, "data": data}


def _milliseconds(at: float) -> int:
    return int(at * 1000)


FAMILIES: Mapping[ApiGroup, Family] = {
    "runway": Family(
        path="/api/v1/runway/record-detail",
        states=("wait", "queueing", "generating", "success", "fail"),
        failure_code=400,
        record=_runway,
        callback=_runway_callback,
    ),
    "aleph": Family(
        path="/api/v1/aleph/record-info",
        states=_FLAGS,
        failure_code=500,
        record=_aleph,
        callback=_aleph_callback,
    ),
    "jobs": Family(
        path="/api/v1/jobs/recordInfo",
        states=("waiting", "queuing", "generating", "success", "fail"),
        failure_code=400,
        record=_job,
        callback=_job_callback,
    ),
}
