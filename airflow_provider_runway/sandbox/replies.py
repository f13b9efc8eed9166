"""The envelope ``{code, msg, data}`` around every answer of the API."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_runway.sandbox.messages import Reply

OK = 200
NO_ACCESS = "You do not have access permissions"
NO_CREDITS = "Credits insufficient : Your current balance isn't enough to run this request. Please top up to continue."
MESSAGES = {
    400: "Bad request",
    401: NO_ACCESS,
    402: NO_CREDITS,
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Upstream did not give a result for more than 10 minutes",
    409: "Conflict",
    413: "The prompt is too long",
    422: "Validation error",
    429: "Your call frequency is too high. Please try again later.",
    430: "Your call frequency is too high. Please try again later.",
    433: "The usage limit of this key is exceeded",
    451: "Failed to fetch the image. Kindly verify any access limits set by you or your service provider.",
    455: "The service is under maintenance",
    500: "The server is busy, please try again later",
    501: "Generation failed",
    505: "This feature is disabled",
    531: "Generation failed, the credits have been refunded",
    550: "Connection denied: the job queue is full",
}
"""What is said with a code when nothing more precise is known."""


class Refusal(Exception):  # noqa: N818 - an answer of the service, not an error of ours
    """A request that is answered with a code other than 200.

    :param code: the code in the body.
    :param msg: the message; by default the usual one of the code.
    """

    def __init__(self, code: int, msg: str | None = None) -> None:
        self.code = code
        self.msg = MESSAGES.get(code, "error") if msg is None else msg
        super().__init__(f"{code} {self.msg}")


def answer(data: Any, *, task_id: str | None = None) -> Reply:
    """Success, with its data."""
    return Reply(body=encode({"code": OK, "msg": "success", "data": data}), code=OK, task_id=task_id)


def refusal(
    code: int,
    msg: str | None = None,
    *,
    http_status: int = OK,
    headers: tuple[tuple[str, str], ...] = (),
    task_id: str | None = None,
) -> Reply:
    """An error, in the envelope."""
    body = {"code": code, "msg": MESSAGES.get(code, "error") if msg is None else msg, "data": None}
    return Reply(status=http_status, body=encode(body), headers=headers, code=code, task_id=task_id)


def encode(value: Any) -> bytes:
    """JSON, compact, in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
