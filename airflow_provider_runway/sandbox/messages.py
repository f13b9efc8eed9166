"""A request and a reply, as the sandbox's endpoints see them: plain values without a web framework."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_runway.sandbox.faults import Action

_UNREAD = object()


@dataclass(slots=True)
class Request:
    """One request.

    :param headers: by name in lower case.
    :param base_url: the address that it came in by, such as ``http://127.0.0.1:8123``.
    :param at: when it came, in seconds since the epoch.
    :param fault: what shall go wrong with its answer.
    :param turn: how often that fault has struck this task before.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    at: float
    fault: Action | None = None
    turn: int = 0
    _payload: Any = field(default=_UNREAD, repr=False)

    @property
    def payload(self) -> dict[str, Any] | None:
        """The body as a JSON object; None when it is anything else."""
        if self._payload is _UNREAD:
            try:
                value = json.loads(self.body)
            except (ValueError, RecursionError):
                value = None
            self._payload = value if isinstance(value, dict) else None
        payload: dict[str, Any] | None = self._payload
        return payload

    @property
    def key(self) -> str:
        """The API key sent along; empty when there is none."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    def fingerprint(self) -> str:
        """16 hex digits that are the same for the same body, whatever the order of its fields."""
        payload = self.payload
        if payload is None:
            return digest(self.body)
        return digest(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    :param code: the code in the body, for the ledger.
    :param task_id: the task that it speaks of, for the ledger.
    :param silent: close the connection without a word instead of answering.
    :param sent: close the connection after so many bytes of the body.
    :param promised: announce this length instead of the true one.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    code: int | None = None
    task_id: str | None = None
    silent: bool = False
    sent: int | None = None
    promised: int | None = None


def digest(data: bytes) -> str:
    """16 hex digits of a SHA-256."""
    return sha256(data).hexdigest()[:16]


def query_of(raw: bytes) -> dict[str, str]:
    """The parameters of a query string; the last of equal names counts."""
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True)) if raw else {}
