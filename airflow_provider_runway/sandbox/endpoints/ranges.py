"""A file over HTTP: ranges, validators, HEAD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.messages import Reply, digest

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Request

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_reply(request: Request, data: bytes, content_type: str) -> Reply:
    """A file, or the part of it that is asked for.

    Understands one range (``bytes=a-b``, ``a-``, ``-n``), ``If-Range``, ``If-None-Match`` and ``HEAD``.
    """
    etag = f'"{digest(data)}"'
    headers: tuple[tuple[str, str], ...] = (("etag", etag), ("accept-ranges", "bytes"))
    if request.headers.get("if-none-match") == etag:
        return Reply(304, headers=headers)
    status = 200
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked and any(asked.groups()) and request.headers.get("if-range", etag) == etag:
        first, last = _bounds(asked[1], asked[2], len(data))
        if first > last or first >= len(data):
            return Reply(416, headers=(*headers, ("content-range", f"bytes */{len(data)}")))
        status = 206
        headers = (*headers, ("content-range", f"bytes {first}-{last}/{len(data)}"))
        data = data[first : last + 1]
    if request.method == "HEAD":
        return Reply(status, b"", content_type, headers, promised=len(data))
    return Reply(status, data, content_type, headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first and last byte, both included."""
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
