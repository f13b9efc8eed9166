"""A task for those who look from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.tasks import Task


def summary(task: Task, now: float, base_url: str) -> dict[str, Any]:
    """A task as ``GET /_sandbox/tasks`` lists it."""
    width, height = task.clip.size()
    return {
        "task_id": task.id,
        "api": task.api,
        "operation": task.operation,
        "model": task.model,
        "phase": task.phase(now).name.lower(),
        "prompt": task.prompt,
        "parent_id": task.parent_id,
        "cost": task.cost,
        "refunded": task.refunded,
        "created_at": task.created_at,
        "finish_at": task.finish_at,
        "expires_at": task.expires_at,
        "seconds": task.clip.seconds,
        "width": width,
        "height": height,
        "fingerprint": task.fingerprint,
        "fail_msg": task.failure.msg if task.failure else "",
        "fail_code": task.failure.code if task.failure else None,
        "media_urls": task.urls(base_url)[0],
    }
