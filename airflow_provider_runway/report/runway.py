"""The report for a task, which may not read Airflow's database: it asks the page "Videos" over HTTP."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_runway.plugin.definition import URL_PREFIX
from airflow_provider_runway.report.questions import look
from airflow_provider_runway.report.sums import Card
from airflow_provider_runway.report.texts import to_json
from airflow_provider_runway.results import utc_now

if TYPE_CHECKING:
    import httpx
    from airflow.sdk import Connection

_AT_ONCE = 200
_TIMEOUT = 60.0
_LONGEST = timedelta(days=3650)
# Far more than a night has; a server that never ends must not hold a task.
_MOST_PAGES = 5000


class NoReportError(Exception):
    """Airflow's API server gave no report."""


def get_report(
    since: datetime | timedelta = timedelta(hours=24),
    dag_ids: str | Collection[str] = (),
    *,
    airflow_conn_id: str = "airflow_api",
    transport: httpx.BaseTransport | None = None,
) -> dict[str, Any]:
    """What has become of videos: the same as ``airflow runway report``, for a task.

    Tasks may not read Airflow's database, so the page "Videos" is asked, at Airflow's API server and with the rights of
    the connection's user: the report has the DAGs that he may read.

    :param since: From when on: a moment, or how long ago. What waits is counted whenever it has begun.
    :param dag_ids: The DAGs that it is about; all, if none is named.
    :param airflow_conn_id: A connection of type ``http`` to Airflow's API server: host (with scheme and path, as in
        ``[api] base_url``), port, and login and password of a user; or, without a login, an access token as password.
    :param transport: An httpx transport in place of the network, for tests.
    :return: JSON: ``summary`` (one line), ``text``, ``markdown``, ``total`` and ``dags`` (the counts, ``credits`` and
        ``dollars``), ``reasons``, ``failures`` and ``expiring``; see
        :class:`~airflow_provider_runway.report.sums.Report`.
    :raises NoReportError: If the API server does not answer, or refuses.
    """
    import httpx
    from airflow.sdk import BaseHook

    until, dag_ids = utc_now(), [dag_ids] if isinstance(dag_ids, str) else dag_ids
    start = until - min(since, _LONGEST) if isinstance(since, timedelta) else _in_utc(since)
    connection = BaseHook.get_connection(airflow_conn_id)
    server = _base_url(connection)
    try:
        with httpx.Client(timeout=_TIMEOUT, transport=transport) as client:
            client.headers["Authorization"] = f"Bearer {_token(client, server, connection)}"
            return to_json(look(_Page(client, f"{server}{URL_PREFIX}/api/videos"), start, until, dag_ids))
    except httpx.HTTPStatusError as error:
        answer = error.response
        raise NoReportError(
            f"Airflow's API server at {server} answered {answer.status_code} to {answer.request.url.path}: see whether "
            f"the user of connection {airflow_conn_id!r} may read DAGs, task instances and XComs."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise NoReportError(
            f"Airflow's API server at {server}, of connection {airflow_conn_id!r}, gave no report "
            f"({type(error).__name__})."
        ) from None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


class _Page:
    def __init__(self, client: httpx.Client, address: str) -> None:
        self._client = client
        self._address = address

    def __call__(self, **filters: Any) -> Iterator[Card]:
        """The cards that match, page by page."""
        asked = {name: str(value) for name, value in filters.items() if value is not None}
        query = {**asked, "limit": str(_AT_ONCE)}
        for _ in range(_MOST_PAGES):
            answer = self._client.get(self._address, params=query).raise_for_status().json()
            yield from answer["videos"]
            if not answer["next"]:
                return
            query["cursor"] = answer["next"]


def _token(client: httpx.Client, server: str, connection: Connection) -> str:
    """The access token that the connection has, or that the API server gives its user."""
    if not connection.login:
        return connection.password or ""
    user = {"username": connection.login, "password": connection.password or ""}
    return str(client.post(f"{server}/auth/token", json=user).raise_for_status().json()["access_token"])


def _base_url(connection: Connection) -> str:
    """The address of the API server, as Airflow's HTTP connections have it."""
    host = (connection.host or "").strip().rstrip("/")
    scheme, separator, rest = host.rpartition("://")
    name, slash, path = rest.partition("/")
    port = f":{connection.port}" if connection.port and not name.endswith(f":{connection.port}") else ""
    return f"{scheme if separator else connection.schema or 'http'}://{name}{port}{slash}{quote(path)}"
