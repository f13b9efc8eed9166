"""The controls below ``/_sandbox/``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.faults import Fault
from airflow_provider_runway.sandbox.messages import Reply, encode
from airflow_provider_runway.sandbox.tasks import SandboxTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_runway.sandbox.messages import SandboxRequest
    from airflow_provider_runway.sandbox.state import SandboxState


async def control(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """Answer a control request: plain JSON and plain HTTP statuses, without a key."""
    sandbox.refund_failed(request.at)
    handler = _HANDLERS.get((request.method, request.path_params["name"]))
    if handler is None:
        return _json({"error": f"no control {request.method} {request.path}"}, 404)
    try:
        return _json(handler(sandbox, request))
    except (ValueError, TypeError) as error:
        return _json({"error": str(error)}, 400)


def _health(sandbox: SandboxState, request: SandboxRequest) -> Any:
    return {
        "status": "ok",
        "tasks": len(sandbox.tasks),
        "balance": sandbox.balance,
        "now": request.at,
    }


def _ledger(sandbox: SandboxState, request: SandboxRequest) -> Any:
    limit = request.query_params.get("requests")
    kept = None if limit is None else max(int(limit), 0)
    return sandbox.account.ledger(sandbox.settings.credits, requests=kept).to_json()


def _tasks(sandbox: SandboxState, request: SandboxRequest) -> Any:
    base_url = sandbox.base_url(request)
    wanted = request.query_params.get("task_id")
    tasks = [task for task in [sandbox.tasks.get(wanted)] if task] if wanted else sandbox.tasks.values()
    return [asdict(SandboxTask.of(task, request.at, base_url)) for task in tasks]


def _add_fault(sandbox: SandboxState, request: SandboxRequest) -> Any:
    return {"number": sandbox.faults.add(Fault.from_json(_object(request)))}


def _drop_faults(sandbox: SandboxState, request: SandboxRequest) -> Any:
    number = request.query_params.get("number")
    if number is None:
        sandbox.faults.clear()
    elif not sandbox.faults.pop(int(number), None):
        raise ValueError(f"number: no fault {number} is in force")
    return sandbox.faults.to_json()


def _change_settings(sandbox: SandboxState, request: SandboxRequest) -> Any:
    sandbox.configure(sandbox.settings.changed(_object(request)))
    return _shown(sandbox)


def _shown(sandbox: SandboxState) -> dict[str, Any]:
    """The settings without the keys: who may look here need not have them."""
    return {name: value for name, value in asdict(sandbox.settings).items() if name not in ("keys", "webhook_key")}


def _reset(sandbox: SandboxState, request: SandboxRequest) -> Any:
    sandbox.reset()
    return _health(sandbox, request)


def _resend(sandbox: SandboxState, request: SandboxRequest) -> Any:
    task_id = _object(request).get("task_id")
    task = sandbox.tasks.get(task_id) if isinstance(task_id, str) else None
    if task is None or not task.callback_url:
        raise ValueError(f"task_id: {task_id!r} is no task with a callback")
    sandbox.callbacks.send_again(task)
    return {"task_id": task.id}


def _advance(sandbox: SandboxState, request: SandboxRequest) -> Any:
    sandbox.advance(_object(request).get("seconds"))
    return {"now": sandbox.now()}


_HANDLERS: dict[tuple[str, str], Callable[[SandboxState, SandboxRequest], Any]] = {
    ("GET", "health"): _health,
    ("GET", "ledger"): _ledger,
    ("GET", "tasks"): _tasks,
    ("GET", "faults"): lambda sandbox, _: sandbox.faults.to_json(),
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _drop_faults,
    ("GET", "settings"): lambda sandbox, _: _shown(sandbox),
    ("PATCH", "settings"): _change_settings,
    ("POST", "reset"): _reset,
    ("POST", "advance"): _advance,
    ("POST", "callbacks"): _resend,
}


def _object(request: SandboxRequest) -> dict[str, Any]:
    value = json.loads(request.content or b"{}")
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - answered as 400
    return value


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(encode(value), status)
