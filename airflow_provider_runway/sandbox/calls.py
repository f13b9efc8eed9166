"""One call of the API: the edge, the faults, the key, the endpoint, the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from airflow_provider_runway.sandbox.faults import CutBefore, Garbage, Missing, Redirect, Refuse
from airflow_provider_runway.sandbox.ledger import RequestEntry
from airflow_provider_runway.sandbox.messages import TEXT, Refusal, Reply, SandboxRequest, answer, refusal
from airflow_provider_runway.sandbox.spoiling import CutReply, spoilt
from airflow_provider_runway.sandbox.state import SandboxState
from airflow_provider_runway.sandbox.tasks import Task, task_id_of

Handler = Callable[[SandboxState, SandboxRequest], Awaitable[Reply]]
Finder = Callable[[SandboxState, SandboxRequest], Task | None]

_BLOCKED_AGENT = "python-urllib"


@dataclass(frozen=True, slots=True)
class Call:
    """Answers a call, and writes it down.

    :param purpose: what faults and the ledger call it.
    :param handler: the endpoint.
    :param public: it asks for no API key, and the edge before it turns no odd user agents away.
    :param has_data: whether its errors have a ``data``, as almost everywhere.
    :param find: which task it is about, where that is not plain from the request alone.
    """

    purpose: str
    handler: Handler
    public: bool = False
    has_data: bool = True
    find: Finder | None = None

    async def __call__(self, sandbox: SandboxState, request: SandboxRequest) -> Reply:
        """The reply, be it the true one or not."""
        account = sandbox.account
        number = next(account.numbers)
        sandbox.refund_failed(request.at)
        request.purpose = self.purpose
        task = self.find(sandbox, request) if self.find else sandbox.tasks.get(_task_id_of(request))
        request.task = task
        request.prompt = _text("prompt", request) if self.purpose == "submit" else task.prompt if task else ""
        sandbox.faults.strike(request)
        if request.delay:
            await asyncio.sleep(request.delay)
            request.at = sandbox.now()
            if account is not sandbox.account:
                return CutReply(Reply())  # the world it came into has been reset
            sandbox.refund_failed(request.at)
        reply = spoilt(request.fault, await self._play(sandbox, request), http_errors=sandbox.settings.http_errors)
        account.note_request(
            RequestEntry(
                number=number,
                at=request.at,
                method=request.method,
                path=request.path,
                purpose=self.purpose,
                key=sandbox.key_hash(request.key) or ("other" if "authorization" in request.headers else ""),
                body_hash=request.body_hash() if request.content else "",
                prompt=request.prompt,
                status=reply.status_code,
                code=reply.code,
                task_id=reply.task_id or (task.id if task and self.purpose != "submit" else ""),
                fault=request.faults,
            )
        )
        return reply

    async def _play(self, sandbox: SandboxState, request: SandboxRequest) -> Reply:
        """The reply of the endpoint, if nothing keeps the request from it."""
        agent = request.headers.get("user-agent", "").strip().lower()
        if not self.public and (not agent or agent.startswith(_BLOCKED_AGENT)):
            return Reply(b"error code: 1010", 403, TEXT)
        match request.fault:
            case CutBefore() | Refuse(accepted=False) | Garbage(accepted=False) | Redirect():
                return Reply()
            case Missing(null=True):
                return answer(None)
            case _:
                pass
        try:
            if not self.public and request.key not in sandbox.keys:
                raise Refusal(401)
            return await self.handler(sandbox, request)
        except Refusal as refused:
            status = refused.code if sandbox.settings.http_errors else 200
            return refusal(refused.code, refused.msg, status=status, has_data=self.has_data)


def _task_id_of(request: SandboxRequest) -> str:
    """The task that a request is about; of an extension, its source."""
    match request.purpose:
        case "record":
            return request.query_params.get("taskId", "")
        case "media":
            return task_id_of(request.path)
        case "download_url":
            return task_id_of(_text("url", request))
        case "submit":
            return _text("taskId", request) or _text("task_id", request)
        case _:
            return ""


def _text(field: str, request: SandboxRequest) -> str:
    """A text in a body, or in the input of a job within it; empty if there is none."""
    body = request.payload or {}
    given = body.get("input")
    value = body.get(field) or (given.get(field) if isinstance(given, dict) else None)
    return value if isinstance(value, str) else ""
