"""What each API says of its tasks, in records and in callbacks. A further one is one more entry in ``FAMILIES``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_runway.sandbox.endpoints import flagged, music
from airflow_provider_runway.sandbox.endpoints.job_shapes import result_of
from airflow_provider_runway.sandbox.endpoints.view import Family, View, envelope, milliseconds
from airflow_provider_runway.sandbox.tasks import ApiGroup

_SHANGHAI = timezone(timedelta(hours=8))
_MISLEADING = 4  # one record in so many shows a failure code although nothing failed
_JOB_FAILED = 501
_FLAGS = (0, 0, 0, 1, 3)


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
    return envelope(view, data, "All generated successfully.")


def _aleph(view: View) -> dict[str, Any]:
    """As recorded of the service: what is not known yet is null."""
    task, failure = view.task, view.failure
    response = {"taskId": task.id, "resultVideoUrl": view.url, "resultImageUrl": view.poster}
    return {
        "taskId": task.id,
        "paramJson": view.body_json,
        "response": response if view.succeeded else None,
        "completeTime": view.finished_at,
        "createTime": view.created_at,
        "successFlag": view.state,
        "errorCode": failure.code if failure else None,
        "errorMessage": failure.msg if failure else None,
    }


def _aleph_callback(view: View) -> dict[str, Any]:
    data = {"result_video_url": view.url, "result_image_url": view.poster} if view.succeeded else None
    return {**envelope(view, data, "success"), "taskId": view.task.id}


def _job_result(view: View) -> dict[str, Any]:
    task, failure, result = view.task, view.failure, result_of(view)
    told: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": view.state,
        "param": view.body_json,
        "resultJson": json.dumps(result) if result else "",
        "failCode": str(failure.code) if failure else None,
        "failMsg": failure.msg if failure else None,
        "costTime": round(task.finish_at - task.created_at) if view.finished_at else None,
        "createTime": view.created_at,
        "completeTime": view.finished_at,
    }
    return {**told, "creditsConsumed": task.cost} if view.succeeded else told


def _job(view: View) -> dict[str, Any]:
    """``param`` is JSON in a text, and so is the input within it."""
    body = view.task.body
    return {
        **_job_result(view),
        "successFlag": _FLAGS[view.phase],
        "param": json.dumps({**body, "input": json.dumps(body.get("input"))}),
        "response": result_of(view),
        "updateTime": milliseconds(min(view.now, view.task.finish_at)),
        "progress": 0,
    }


def _job_callback(view: View) -> dict[str, Any]:
    return envelope(view, _job_result(view), "Playground task completed successfully.", failed=_JOB_FAILED)


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
        absent="recordInfo is null",
    ),
    **flagged.FAMILIES,
    **music.FAMILIES,
}
