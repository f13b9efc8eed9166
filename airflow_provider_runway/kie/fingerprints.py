"""What tells one request from another, whenever and wherever it is sent: :func:`fingerprint`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.signed_urls import unsigned, with_urls


def fingerprint(request: Request) -> str:
    """16 hexadecimal digits that are the same for the same video.

    They are of all of the request but its callback URL and the signatures of presigned URLs: both may be made anew for
    each try, and must not make another video of it. Which API it is sent to makes no other video of it either.
    """
    values = {item.name: getattr(request, item.name) for item in fields(request)}
    del values["callback_url"]
    for name in _URLS & values.keys():
        if values[name] is not None:
            values[name] = _canonical(values[name])
    for name in _FIELDS & values.keys():
        values[name] = with_urls(values[name], _canonical)
    canonical = json.dumps([type(request).__name__, values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_URLS = {"image_url", "video_url", "reference_image_url"}
_FIELDS = {"input", "body", "extra_fields"}


def _canonical(url: str) -> str:
    """A URL without its signature, its query written in the one way that records of earlier releases know."""
    parts = urlsplit(unsigned(url))
    return urlunsplit(parts._replace(query=urlencode(parse_qsl(parts.query, keep_blank_values=True))))
