"""Resuming a download: what to ask for, and what an answer means for the bytes that are already there. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)$", re.IGNORECASE)
# Content-Length and the like: digits, and no more of them than a file can need.
_LENGTH = re.compile(r"\d{1,18}$")
# What can be sent back as it came. Headers are bytes, and a host may have put any of them there.
_REPEATABLE = re.compile(r"[ -~]{1,1024}")


class Next(Enum):
    """What to do with an answer to a download."""

    APPEND = "append"
    START_OVER = "start over"
    ALREADY_WHOLE = "already whole"
    ASK_ANEW = "ask anew"


@dataclass(frozen=True, slots=True)
class PartialDownload:
    """How far a download is.

    :param received: Bytes that are there.
    :param total: Bytes of the whole file, once known.
    :param validator: What names this very version of the file: a strong ETag or a date; without one it is unsafe to
        resume, since the rest could be another file's.
    :param etag: The ETag, should it be strong.
    """

    received: int = 0
    total: int | None = None
    validator: str | None = None
    etag: str | None = None

    @property
    def whole(self) -> bool:
        """Whether all bytes are there."""
        return self.total is not None and self.received == self.total

    @property
    def headers(self) -> Mapping[str, str]:
        """What to ask for: all of it, or the rest of this very version."""
        if self.received and self.validator:
            return {"Range": f"bytes={self.received}-", "If-Range": self.validator}
        return {}


def next_step(so_far: PartialDownload, status: int, headers: Mapping[str, str]) -> tuple[Next, PartialDownload]:
    """What a 200, 206 or 416 means.

    :param so_far: How far the download was when the request was sent.
    :param status: The status of the answer.
    :param headers: Its headers, by any spelling.
    :return: What to do, and what there is to go on from.
    """
    if status == HTTPStatus.PARTIAL_CONTENT:
        return _partial(so_far, headers)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        _, _, total = _content_range(headers)
        if so_far.received and total == so_far.received and so_far.total in {None, total}:
            return Next.ALREADY_WHOLE, replace(so_far, total=total)
        return Next.ASK_ANEW, PartialDownload()
    etag = _etag(headers)
    return Next.START_OVER, PartialDownload(
        total=content_length(headers), validator=etag or _repeatable(headers, "Last-Modified"), etag=etag
    )


def _partial(so_far: PartialDownload, headers: Mapping[str, str]) -> tuple[Next, PartialDownload]:
    start, end, total = _content_range(headers)
    etag = _etag(headers)
    fits = (
        start == so_far.received
        and end is not None
        and (total is None or (end < total and so_far.total in {None, total}))
        and (etag is None or so_far.etag in {None, etag})
    )
    if not fits:
        return Next.ASK_ANEW, PartialDownload()
    return Next.APPEND, replace(
        so_far,
        total=so_far.total if total is None else total,
        validator=so_far.validator or etag or _repeatable(headers, "Last-Modified"),
        etag=so_far.etag or etag,
    )


def content_length(headers: Mapping[str, str]) -> int | None:
    """The ``Content-Length``; ``None`` if it is missing or unreadable."""
    text = headers.get("Content-Length", "").strip()
    return int(text) if _LENGTH.match(text) and text.isascii() else None


def _etag(headers: Mapping[str, str]) -> str | None:
    etag = _repeatable(headers, "ETag")
    return etag if etag and not etag.startswith("W/") else None


def _repeatable(headers: Mapping[str, str], name: str) -> str | None:
    text = headers.get(name, "").strip()
    return text if _REPEATABLE.fullmatch(text) else None


def _content_range(headers: Mapping[str, str]) -> tuple[int | None, int | None, int | None]:
    found = _CONTENT_RANGE.match(headers.get("Content-Range", "").strip())
    if found is None:
        return None, None, None
    numbers = [int(text) if text and _LENGTH.match(text) else None for text in found.groups()]
    return numbers[0], numbers[1], numbers[2]
