"""Where KIE is and how to show who is asking: base URL, key and headers."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from airflow_provider_runway import __version__
from airflow_provider_runway.kie.concealment import Secret
from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    ConnectionSettingsError,
    Facts,
    InsufficientCreditsError,
    PermissionDeniedError,
    QuotaExceededError,
    RunwayError,
)
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
    :param connection: What the account is called where it was configured, for messages.
    :raises ConnectionSettingsError: If the key is missing or cannot be a key, or the URL is none.
    """

    api_key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    api: Api = "runway"
    connection: str | None = field(default=None, compare=False)
    secret: Secret = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_key", _usable_key(self.api_key))
        object.__setattr__(self, "base_url", _usable_base_url(self.base_url))
        object.__setattr__(self, "secret", Secret(self.api_key))

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request to KIE carries."""
        return {
            "Authorization": f"Bearer {self.api_key}",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }

    def finished(self, error: RunwayError) -> RunwayError:
        """An error as it may be shown: one about the account names it, and neither it nor its cause shows the key."""
        shown, cause = concealed(error, self.secret), error.__cause__
        if isinstance(error, _ABOUT_THE_ACCOUNT) and self.connection:
            shown = shown.replace(f"Connection {self.connection!r}: {shown.summary}", *shown.args[1:])
        if isinstance(cause, RunwayError):
            shown.__cause__ = self.finished(cause)
        return shown

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        parts = urlsplit(self.base_url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or _PORTS[parts.scheme]}"

    @property
    def is_kies(self) -> bool:
        """Whether this is KIE.AI itself, rather than a gateway or a sandbox."""
        host = urlsplit(self.base_url).hostname or ""
        return host == _KIE or host.endswith(f".{_KIE}")


def concealed(error: RunwayError, secret: Secret) -> RunwayError:
    """An error of which neither it nor its causes show a secret."""
    conceal, cause = secret.conceal_in, error.__cause__
    facts = Facts(task_id=conceal(error.task_id), service_message=conceal(error.service_message))
    shown = error.replace(*conceal([*error.args]), **facts)
    if isinstance(cause, RunwayError):
        shown.__cause__ = concealed(cause, secret)
    elif secret.conceal(str(cause)) != str(cause):
        shown.__cause__ = None
    return shown


_ABOUT_THE_ACCOUNT = (AuthenticationError, InsufficientCreditsError, PermissionDeniedError, QuotaExceededError)
_KIE = "kie.ai"
_PORTS = {"http": 80, "https": 443}


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
    netloc = parts.netloc.removesuffix(f":{_PORTS[parts.scheme]}")
    return urlunsplit((parts.scheme, netloc, _API_PATH.sub("", parts.path), "", ""))
