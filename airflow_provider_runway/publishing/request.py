"""What is sent to publish a video, apart from the video: checked before anything is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.rules import check_encodable, is_url
from airflow_provider_runway.publishing.identity import request_digest

Method = Literal["POST", "PUT"]
Body = Literal["multipart", "raw"]

# What of a name says that its value opens a door. An author and an Idempotency-Key do not.
_SECRET = re.compile(
    r"auth(?!or(?!i[sz]))|cookie|credential|passw|secret|session|token|(api|access|private|subscription|customer)[-_]?key"
)
_SCHEMES = re.compile(r"(basic|bearer|digest|negotiate|token|hmac|aws4-hmac-sha256)\s", re.IGNORECASE)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# These are the transport's own.
_RESERVED = {"connection", "content-length", "expect", "host", "transfer-encoding"}
KIE_TASK_ID = "{kie_task_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """What is sent beside the video, and to where.

    :param method: ``"POST"`` or ``"PUT"``.
    :param url: Where to.
    :param body: ``"multipart"``: a form with fields and the video; ``"raw"``: the video alone.
    :param file_field: What the form calls the video.
    :param fields: The form's other fields, in their order.
    :param headers: Those that the task gives, without those of the connection.
    """

    method: Method
    url: str
    body: Body
    file_field: str
    fields: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def digest(self, sha256: str) -> str:
        """What tells it from another request; see :func:`.identity.request_digest`."""
        body = [self.body, self.file_field if self.body == "multipart" else None, self.fields]
        return request_digest(self.method, self.url, sha256, self.headers, body)


def check_method(value: object) -> None:
    """POST or PUT."""
    if value not in get_args(Method):
        raise InvalidRequestError("method", value, "must be 'POST' or 'PUT'")


def check_body(body: object, fields: object) -> None:
    """A form, or the video alone, which has no room for fields."""
    if body not in get_args(Body):
        raise InvalidRequestError("body", body, "must be 'multipart' or 'raw'")
    if body == "raw" and fields:
        raise InvalidRequestError("fields", fields, "need body='multipart': a raw body is the video alone")


def check_address(name: str, value: object) -> None:
    """A path on the connection's host, or an absolute URL, without credentials."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        raise InvalidRequestError(name, value, "must be a path on the connection's host, or an http(s) URL")
    check_encodable(name, value)
    if not is_absolute(value):
        if "://" in value.partition("?")[0] or value.startswith("//"):
            raise InvalidRequestError(name, value, "must be a path on the connection's host, or an http(s) URL")
    elif not is_url(value) or "@" in urlsplit(value).netloc:
        raise InvalidRequestError(
            name, urlsplit(value).path, "must be an http(s) URL with a host, and without user or password"
        )


def is_absolute(endpoint: str) -> bool:
    """Whether it names its host."""
    return endpoint.lower().startswith(("http://", "https://"))


def check_headers(value: object, body: object = "raw") -> dict[str, str]:
    """Headers that a task may give: none that shows who is asking, which is the connection's to say.

    :return: Them, as they are sent.
    """
    if not isinstance(value, Mapping):
        raise InvalidRequestError("headers", type(value).__name__, "must be a mapping of names and values")
    headers = {str(name): _header_value(str(name), each) for name, each in value.items() if each is not None}
    for name in headers:
        lower = name.lower()
        if not _HEADER.fullmatch(name):
            raise InvalidRequestError("headers", name, "must have names that HTTP allows")
        if lower in _RESERVED or (lower == "content-type" and body == "multipart"):
            raise InvalidRequestError("headers", name, "must not name what this operator sets itself")
    if len({name.lower() for name in headers}) < len(headers):
        raise InvalidRequestError("headers", sorted(headers), "must not name a header twice")
    return headers


def _header_value(name: str, value: object) -> str:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise InvalidRequestError(f"headers[{name!r}]", type(value).__name__, "must be a text or a number")
    text = str(value).strip()
    if _SECRET.search(name.lower()) or _SCHEMES.match(text):
        rule = "must not be given here, where it would be stored and shown: put it into the extra of the connection"
        raise InvalidRequestError("headers", name, rule)
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        text = "\0"
    if not text.isprintable():
        raise InvalidRequestError(f"headers[{name!r}]", value, "must be printable, with Latin-1 characters alone")
    return text


def check_fields(value: object) -> tuple[tuple[str, str], ...]:
    """The fields of a form: texts, numbers and truth values as they are, several of a name as a list, objects as JSON.

    :return: Them, as they are sent; those that are ``None`` are left out.
    """
    if not isinstance(value, Mapping):
        raise InvalidRequestError("fields", type(value).__name__, "must be a mapping of names and values")
    return tuple((str(name), text) for name, each in value.items() for text in _texts(str(name), each))


def _texts(name: str, value: object) -> Iterable[str]:
    if value is None:
        return
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(name, each)
        return
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bool, int, float, Mapping)):
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise InvalidRequestError(f"fields[{name!r}]", value, "must be of JSON values") from None
    else:
        raise InvalidRequestError(f"fields[{name!r}]", type(value).__name__, "must be a text, a number, a list or JSON")
    check_encodable(f"fields[{name!r}]", text)
    check_encodable("fields", name)
    yield text


def fill_in(value: Any, kie_task_id: str | None, name: str) -> Any:
    """Put the KIE task's id in the place of ``{kie_task_id}``, in all texts.

    :raises InvalidRequestError: If it is needed, and not known.
    """
    if isinstance(value, str):
        if KIE_TASK_ID not in value:
            return value
        if kie_task_id is None:
            rule = (
                f"must not have {KIE_TASK_ID}, since video names no KIE task: give the result of the task that made it"
            )
            raise InvalidRequestError(name, value, rule)
        return value.replace(KIE_TASK_ID, kie_task_id)
    if isinstance(value, Mapping):
        return {each: fill_in(content, kie_task_id, name) for each, content in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill_in(each, kie_task_id, name) for each in value]
    return value
