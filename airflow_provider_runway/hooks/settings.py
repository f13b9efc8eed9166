"""What an Airflow connection of type ``runway`` says, checked and typed."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.hooks.extras import check_names
from airflow_provider_runway.kie.address import DEFAULT_BASE_URL, Address
from airflow_provider_runway.kie.client import DEFAULT_TIMEOUT
from airflow_provider_runway.kie.errors import ConnectionSettingsError, InvalidRequestError
from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT
from airflow_provider_runway.kie.rules import BASE_URL_RULE, check_url, is_base_url
from airflow_provider_runway.kie.task_ids import APIS, Api, parse_task_id
from airflow_provider_runway.kie.uploads import DEFAULT_UPLOAD_URL
from airflow_provider_runway.kie.web_pages import KIE_LOGS, page
from airflow_provider_runway.utils.config import FOLDER_RULE
from airflow_provider_runway.utils.file_uris import is_folder_address

if TYPE_CHECKING:
    from airflow.sdk import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A connection, read.

    :param address: The account and where KIE is.
    :param timeout: Seconds for connecting, and for all that comes after it until the answer is there whole.
    :param upload_address: The same account at the host that takes files; ``None`` where that is not known.
    :param credit_floor: Credits that no submission may take the balance below; ``None`` for no such guard.
    :param daily_credit_limit: Credits that a day may cost, in UTC; ``None`` for what the configuration says.
    :param submission_limit: Submissions that the account may make in 10 seconds.
    :param records: The folder in which records of its submissions are kept; ``None`` for that of the configuration.
    :param callback_base_url: Where KIE.AI reaches Airflow's API server; ``None`` for that of the configuration.
    :param webhook_secret: The account's webhook key, with which KIE.AI signs its callbacks; ``None`` if it does not.
    """

    address: Address
    upload_address: Address | None
    timeout: float = DEFAULT_TIMEOUT
    credit_floor: float | None = None
    daily_credit_limit: float | None = None
    submission_limit: int = SUBMISSION_LIMIT
    records: str | None = None
    callback_base_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)

    def require_upload_address(self) -> Address:
        """Where files go.

        :raises ConnectionSettingsError: If the host is not KIE.AI's, and nothing else is said: neither file nor key
            goes to a host that nobody named.
        """
        if self.upload_address is None:
            raise ConnectionSettingsError(
                f"Connection {self.address.connection!r}: its host ({self.address.place}) is not KIE.AI's, so the "
                "extra must say in 'upload_url' where files go; with a gateway that passes on to KIE.AI, "
                f"{DEFAULT_UPLOAD_URL}.",
                detail="Nothing was sent.",
            )
        return self.upload_address

    def logs_link(self, task_id: str = "") -> str:
        """Where the account's calls are listed.

        A host that takes the files as well stands in for all of KIE.AI, as a sandbox does, and has a page of its own. A
        gateway has none.

        :param task_id: The task to show there, where that page can.
        """
        if self.upload_address is None or self.upload_address.base_url != self.address.base_url:
            return KIE_LOGS
        query = f"?taskId={parse_task_id(task_id).bare}" if task_id else ""
        return f"{self.address.base_url}/logs{query}"


def read_settings(conn_id: str, connection: Connection) -> Settings:
    """Read a connection.

    :param conn_id: Its id, for messages.
    :param connection: Password (API key), host, schema, port and extra (``api``: ``"runway"`` or ``"jobs"``;
        ``timeout``: seconds; ``credit_floor``, ``daily_credit_limit``: credits; ``submission_limit``: submissions in
        10 seconds; ``records``: a folder; ``callback_base_url``: a URL; ``webhook_secret``: a text).
    :raises ConnectionSettingsError: If the key is missing, a value cannot work, or a name in the extra means nothing.
    """
    try:
        extra = _extra(connection.extra)
        key = connection.password or ""
        address = Address(api_key=key, base_url=_base_url(connection), api=_api(extra), connection=conn_id)
        upload_url = _upload_url(extra) or (DEFAULT_UPLOAD_URL if address.is_kies else None)
        return Settings(
            address=address,
            upload_address=_upload_address(upload_url, address) if upload_url else None,
            timeout=_number(extra, "timeout") or DEFAULT_TIMEOUT,
            credit_floor=_number(extra, "credit_floor"),
            daily_credit_limit=_number(extra, "daily_credit_limit"),
            submission_limit=int(_number(extra, "submission_limit") or SUBMISSION_LIMIT),
            records=_records(extra),
            callback_base_url=_callback_base_url(extra),
            webhook_secret=_webhook_secret(extra),
        )
    except ConnectionSettingsError as error:
        raise ConnectionSettingsError(f"Connection {conn_id!r}: {error.summary}") from None


def no_connection(conn_id: str) -> ConnectionSettingsError:
    """The error of a connection that Airflow does not find: of one that it cannot read it says no more either."""
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    if not os.environ.get(variable, "").strip():
        return ConnectionSettingsError(
            f"There is no connection {conn_id!r} that Airflow can read.",
            detail=f"Create it, of type Runway or as the environment variable {variable}: see {page('connection.md')}.",
            is_missing=True,
        )
    return ConnectionSettingsError(
        f"Connection {conn_id!r}: Airflow cannot read what {variable} says. A URI takes the key percent-encoded, "
        "unless it is of letters and digits alone; JSON takes the fields of a connection, with texts in them."
    )


def _base_url(connection: Connection) -> str:
    """The base URL as Airflow's HTTP connections have it: a scheme in the host wins, and the port counts with either.

    Unlike there the default is https, and a port goes before a path, and once.
    """
    host = (connection.host or "").strip() or DEFAULT_BASE_URL
    scheme, separator, rest = host.rpartition("://")
    name, slash, path = rest.partition("/")
    if _is_bare_ipv6(name):
        name = f"[{name}]"
    port = connection.port
    if port and not name.endswith(f":{port}"):
        if _HAS_PORT.search(name):
            raise ConnectionSettingsError(f"its host names a port, and its port is another ({port}): leave one empty.")
        name = f"{name}:{port}"
    return f"{scheme if separator else (connection.schema or 'https').strip()}://{name}{slash}{path}"


_HAS_PORT = re.compile(r":\d+$")


def _is_bare_ipv6(name: str) -> bool:
    try:
        return ip_address(name).version == 6  # noqa: PLR2004 - its name
    except ValueError:
        return False


def _upload_url(extra: Mapping[str, Any]) -> str | None:
    url = extra.get("upload_url")
    if url is None or url == "":
        return None
    if isinstance(url, str):
        with suppress(InvalidRequestError):
            check_url("upload_url", url.strip())
            return url
    raise ConnectionSettingsError(_UPLOAD_RULE)


def _upload_address(url: str, address: Address) -> Address:
    """The same account where files go."""
    try:
        return Address(api_key=address.api_key, base_url=url, connection=address.connection)
    except ConnectionSettingsError:
        raise ConnectionSettingsError(_UPLOAD_RULE) from None


_UPLOAD_RULE = f"extra 'upload_url' {BASE_URL_RULE}."


def _extra(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        extra = json.loads(text)
    except (ValueError, RecursionError):
        extra = None
    if not isinstance(extra, dict):
        raise ConnectionSettingsError("the extra must be a JSON object.")
    check_names(extra)
    return extra


def _api(extra: Mapping[str, Any]) -> Api:
    value = extra.get("api")
    if value is None or value == "":
        return "runway"
    for api in APIS:
        if value == api:
            return api
    raise ConnectionSettingsError(f"extra 'api' must be {' or '.join(map(repr, APIS))}.")


def _records(extra: Mapping[str, Any]) -> str | None:
    value = extra.get("records")
    folder = value.strip() if isinstance(value, str) else value
    if folder is None or folder == "":
        return None
    if isinstance(folder, str) and is_folder_address(folder):
        return folder
    raise ConnectionSettingsError(f"extra 'records' {FOLDER_RULE}.")


def _callback_base_url(extra: Mapping[str, Any]) -> str | None:
    value = extra.get("callback_base_url")
    url = value.strip().rstrip("/") if isinstance(value, str) else value
    if url is None or url == "":
        return None
    if isinstance(url, str) and is_base_url(url):
        return url
    raise ConnectionSettingsError(f"extra 'callback_base_url' {BASE_URL_RULE}.")


def _webhook_secret(extra: Mapping[str, Any]) -> str | None:
    value = extra.get("webhook_secret")
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise ConnectionSettingsError("extra 'webhook_secret' must be a text: the webhook key that KIE.AI shows.")


# What the numbers of the extra must be. No account is given a limit of submissions beyond that.
_NUMBERS: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    "timeout": ("seconds above 0, at most 3600", lambda number: 0 < number <= 3600),  # noqa: PLR2004
    "credit_floor": ("credits, 0 or more", lambda number: 0 <= number < math.inf),
    "daily_credit_limit": ("credits, above 0", lambda number: 0 < number < math.inf),
    "submission_limit": (
        "submissions in 10 seconds, 1 or more",
        lambda number: 1 <= number <= 10_000 and number.is_integer(),  # noqa: PLR2004
    ),
}


def _number(extra: Mapping[str, Any], name: str) -> float | None:
    """A number out of the extra; forms send an empty text where nothing was filled in."""
    rule, fits = _NUMBERS[name]
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
