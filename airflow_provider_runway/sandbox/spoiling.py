"""What becomes of an answer when a fault has had its way with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.faults import (
    CutAfter,
    CutMedia,
    Garbage,
    NoTaskId,
    Redirect,
    Refuse,
    WrongLength,
)
from airflow_provider_runway.sandbox.messages import Reply
from airflow_provider_runway.sandbox.replies import answer, encode, refusal

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.faults import Action

_PAGE = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


def spoilt(fault: Action, reply: Reply, *, http_errors: bool) -> Reply:
    """The answer that is given instead of a true one.

    :param reply: the true answer; the ledger goes on to know its code and task id.
    :param http_errors: whether errors come with their HTTP status.
    """
    match fault:
        case CutAfter():
            spoilt_reply = replace(reply, silent=True)
        case Refuse():
            status = fault.http_status or (fault.code if http_errors else 200)
            after = () if fault.retry_after is None else (("retry-after", f"{fault.retry_after:g}"),)
            spoilt_reply = refusal(fault.code, fault.msg, http_status=status, headers=after, task_id=reply.task_id)
        case Garbage():
            spoilt_reply = _garbled(fault, reply)
        case Redirect():
            spoilt_reply = Reply(fault.http_status, headers=(("location", fault.location),))
        case NoTaskId() if reply.task_id:
            spoilt_reply = replace(answer({}), task_id=reply.task_id)
        case CutMedia():
            spoilt_reply = replace(reply, sent=min(max(fault.after, 0), len(reply.body)))
        case WrongLength():
            spoilt_reply = _wrong_in_length(fault, reply)
        case _:
            spoilt_reply = reply
    return spoilt_reply


def _wrong_in_length(fault: WrongLength, reply: Reply) -> Reply:
    if fault.by < 0:
        return replace(reply, body=reply.body[: fault.by])
    return replace(reply, promised=len(reply.body) + fault.by, sent=len(reply.body))


def _garbled(fault: Garbage, reply: Reply) -> Reply:
    body, content_type = reply.body, "application/json"
    match fault.kind:
        case "html":
            body, content_type = _PAGE, "text/html; charset=UTF-8"
        case "truncated":
            body = (reply.body or encode({"code": 200, "msg": "success", "data": {}}))[:20]
        case "empty":
            body = b""
        case "shape":
            body = encode({"status": "ok", "result": [1, 2, 3], "code": {"value": "fine"}})
        case "null":
            body = encode({"code": 200, "msg": "success", "data": None})
    return Reply(fault.http_status, body, content_type, code=reply.code, task_id=reply.task_id)
