"""Presigned URLs: what of a URL is only its signature, which may be made anew for each try.

A parameter is part of a signature only where the whole signature of a known scheme is there: ``sp``, ``policy`` or
``expires`` alone may well tell one picture from another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from airflow_provider_runway.kie.rules import is_url


def _scheme(needed: str, further: str = "", prefix: str = "") -> tuple[set[str], set[str]]:
    """How one service signs URLs: what every signature of it has, and what it may have besides, in lower case."""
    return {prefix + name for name in needed.split()}, {prefix + name for name in further.split()}


_SAS = "sp st sip spr sr ss srt skoid sktid skt ske sks skv saoid suoid scid sdd ses"
_SCHEMES = (
    _scheme("credential date signature", "algorithm expires signedheaders security-token", "x-amz-"),
    _scheme("awsaccesskeyid expires signature", "x-amz-security-token"),
    _scheme("credential date signature", "algorithm expires signedheaders", "x-goog-"),
    _scheme("googleaccessid expires signature"),
    _scheme("sig sv se", _SAS + " si"),  # Azure
    _scheme("sig sv si", _SAS),
    _scheme("key-pair-id signature policy", "hash-algorithm"),  # CloudFront
    _scheme("key-pair-id signature expires", "hash-algorithm"),
    _scheme("ossaccesskeyid expires signature", "security-token"),  # Alibaba Cloud
    _scheme(
        "signature signature-version", "credential date expires access-key-id security-token additional-headers",
        "x-oss-",
    ),
    _scheme("sign-algorithm ak sign-time signature", "key-time header-list url-param-list", "q-"),  # Tencent Cloud
    _scheme("credential date signature", "algorithm expires signedheaders security-token", "x-tos-"),  # Volcengine
    _scheme("accesskeyid expires signature", "x-obs-security-token"),  # Huawei Cloud
)  # fmt: skip


def unsigned(url: str) -> str:
    """A URL without its signature; the very same where it has none of a known scheme."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name, _ in query}
    signature: set[str] = set()
    for needed, further in _SCHEMES:
        if needed <= names:
            signature |= needed | further
    if not signature:
        return url
    kept = [(name, value) for name, value in query if name.lower() not in signature]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of JSON values, however deep."""
    copy: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return copy


def with_urls(values: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A copy of JSON values, however deep, in which each URL is what ``change`` makes of it."""
    copy = copied(values)
    left: list[Any] = [copy]
    while left:
        holder = left.pop()
        for key, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(value, (dict, list)):
                left.append(value)
            elif isinstance(value, str) and is_url(value):
                holder[key] = change(value)
    return copy
