"""One request through the sandbox: the edge, the faults, the key, the endpoint, the ledger."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.fault_book import Subject
from airflow_provider_runway.sandbox.faults import CutBefore, Garbage, Missing, Redirect, Refuse
from airflow_provider_runway.sandbox.ledger import RequestEntry
from airflow_provider_runway.sandbox.messages import Reply
from airflow_provider_runway.sandbox.replies import Refusal, answer, refusal
from airflow_provider_runway.sandbox.spoiling import spoilt
from airflow_provider_runway.sandbox.tasks import task_id_of

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Request
    from airflow_provider_runway.sandbox.routes import Route
    from airflow_provider_runway.sandbox.state import SandboxState
    from airflow_provider_runway.sandbox.tasks import Task

_FORBIDDEN = 403
_BLOCKED_AGENT = "python-urllib"


async def exchange(state: SandboxState, route: Route, request: Request) -> Reply:
    """Answer a request, and write it down."""
    account = state.account
    number = account.next_number()
    state.settle(request.at)
    task = _task_of(state, route.family, request)
    prompt = _prompt_of(route.family, request, task)
    strike = state.faults.strike(Subject(route.family, task, prompt, request.at))
    if strike.names:
        request.fault, request.turn = strike.action, strike.turn
        if strike.delay:
            await asyncio.sleep(strike.delay)
            request.at = state.clock.now()
            if account is not state.account:
                return Reply(silent=True)  # the world it came into has been reset
            state.settle(request.at)
    reply = await _play(state, route, request)
    if request.fault:
        reply = spoilt(request.fault, reply, http_errors=state.settings.http_errors)
    task_id = reply.task_id or (task.id if task and route.family != "submit" else "")
    account.note_request(
        RequestEntry(
            number=number,
            at=request.at,
            method=request.method,
            path=request.path,
            family=route.family,
            key=state.key_fingerprint(request.key) or ("other" if "authorization" in request.headers else ""),
            fingerprint=request.fingerprint() if request.body else "",
            prompt=prompt,
            status=0 if reply.silent else reply.status,
            code=reply.code,
            task_id=task_id,
            fault=strike.names,
        )
    )
    return reply


async def _play(state: SandboxState, route: Route, request: Request) -> Reply:
    """The answer of the endpoint, if nothing keeps the request from it."""
    if route.behind_edge and _blocked(request):
        return Reply(_FORBIDDEN, b"error code: 1010", "text/plain; charset=UTF-8")
    match request.fault:
        case CutBefore():
            return Reply(silent=True)
        case Refuse(accepted=False) | Garbage(accepted=False) | Redirect():
            return Reply()
        case Missing(null=True):
            return answer(None)
        case _:
            pass
    try:
        if route.needs_key and request.key not in state.keys:
            raise Refusal(401)
        return await route.handler(state, request)
    except Refusal as refused:
        status = refused.code if state.settings.http_errors else 200
        return refusal(refused.code, refused.msg, http_status=status)


def _blocked(request: Request) -> bool:
    agent = request.headers.get("user-agent", "").strip().lower()
    return not agent or agent.startswith(_BLOCKED_AGENT)


def _task_of(state: SandboxState, family: str, request: Request) -> Task | None:
    """The task that a request is about; of an extension, its source."""
    if family == "record":
        task_id = request.query.get("taskId", "")
    elif family == "media":
        task_id = task_id_of(request.path)
    elif family in ("submit", "download_url"):
        payload = request.payload or {}
        named = payload.get("taskId") or payload.get("url") or _inner(payload).get("task_id")
        task_id = named if isinstance(named, str) else ""
        if family == "download_url":
            task_id = task_id_of(task_id)
    else:
        return None
    return state.tasks.get(task_id)


def _prompt_of(family: str, request: Request, task: Task | None) -> str:
    if family != "submit":
        return task.prompt if task else ""
    payload = request.payload or {}
    prompt = payload.get("prompt") or _inner(payload).get("prompt")
    return prompt if isinstance(prompt, str) else ""


def _inner(payload: dict[str, object]) -> dict[str, object]:
    inner = payload.get("input")
    return inner if isinstance(inner, dict) else {}
