"""Veo, 4o Image and Flux Kontext: what they say of their tasks, by a flag and a ``response``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_runway.sandbox.endpoints.view import Family, View, envelope
from airflow_provider_runway.sandbox.tasks import ApiGroup

FLAGS = (0, 0, 0, 1, 3)
UPSCALED = "veo/get-4k-video"
_WIDE = "16:9"


def common(view: View, *, param: str = "paramJson", nothing: str | None = None) -> dict[str, Any]:
    """What most records have.

    :param param: how the field is called that tells the request.
    :param nothing: the message of what did not fail.
    """
    failure = view.failure
    return {
        "taskId": view.task.id,
        param: view.body_json,
        "completeTime": view.finished_at,
        "createTime": view.created_at,
        "errorCode": failure.code if failure else None,
        "errorMessage": failure.msg if failure else nothing,
    }


def _veo(view: View) -> dict[str, Any]:
    """As recorded of the service: ``errorMessage`` is empty where other fields are null."""
    task = view.task
    asked = {"aspectRatio" if name == "aspect_ratio" else name: value for name, value in task.body.items()}
    record = {
        **common(view, nothing=""),
        "paramJson": json.dumps(asked),
        "successFlag": view.state,
        "response": {"taskId": task.id, **_veo_files(view)} if view.succeeded else None,
    }
    return record if task.operation == UPSCALED else {**record, "fallbackFlag": False}


def _veo_files(view: View) -> dict[str, Any]:
    """The links; of an extension the new stretch, and the whole video beside it."""
    task = view.task
    files: dict[str, Any] = {
        "resultUrls": view.urls[:1],
        "originUrls": view.urls[:1] if view.urls and task.clip.ratio != _WIDE else None,
        "resolution": task.clip.quality,
    }
    if task.operation == UPSCALED:
        return {**files, "imageUrls": [view.poster] if view.poster else [], "mediaIds": [task.video_id]}
    return {**files, "fullResultUrls": view.urls[1:]} if task.outputs > 1 else files


def _veo_callback(view: View) -> dict[str, Any]:
    task = view.task
    if task.operation == UPSCALED:
        data: dict[str, Any] = {"taskId": task.id}
        if view.succeeded:
            info = {"imageUrls": [view.poster], "resultUrls": view.urls}
            data |= {"creditsConsumed": task.cost, "info": info}
        return envelope(view, data, "4K Video generated successfully.", failed=500)
    data = {"taskId": task.id, "fallbackFlag": False}
    if view.succeeded:
        data |= {"promptJson": view.body_json, "info": _veo_files(view)}
    return envelope(view, data, "Veo3.1 video generated successfully.")


def _picture_of_4o(view: View) -> dict[str, Any]:
    """Decided by ``status``; the flag beside it says no more than that."""
    return {
        **common(view, nothing=""),
        "status": view.state,
        "successFlag": FLAGS[view.phase],
        "progress": f"{view.progress:.2f}",
        "response": {"resultUrls": view.urls} if view.succeeded else None,
    }


def _callback_of_4o(view: View) -> dict[str, Any]:
    info = {"result_urls": view.urls} if view.succeeded else None
    return envelope(view, {"taskId": view.task.id, "info": info}, "success")


def _flux(view: View) -> dict[str, Any]:
    return {
        **common(view, nothing=""),
        "successFlag": view.state,
        "response": _flux_files(view) if view.succeeded else None,
    }


def _flux_files(view: View) -> dict[str, Any]:
    return {"originImageUrl": view.url and f"{view.url}?origin=true", "resultImageUrl": view.url}


def _flux_callback(view: View) -> dict[str, Any]:
    return envelope(view, {"taskId": view.task.id, "info": _flux_files(view)}, "BFL image generated successfully.")


_NO_RECORD = "The record does not exist"
FAMILIES: Mapping[ApiGroup, Family] = {
    "veo": Family(
        path="/api/v1/veo/record-info",
        states=FLAGS,
        failure_code=501,
        record=_veo,
        callback=_veo_callback,
        absent="Record not found for taskId: {task_id}",
    ),
    "4o-image": Family(
        path="/api/v1/gpt4o-image/record-info",
        states=("GENERATING", "GENERATING", "GENERATING", "SUCCESS", "GENERATE_FAILED"),
        failure_code=400,
        record=_picture_of_4o,
        callback=_callback_of_4o,
        absent=_NO_RECORD,
        polls_per_second=3,
    ),
    "flux-kontext": Family(
        path="/api/v1/flux/kontext/record-info",
        states=FLAGS,
        failure_code=500,
        record=_flux,
        callback=_flux_callback,
        absent=_NO_RECORD,
    ),
}
