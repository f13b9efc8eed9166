"""What tells one publication from another, and one request from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from airflow_provider_runway.kie.signed_urls import unsigned

_PORTS = {"http": 80, "https": 443}


def identity(sha256: str, url: str, publish_key: str | None = None) -> str:
    """16 hexadecimal digits that are the same for the same publication, whenever and however it is sent.

    :param sha256: The video's checksum.
    :param url: Where it is sent to; its signature makes no difference.
    :param publish_key: What stands for both, if it is given.
    """
    return _digits(["key", publish_key] if publish_key is not None else ["video", sha256, canonical(url)])


def request_digest(method: str, url: str, sha256: str, headers: Mapping[str, str], body: Any) -> str:
    """16 hexadecimal digits that are the same for the same request, but for its signature.

    :param method: HTTP's.
    :param url: Where it is sent to.
    :param sha256: The video's checksum.
    :param headers: Those that the task gives.
    :param body: What else the body is made of, as JSON.
    """
    named = {name.lower(): value for name, value in headers.items()}
    return _digits([method, canonical(url), sha256, named, body])


def canonical(url: str) -> str:
    """A URL without its signature and fragment, its query written in one way."""
    parts = urlsplit(unsigned(url))
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit((parts.scheme.lower(), _host(url), parts.path or "/", query, ""))


def place(url: str) -> str:
    """A URL as people may see it: its query may be what opens the door."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme.lower(), _host(url), parts.path or "/", "", ""))


def origin(url: str) -> str:
    """Scheme, host and port, which is what a secret is meant for."""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{_host(url)}"


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in {None, _PORTS.get(parts.scheme.lower())} else f"{host}:{parts.port}"


def _digits(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
