"""What an Airflow connection of type ``runway`` says, checked and typed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_provider_runway.kie.address import DEFAULT_BASE_URL, Address
from airflow_provider_runway.kie.client import DEFAULT_TIMEOUT
from airflow_provider_runway.kie.errors import ConnectionSettingsError, InvalidRequestError
from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT
from airflow_provider_runway.kie.rules import check_url
from airflow_provider_runway.kie.task_ids import APIS, Api
from airflow_provider_runway.kie.uploads import DEFAULT_UPLOAD_URL


class ConnectionLike(Protocol):
    """The part of Airflow's connection that is read."""

    @property
    def host(self) -> str | None: ...  # noqa: D102
    @property
    def schema(self) -> str | None: ...  # noqa: D102
    @property
    def port(self) -> int | None: ...  # noqa: D102
    @property
    def password(self) -> str | None: ...  # noqa: D102
    @property
    def extra(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A connection, read.

    :param address: The account and where KIE is.
    :param timeout: Seconds for connecting, sending and each read.
    :param upload_address: The same account at KIE's upload host.
    :param credit_floor: Credits that no submission may take the balance below; ``None`` for no such guard.
    :param submission_limit: Submissions that the account may make in 10 seconds.
    """

    address: Address
    upload_address: Address
    timeout: float = DEFAULT_TIMEOUT
    credit_floor: float | None = None
    submission_limit: int = SUBMISSION_LIMIT


def read_settings(conn_id: str, connection: ConnectionLike) -> Settings:
    """Read a connection.

    :param conn_id: Its id, for messages.
    :param connection: Password (API key), host, schema, port and extra (``api``: ``"runway"`` or ``"jobs"``;
        ``timeout``: seconds; ``credit_floor``: credits; ``submission_limit``: submissions in 10 seconds).
    :raises ConnectionSettingsError: If the key is missing or a value cannot work.
    """
    try:
        extra = _extra(connection.extra)
        return Settings(
            address=Address(api_key=connection.password or "", base_url=_base_url(connection), api=_api(extra)),
            upload_address=Address(api_key=connection.password or "", base_url=_upload_url(extra)),
            timeout=_number(extra, "timeout", "seconds above 0, at most 3600", _is_timeout) or DEFAULT_TIMEOUT,
            credit_floor=_number(extra, "credit_floor", "credits, 0 or more", _is_floor),
            submission_limit=int(
                _number(extra, "submission_limit", "submissions in 10 seconds, 1 or more", _is_limit)
                or SUBMISSION_LIMIT
            ),
        )
    except ConnectionSettingsError as error:
        raise ConnectionSettingsError(f"Connection {conn_id!r}: {error}") from None


def _base_url(connection: ConnectionLike) -> str:
    host = (connection.host or "").strip()
    if not host:
        return DEFAULT_BASE_URL
    if "://" in host:
        return host
    name, slash, path = host.partition("/")
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or 'https'}://{name}{port}{slash}{path}"


def _upload_url(extra: Mapping[str, Any]) -> str:
    url = extra.get("upload_url") or DEFAULT_UPLOAD_URL
    if isinstance(url, str):
        with suppress(InvalidRequestError):
            check_url("upload_url", url.strip())
            return url
    raise ConnectionSettingsError("extra 'upload_url' must be an absolute http:// or https:// URL.")


def _extra(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        extra = json.loads(text)
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConnectionSettingsError("the extra must be a JSON object.")
    return extra


def _api(extra: Mapping[str, Any]) -> Api:
    value = extra.get("api")
    if value is None or value == "":
        return "runway"
    for api in APIS:
        if value == api:
            return api
    raise ConnectionSettingsError(f"extra 'api' must be {' or '.join(map(repr, APIS))}.")


def _number(extra: Mapping[str, Any], name: str, rule: str, fits: Callable[[float], bool]) -> float | None:
    """A number out of the extra; forms send an empty text where nothing was filled in."""
    value = extra.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not fits(number):
        raise ConnectionSettingsError(f"extra {name!r} must be a number of {rule}.")
    return number


def _is_timeout(number: float) -> bool:
    return 0 < number <= 3600  # noqa: PLR2004 - an hour


def _is_limit(number: float) -> bool:
    return 1 <= number <= 10_000 and number.is_integer()  # noqa: PLR2004 - far above what KIE gives anybody


def _is_floor(number: float) -> bool:
    return 0 <= number < math.inf
