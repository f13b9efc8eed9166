"""What becomes of a reply when a fault has had its way with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.faults import (
    CutAfter,
    CutBefore,
    CutMedia,
    Garbage,
    NoTaskId,
    Redirect,
    Refuse,
    WrongLength,
)
from airflow_provider_runway.sandbox.messages import Reply, answer, encode, refusal

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from airflow_provider_runway.sandbox.faults import Action

_PAGE = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


class CutReply(Reply):
    """A reply whose connection is closed before it is whole.

    :param whole: what it would have been.
    :param sent: how many bytes of the body still arrive; None: nothing at all, not even a status.
    :param missing: how many bytes more than the body has are announced.
    """

    def __init__(self, whole: Reply, sent: int | None = None, *, missing: int = 0) -> None:
        super().__init__(
            bytes(whole.body), whole.status_code, headers=whole.headers, code=whole.code, task_id=whole.task_id
        )
        self.headers["content-length"] = str(len(whole.body) + missing)
        self.sent = sent
        if sent is None:
            self.status_code = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is to arrive, then close the connection, which is uvicorn's own affair: ASGI has no word for it."""
        if self.sent is not None:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            whole = scope["method"] == "HEAD"
            await send({"type": "http.response.body", "body": self.body[: self.sent], "more_body": not whole})
            if whole:
                return
        uvicorn_send: Any = send
        connection = uvicorn_send.__self__.transport
        (connection.abort if self.sent is None else connection.close)()
        while (await receive())["type"] != "http.disconnect":
            pass


def spoilt(fault: Action | None, reply: Reply, *, http_errors: bool) -> Reply:
    """The reply that is given instead of the true one.

    :param reply: the true one; the ledger goes on to know its code and task id.
    :param http_errors: whether errors come with their HTTP status.
    """
    size = len(reply.body)
    match fault:
        case CutBefore() | CutAfter():
            reply = CutReply(reply)
        case Refuse():
            status = fault.http_status or (fault.code if http_errors else 200)
            after = None if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
            reply = refusal(fault.code, fault.msg, status=status, headers=after, task_id=reply.task_id)
        case Garbage():
            reply = _garbled(fault, reply)
        case Redirect():
            reply = Reply(b"", fault.http_status, headers={"location": fault.location})
        case NoTaskId() if reply.task_id:
            reply = answer({}, task_id=reply.task_id)
        case CutMedia():
            reply = CutReply(reply, min(max(fault.after, 0), size))
        case WrongLength() if fault.by >= 0:
            reply = CutReply(reply, size, missing=fault.by)
        case WrongLength():
            reply.body = reply.body[: fault.by]
            reply.headers["content-length"] = str(len(reply.body))
        case _:
            pass
    return reply


def _garbled(fault: Garbage, reply: Reply) -> Reply:
    bodies = {
        "html": _PAGE,
        "truncated": (bytes(reply.body) or encode({"code": 200, "msg": "success", "data": {}}))[:20],
        "empty": b"",
        "shape": encode({"status": "ok", "result": [1, 2, 3], "code": {"value": "fine"}}),
        "null": encode({"code": 200, "msg": "success", "data": None}),
    }
    media_type = "text/html; charset=UTF-8" if fault.kind == "html" else None
    return Reply(bodies[fault.kind], fault.http_status, media_type, code=reply.code, task_id=reply.task_id)
