"""The controls below ``/_sandbox/``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.faults import Fault
from airflow_provider_runway.sandbox.messages import Reply
from airflow_provider_runway.sandbox.replies import encode
from airflow_provider_runway.sandbox.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_runway.sandbox.messages import Request
    from airflow_provider_runway.sandbox.state import SandboxState

PREFIX = "/_sandbox/"
_BAD, _MISSING = 400, 404


def control(state: SandboxState, request: Request) -> Reply:
    """Answer a control request: plain JSON and plain HTTP statuses, without a key."""
    state.settle(request.at)
    handler = _HANDLERS.get((request.method, request.path.removeprefix(PREFIX)))
    if handler is None:
        return _json({"error": f"no control {request.method} {request.path}"}, _MISSING)
    try:
        return _json(handler(state, request))
    except (ValueError, TypeError) as error:
        return _json({"error": str(error)}, _BAD)


def _health(state: SandboxState, request: Request) -> Any:
    return {
        "status": "ok",
        "tasks": len(state.tasks),
        "balance": state.balance,
        "now": request.at,
        "up_seconds": round(request.at - state.started_at, 3),
    }


def _ledger(state: SandboxState, request: Request) -> Any:
    limit = request.query.get("requests")
    kept = None if limit is None else max(int(limit), 0)
    return state.account.ledger(state.settings.credits, requests=kept).to_json()


def _tasks(state: SandboxState, request: Request) -> Any:
    base_url = state.base_url(request)
    if wanted := request.query.get("task_id"):
        task = state.tasks.get(wanted)
        return [summary(task, request.at, base_url)] if task else []
    return [summary(task, request.at, base_url) for task in state.tasks]


def _get_faults(state: SandboxState, _: Request) -> Any:
    return state.faults.to_json()


def _add_fault(state: SandboxState, request: Request) -> Any:
    return {"number": state.faults.add(Fault.from_json(_object(request)))}


def _drop_faults(state: SandboxState, request: Request) -> Any:
    number = request.query.get("number")
    if number is None:
        state.faults.clear()
    elif not state.faults.remove(int(number)):
        raise ValueError(f"number: no fault {number} is in force")
    return state.faults.to_json()


def _get_settings(state: SandboxState, _: Request) -> Any:
    return _shown(state)


def _change_settings(state: SandboxState, request: Request) -> Any:
    state.configure(state.settings.changed(_object(request)))
    return _shown(state)


def _shown(state: SandboxState) -> dict[str, Any]:
    """The settings without the keys: who may look here need not have them."""
    return {name: value for name, value in state.settings.to_json().items() if name not in ("keys", "webhook_key")}


def _reset(state: SandboxState, request: Request) -> Any:
    state.reset()
    return _health(state, request)


def _resend(state: SandboxState, request: Request) -> Any:
    task_id = _object(request).get("task_id")
    task = state.tasks.get(task_id) if isinstance(task_id, str) else None
    if task is None or not task.callback_url:
        raise ValueError(f"task_id: {task_id!r} is no task with a callback")
    state.courier.send_again(task)
    return {"task_id": task.id}


def _advance(state: SandboxState, request: Request) -> Any:
    seconds = _object(request).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"seconds: {seconds!r} is not a number")  # noqa: TRY004 - answered as 400
    state.clock.advance(seconds)
    state.settle(state.clock.now())
    return {"now": state.clock.now()}


_HANDLERS: dict[tuple[str, str], Callable[[SandboxState, Request], Any]] = {
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
