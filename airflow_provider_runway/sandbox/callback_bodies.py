"""The bodies of callbacks, which differ by family."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.tasks import Task

_JOB_FAILED = 501


def callback_body(task: Task, now: float) -> dict[str, Any]:
    """What is sent when a task has ended."""
    if task.api == "jobs":
        return _job(task, now)
    if task.api == "aleph":
        return _aleph(task, now)
    return _runway(task, now)


def _runway(task: Task, now: float) -> dict[str, Any]:
    if task.phase(now) is Phase.FAILED and task.failure:
        blank = {} if task.kind == "extend" else {"video_id": "", "video_url": "", "image_url": ""}
        return {"code": 400, "msg": task.failure.msg, "data": {"task_id": task.id, **blank}}
    video, poster = _urls(task)
    data = {"task_id": task.id, "video_id": task.video_id, "video_url": video[0], "image_url": poster}
    return {"code": 200, "msg": "All generated successfully.", "data": data}


def _aleph(task: Task, now: float) -> dict[str, Any]:
    if task.phase(now) is Phase.FAILED and task.failure:
        return {"code": 400, "msg": task.failure.msg, "data": None, "taskId": task.id}
    video, poster = _urls(task)
    data = {"result_video_url": video[0], "result_image_url": poster}
    return {"code": 200, "msg": "success", "data": data, "taskId": task.id}


def _job(task: Task, now: float) -> dict[str, Any]:
    failed = task.phase(now) is Phase.FAILED
    failure = task.failure if failed else None
    data = {
        "taskId": task.id,
        "model": task.model,
        "state": "fail" if failed else "success",
        "param": json.dumps(task.body),
        "resultJson": "" if failed else json.dumps({"resultUrls": _urls(task)[0]}),
        "failCode": str(failure.code) if failure else None,
        "failMsg": failure.msg if failure else None,
        "costTime": round(task.finish_at - task.created_at),
        "createTime": int(task.created_at * 1000),
        "completeTime": int(task.finish_at * 1000),
    }
    if failure:
        return {"code": _JOB_FAILED, "msg": failure.msg, "data": data}
    return {
        "code": 200,
        "msg": "Playground task completed successfully.",
        "data": {**data, "creditsConsumed": task.cost},
    }


def _urls(task: Task) -> tuple[list[str], str]:
    base = f"{task.base_url}/media/"
    return [base + name for name in task.files()], f"{base}{task.id}.png"
