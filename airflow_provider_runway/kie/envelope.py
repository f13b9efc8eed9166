"""The one reader of KIE's answers: ``{"code": ..., "msg": ..., "data": ...}`` in, data or an error out.

KIE answers most errors with HTTP 200 and a code in the body; its edge answers with other statuses and no JSON.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.concealment import Secret
from airflow_provider_runway.kie.errors import ServiceError
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.rules import is_task_id
from airflow_provider_runway.kie.texts import read_message, shorten

OK = 200
# Bytes after which an answer is read no further. KIE's have a few thousand.
LONGEST_ANSWER = 4_194_304
_BEGINNING = 16_384

_ERRORS: Mapping[int, type[ServiceError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientCreditsError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    405: errors.BadRequestError,
    408: errors.ServerError,
    409: errors.BadRequestError,
    413: errors.RejectedError,
    422: errors.RejectedError,
    429: errors.RateLimitedError,
    430: errors.RateLimitedError,
    433: errors.QuotaExceededError,
    451: errors.InputUnreachableError,
    455: errors.MaintenanceError,
    505: errors.FeatureDisabledError,
}

_EXPLANATIONS: Mapping[int, str] = {
    401: "the API key is missing, wrong or without access",
    402: "the balance does not cover it",
    403: "the edge or the key's IP whitelist refuses this caller",
    413: "the prompt or a file is too large",
    422: "KIE's validation refuses it",
    429: "too many requests",
    430: "too many requests",
    433: "the key's own usage cap is reached",
    451: "KIE cannot fetch the file at the URL given",
    455: "KIE is under maintenance",
    505: "KIE has switched this feature off",
    531: "it failed, and the credits come back",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP, freed of the library that fetched it.

    :param status: The HTTP status.
    :param body: The body, decoded.
    :param retry_after: The header of that name.
    :param secret: What is blotted out of all that is read of the answer: it may send the key back.
    :param date: The header ``Date``: what time it is where the answer comes from.
    """

    status: int
    body: bytes
    retry_after: str | None = None
    secret: Secret | None = field(default=None, repr=False)
    date: str | None = None

    @property
    def pause(self) -> float | None:
        """Seconds that it asks to pause; ``None`` if it names none."""
        return read_retry_after(self.retry_after, sent_at=self.date)


def decode_body(body: bytes, encoding: str | None) -> bytes:
    """Undo the compression of a body, which was not asked for; of what swells up no more than an answer can have.

    :param body: As it came.
    :param encoding: The header ``Content-Encoding``.
    :raises ValueError: If it is not what the header says, or that is more than one plain compression.
    """
    names = [each.strip().lower() for each in (encoding or "").split(",")]
    names = [name for name in names if name not in {"", "identity"}]
    if not names or not body:
        return body
    if names not in (["gzip"], ["x-gzip"], ["deflate"]):
        raise ValueError(f"it is encoded as {shorten(encoding or '', 40)!r}, which was not asked for")
    # Some mean by "deflate" the format without a head.
    for window in (_WITH_ANY_HEAD, -zlib.MAX_WBITS):
        unpacking = zlib.decompressobj(window)
        try:
            unpacked = unpacking.decompress(body, LONGEST_ANSWER)
        except zlib.error:
            continue
        if unpacking.eof or len(unpacked) == LONGEST_ANSWER:
            return unpacked
    raise ValueError(f"it is not the {names[0]} that it is said to be")


_WITH_ANY_HEAD = zlib.MAX_WBITS | 32


def read_data(answer: Answer) -> Any:
    """Return the ``data`` of a successful answer.

    :param answer: The HTTP answer.
    :return: The value of ``data`` (``None`` if absent).
    :raises ServiceError: The subclass of the body's code or, without one, of the HTTP status.
    """
    envelope = _envelope(answer)
    if envelope is None:
        raise _unreadable(answer)
    if envelope.code != OK:
        raise _error(envelope, answer, decisive=envelope.code)
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's borders of success
        raise _error(envelope, answer, decisive=answer.status)
    return envelope.data


def read_progress(answer: Answer, telling: Collection[int]) -> Mapping[str, Any]:
    """An answer by which KIE says, also in place of an error, whether something is ready.

    :param answer: The HTTP answer.
    :param telling: The codes that say how it stands whatever their text; others do by that.
    :return: ``{"code": ..., "msg": ..., "data": ...}``.
    :raises ServiceError: If it is an error.
    """
    envelope = _envelope(answer)
    if envelope is None or not (envelope.code in telling or _says_progress(envelope)):
        return {"code": OK, "msg": "", "data": read_data(answer)}
    return {"code": envelope.code, "msg": envelope.message, "data": envelope.data}


def _says_progress(envelope: _Envelope) -> bool:
    said = (envelope.message or "").lower()
    return envelope.code in _PERHAPS_PROGRESS and any(text in said for text in _PROGRESS)


_PERHAPS_PROGRESS = (400, 422, 500)
_PROGRESS = ("processing", "generating", "be ready", "not ready", "check back", "generated successfully")


@dataclass(frozen=True, slots=True)
class _Envelope:
    code: int
    message: str | None
    data: Any


def _envelope(answer: Answer) -> _Envelope | None:
    try:
        text = answer.body.decode(json.detect_encoding(answer.body), "surrogatepass")
        body = json.loads(text)
        if answer.secret is not None and answer.secret.may_be_in(text):
            body = answer.secret.conceal_in(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    code = whole_number(body.get("code"))
    if code is None:
        return None
    message = read_message(body.get("msg")) or read_message(body.get("message"))
    return _Envelope(code, message, body.get("data"))


def _error(envelope: _Envelope, answer: Answer, *, decisive: int) -> ServiceError:
    said = shorten(envelope.message) if envelope.message else "no message"
    contradicted = "" if decisive == envelope.code else f" but HTTP status {answer.status}"
    decisive = _meant(decisive, envelope.message)
    meaning = f", {_EXPLANATIONS[decisive]}" if decisive in _EXPLANATIONS else ""
    text = f"KIE.AI answered with code {envelope.code}{contradicted}{meaning}: {said}"
    kind = _ERRORS.get(decisive) or (errors.ServerError if decisive >= 500 else ServiceError)  # noqa: PLR2004 - HTTP's border
    return kind(
        text,
        code=envelope.code,
        http_status=answer.status,
        service_message=envelope.message,
        task_id=read_task_id(envelope.data),
        retry_after=answer.pause,
    )


def _meant(code: int, message: str | None) -> int:
    """The code that stands elsewhere for what the text says: for lyrics KIE has codes of its own."""
    said = (message or "").lower()
    usual, words = _OWN_CODES.get(code, (code, ()))
    return usual if any(word in said for word in words) else code


_OWN_CODES: Mapping[int, tuple[int, tuple[str, ...]]] = {
    405: (429, ("rate limit", "call frequency", "too many requests")),
    429: (402, ("credit", "balance")),
}


def _unreadable(answer: Answer) -> ServiceError:
    excerpt = shorten(_beginning(answer))
    shown = f"begins {excerpt!r}" if excerpt else "is empty"
    text = f"The answer is not from KIE.AI's API: HTTP {answer.status}, the body {shown}"
    kind = _ERRORS.get(answer.status)
    if answer.status == 403:  # noqa: PLR2004
        text += ". A 403 like this comes from the edge in front of KIE (User-Agent, IP address or proxy)"
    if 300 <= answer.status < 400:  # noqa: PLR2004
        text += ". The connection's host redirects: set it to the address it redirects to"
        return errors.BadRequestError(text, http_status=answer.status)
    if kind is None or answer.status >= 500:  # noqa: PLR2004
        kind = errors.UnreadableAnswerError
    return kind(text, http_status=answer.status, retry_after=answer.pause)


def _beginning(answer: Answer) -> str:
    """More of the body than an excerpt shows, without the secret, be it cut in two at the end."""
    text = answer.body[:_BEGINNING].decode("utf-8", "replace")
    if answer.secret is None:
        return text
    return answer.secret.conceal(text)[: -answer.secret.longest if len(answer.body) > _BEGINNING else None]


def read_task_id(data: object) -> str | None:
    """The task id in the ``data`` of an answer to a submission; ``None`` if there is none."""
    if not isinstance(data, Mapping):
        return None
    for name in ("taskId", "task_id", "id"):
        value = data.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return str(value)
        if isinstance(value, str) and is_task_id(value.strip()):
            return value.strip()
    return None


def read_retry_after(header: str | None, now: datetime | None = None, *, sent_at: str | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks to pause, in either of its two forms; ``None`` if unreadable.

    :param header: The header.
    :param now: The time, where the answer does not tell its own.
    :param sent_at: The answer's ``Date`` header. A date in the other header is by the same clock, which may be wrong.
    """
    try:
        seconds = float(header or "")
    except ValueError:
        until = _read_date(header)
        if until is None:
            return None
        seconds = (until - (_read_date(sent_at) or now or datetime.now(timezone.utc))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _read_date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
        return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date.astimezone(timezone.utc)
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
