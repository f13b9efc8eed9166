"""Where KIE is and how to show who is asking: base URL, key and headers."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from airflow_provider_runway import __version__
from airflow_provider_runway.kie.errors import ConnectionSettingsError
from airflow_provider_runway.kie.task_ids import Api

DEFAULT_BASE_URL = "https://api.kie.ai"
# KIE's edge refuses requests without a User-Agent, and those of Python's own library.
USER_AGENT = f"airflow-provider-runway/{__version__} (python {platform.python_version()})"

_API_PATH = re.compile(r"(/api(/v1)?)?/*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An account at a KIE endpoint.

    :param api_key: The key, sent as bearer token to ``base_url`` and to no other host. Never shown in ``repr``.
    :param base_url: Scheme, host and port; a trailing slash or ``/api/v1`` is taken off.
    :param api: The generation of the API that is spoken there: ``"runway"`` (the dedicated endpoints) or ``"jobs"``
        (the unified one).
    :raises ConnectionSettingsError: If the key is missing or cannot be a key, or the URL is none.
    """

    api_key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    api: Api = "runway"

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_key", _usable_key(self.api_key))
        object.__setattr__(self, "base_url", _usable_base_url(self.base_url))

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request to KIE carries."""
        return {
            "Authorization": f"Bearer {self.api_key}",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
        }

    def conceal(self, body: bytes) -> bytes:
        """An answer's body without the key, should whoever answers send it back: errors quote what was answered."""
        if len(self.api_key) < _SHORTEST_SECRET:
            return body
        for spelling in (self.api_key, json.dumps(self.api_key)[1:-1]):
            body = body.replace(spelling.encode(), b"***")
        return body


# A word shorter than this may stand in any answer, and no real key is so short.
_SHORTEST_SECRET = 8


def _usable_key(key: str) -> str:
    key = key.strip()
    if not key:
        raise ConnectionSettingsError("There is no API key: KIE.AI needs one (https://kie.ai/api-key).")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConnectionSettingsError(
            "The API key has characters that no key has (white space, line breaks or letters beyond ASCII)."
        )
    return key


def _usable_base_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool((parts.hostname or "").encode("idna"))
        usable = usable and " " not in parts.netloc
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise ConnectionSettingsError(
            "The base URL must be http:// or https:// with a host, without user, query or fragment"
            f" (default {DEFAULT_BASE_URL})."
        )
    return urlunsplit((parts.scheme, parts.netloc, _API_PATH.sub("", parts.path), "", ""))
