"""KIE.AI's endpoints and field names, as data: what to send for a request, where to look for a task.

Paths and names are those of https://docs.kie.ai (the dedicated Runway and Aleph endpoints).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.requests import ExtendRequest, GenerateRequest, Request, check_task_id
from airflow_provider_runway.kie.tasks import Kind, Reader, read_aleph_record, read_runway_record


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to KIE, before it has a host and a key."""

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """How one kind of request is sent.

    :param path: The endpoint.
    :param names: KIE's name for each of the request's fields.
    :param kind: The kind of task that comes of it.
    """

    path: str
    names: Mapping[str, str]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Records:
    """Where the tasks of one kind are looked up, and who reads the answer."""

    path: str
    read: Reader


SUBMISSIONS: Mapping[type[Request], Submission] = {
    GenerateRequest: Submission(
        path="/api/v1/runway/generate",
        names={
            "prompt": "prompt",
            "image_url": "imageUrl",
            "duration": "duration",
            "quality": "quality",
            "aspect_ratio": "aspectRatio",
            "watermark": "waterMark",
            "callback_url": "callBackUrl",
        },
        kind="runway",
    ),
    ExtendRequest: Submission(
        path="/api/v1/runway/extend",
        names={
            "task_id": "taskId",
            "prompt": "prompt",
            "quality": "quality",
            "watermark": "waterMark",
            "callback_url": "callBackUrl",
        },
        kind="runway",
    ),
}

RECORDS: Mapping[Kind, Records] = {
    "runway": Records("/api/v1/runway/record-detail", read_runway_record),
    "aleph": Records("/api/v1/aleph/record-info", read_aleph_record),
}

CREDIT_CALL = Call("GET", "/api/v1/chat/credit")


def direct_link_call(url: str) -> Call:
    """The call that makes a short-lived link out of the link of a file that KIE has made."""
    return Call("POST", "/api/v1/common/download-url", body={"url": url})


def submission_call(request: Request) -> Call:
    """The call that submits a request: fields that are ``None`` are left out.

    :raises InvalidRequestError: If an extra field has the name of a field that is a parameter.
    """
    submission = SUBMISSIONS[type(request)]
    body: dict[str, Any] = {}
    for ours, theirs in submission.names.items():
        value = getattr(request, ours)
        if value is not None:
            body[theirs] = value
    for name, value in request.extra_fields.items():
        if name in submission.names.values():
            raise InvalidRequestError("extra_fields", name, "must not repeat a field that is a parameter")
        body[name] = value
    return Call("POST", submission.path, body=body)


def record_call(task_id: str, kind: Kind) -> Call:
    """The call that looks at a task.

    :raises InvalidRequestError: If the id cannot be one.
    """
    check_task_id("task_id", task_id)
    return Call("GET", RECORDS[kind].path, query={"taskId": task_id})


def fingerprint(request: Request) -> str:
    """16 hexadecimal digits that are the same for the same video.

    They are of all of the request but its callback URL and the signature of a presigned image URL: both may be made
    anew for each try, and must not make another video of it.
    """
    values = {item.name: getattr(request, item.name) for item in fields(request)}
    del values["callback_url"]
    if isinstance(request, GenerateRequest) and request.image_url is not None:
        values["image_url"] = _unsigned(request.image_url)
    values["extra_fields"] = dict(request.extra_fields)
    canonical = json.dumps([type(request).__name__, values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# What the presigned URLs of S3, Google, Azure and CloudFront carry besides what they point at.
_SIGNATURES = re.compile(
    r"x-(amz|goog)-.*|awsaccesskeyid|googleaccessid|signature|expires|key-pair-id|policy|s[aeiprtv]|spr|sk[a-z]+|sig",
    re.IGNORECASE,
)


def _unsigned(url: str) -> str:
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _SIGNATURES.fullmatch(pair[0])]
    return urlunsplit(parts._replace(query=urlencode(query)))
