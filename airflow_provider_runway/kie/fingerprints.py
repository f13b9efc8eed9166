"""What tells one request from another, whenever and wherever it is sent: :func:`fingerprint`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from airflow_provider_runway.kie.requests import JobRequest, Request
from airflow_provider_runway.kie.rules import is_url


def fingerprint(request: Request) -> str:
    """16 hexadecimal digits that are the same for the same video.

    They are of all of the request but its callback URL and the signatures of presigned URLs: both may be made anew for
    each try, and must not make another video of it. Which API it is sent to makes no other video of it either.
    """
    values = {item.name: getattr(request, item.name) for item in fields(request)}
    del values["callback_url"]
    for name in _URLS & values.keys():
        if values[name] is not None:
            values[name] = _unsigned(values[name])
    if isinstance(request, JobRequest):
        values["input"] = _unsigned_within(request.input)
    values["extra_fields"] = dict(request.extra_fields)
    canonical = json.dumps([type(request).__name__, values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_URLS = {"image_url", "video_url", "reference_image_url"}
# What the presigned URLs of S3, Google, Azure and CloudFront carry besides what they point at.
_SIGNATURES = re.compile(
    r"x-(amz|goog)-.*|awsaccesskeyid|googleaccessid|signature|expires|key-pair-id|policy|s[aeiprtv]|spr|sk[a-z]+|sig",
    re.IGNORECASE,
)


def _unsigned_within(fields_: Mapping[str, Any]) -> Any:
    """A copy of JSON values in which all URLs are as they are without their signatures."""
    copy = json.loads(json.dumps(dict(fields_)))
    left: list[Any] = [copy]
    while left:
        holder = left.pop()
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(value, (dict, list)):
                left.append(value)
            elif isinstance(value, str) and is_url(value):
                holder[key] = _unsigned(value)
    return copy


def _unsigned(url: str) -> str:
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _SIGNATURES.fullmatch(pair[0])]
    return urlunsplit(parts._replace(query=urlencode(query)))
