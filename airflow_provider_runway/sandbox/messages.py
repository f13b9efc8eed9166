"""A request and a reply as the sandbox's endpoints see them, and the envelope ``{code, msg, data}`` in most replies."""

from __future__ import annotations

import json
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request  # noqa: TID253 - this module is imported when a sandbox starts
from starlette.responses import Response  # noqa: TID253 - same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_runway.sandbox.faults import Action
    from airflow_provider_runway.sandbox.tasks import Task

TEXT = "text/plain; charset=UTF-8"
MESSAGES = {
    400: "Bad request",
    401: "You do not have access permissions",
    402: "Credits insufficient : Your current balance isn't enough to run this request. Please top up to continue.",
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


class SandboxRequest(Request):
    """One request, whole.

    ``content`` is its body, ``at`` when it came (seconds since the epoch). It is about a ``task``, of an extension its
    source, and about a ``prompt``. After a ``delay`` (seconds) a ``fault`` strikes that has struck this task ``turn``
    times before; ``faults`` are the names of all that befalls it.
    """

    content = b""
    at = 0.0
    purpose = ""
    task: Task | None = None
    prompt = ""
    delay = 0.0
    fault: Action | None = None
    turn = 0
    faults = ""

    @property
    def path(self) -> str:
        """The path, without escapes."""
        return str(self.scope["path"])

    @cached_property
    def origin(self) -> str:
        """The address that it came in by, such as ``http://127.0.0.1:8123``."""
        return str(self.base_url).rstrip("/")

    @cached_property
    def payload(self) -> dict[str, Any] | None:
        """The body as a JSON object; None when it is anything else."""
        try:
            value = json.loads(self.content)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def key(self) -> str:
        """The API key sent along; empty when there is none."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    def body_hash(self) -> str:
        """16 hex digits that are the same for the same body, whatever the order of its fields."""
        if self.payload is None:
            return digest(self.content)
        return digest(json.dumps(self.payload, sort_keys=True, separators=(",", ":")).encode())


class Reply(Response):
    """One reply.

    :param code: the code in the body, for the ledger.
    :param task_id: the task that it speaks of, for the ledger.
    """

    media_type = "application/json"

    def __init__(
        self,
        body: bytes = b"",
        status: int = 200,
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        code: int | None = None,
        task_id: str | None = None,
    ) -> None:
        super().__init__(body, status, headers, media_type)
        self.code, self.task_id = code, task_id


class Refusal(Exception):  # noqa: N818 - an answer of the service, not an error of ours
    """A request that is answered with a code other than 200.

    :param code: the code in the body.
    :param msg: the message; by default the usual one of the code.
    """

    def __init__(self, code: int, msg: str | None = None) -> None:
        self.code, self.msg = code, msg
        super().__init__(code, msg)


def answer(data: Any, *, task_id: str | None = None) -> Reply:
    """Success, with its data."""
    return Reply(encode({"code": 200, "msg": "success", "data": data}), code=200, task_id=task_id)


def refusal(
    code: int,
    msg: str | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    task_id: str | None = None,
    has_data: bool = True,
) -> Reply:
    """An error, in the envelope.

    :param has_data: whether it has its ``data``, which is null.
    """
    body = {"code": code, "msg": MESSAGES.get(code, "error") if msg is None else msg}
    body |= {"data": None} if has_data else {}
    return Reply(encode(body), status, headers=headers, code=code, task_id=task_id)


def encode(value: Any) -> bytes:
    """JSON, compact, in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def digest(data: bytes) -> str:
    """16 hex digits of a SHA-256."""
    return sha256(data).hexdigest()[:16]


def parts_of(url: object) -> SplitResult | None:
    """The parts of a http or https URL; None when it is none."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None
    return parts if parts and parts.scheme in ("http", "https") and parts.netloc else None
