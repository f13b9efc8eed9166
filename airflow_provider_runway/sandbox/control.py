"""The controls below ``/_sandbox/``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.envelope import encode
from airflow_provider_runway.sandbox.faults import Fault
from airflow_provider_runway.sandbox.messages import Reply
from airflow_provider_runway.sandbox.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_runway.sandbox.messages import Request
    from airflow_provider_runway.sandbox.stage import Stage

PREFIX = "/_sandbox/"
_BAD, _MISSING = 400, 404


def control(stage: Stage, request: Request) -> Reply:
    """Answer a control request: plain JSON and plain HTTP statuses, without a key."""
    stage.settle(request.at)
    handler = _HANDLERS.get((request.method, request.path.removeprefix(PREFIX)))
    if handler is None:
        return _json({"error": f"no control {request.method} {request.path}"}, _MISSING)
    try:
        return _json(handler(stage, request))
    except (ValueError, TypeError) as error:
        return _json({"error": str(error)}, _BAD)


def _health(stage: Stage, request: Request) -> Any:
    return {
        "status": "ok",
        "tasks": len(stage.tasks),
        "balance": stage.balance,
        "now": request.at,
        "up_seconds": round(request.at - stage.started_at, 3),
    }


def _ledger(stage: Stage, request: Request) -> Any:
    limit = request.query.get("requests")
    kept = None if limit is None else max(int(limit), 0)
    return stage.account.ledger(stage.settings.credits, requests=kept).to_json()


def _tasks(stage: Stage, request: Request) -> Any:
    base_url = stage.base_url(request)
    if wanted := request.query.get("task_id"):
        task = stage.tasks.get(wanted)
        return [summary(task, request.at, base_url)] if task else []
    return [summary(task, request.at, base_url) for task in stage.tasks]


def _get_faults(stage: Stage, _: Request) -> Any:
    return stage.faults.to_json()


def _add_fault(stage: Stage, request: Request) -> Any:
    return {"number": stage.faults.add(Fault.from_json(_object(request)))}


def _drop_faults(stage: Stage, request: Request) -> Any:
    number = request.query.get("number")
    if number is None:
        stage.faults.clear()
    elif not stage.faults.remove(int(number)):
        raise ValueError(f"number: no fault {number} is in force")
    return stage.faults.to_json()


def _get_settings(stage: Stage, _: Request) -> Any:
    return _shown(stage)


def _change_settings(stage: Stage, request: Request) -> Any:
    stage.configure(stage.settings.changed(_object(request)))
    return _shown(stage)


def _shown(stage: Stage) -> dict[str, Any]:
    """The settings without the keys: who may look here need not have them."""
    return {name: value for name, value in stage.settings.to_json().items() if name not in ("keys", "webhook_key")}


def _reset(stage: Stage, request: Request) -> Any:
    stage.reset()
    return _health(stage, request)


def _resend(stage: Stage, request: Request) -> Any:
    task_id = _object(request).get("task_id")
    task = stage.tasks.get(task_id) if isinstance(task_id, str) else None
    if task is None or not task.callback_url:
        raise ValueError(f"task_id: {task_id!r} is no task with a callback")
    stage.courier.send_again(task)
    return {"task_id": task.id}


def _advance(stage: Stage, request: Request) -> Any:
    seconds = _object(request).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"seconds: {seconds!r} is not a number")  # noqa: TRY004 - answered as 400
    stage.clock.advance(seconds)
    stage.settle(stage.clock.now())
    return {"now": stage.clock.now()}


_HANDLERS: dict[tuple[str, str], Callable[[Stage, Request], Any]] = {
    ("GET", "health"): _health,
    ("GET", "ledger"): _ledger,
    ("GET", "tasks"): _tasks,
    ("GET", "faults"): _get_faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _drop_faults,
    ("GET", "settings"): _get_settings,
    ("PATCH", "settings"): _change_settings,
    ("POST", "reset"): _reset,
    ("POST", "advance"): _advance,
    ("POST", "callbacks"): _resend,
}


def _object(request: Request) -> dict[str, Any]:
    value = json.loads(request.body or b"{}")
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - answered as 400
    return value


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, encode(value))
