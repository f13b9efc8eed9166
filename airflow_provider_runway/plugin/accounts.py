"""The connections that the page knows: their balances, and where their media come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.models.connection import Connection
from sqlalchemy import select

from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.errors import ConnectionSettingsError, RunwayError
from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.plugin.cache import Cache

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_runway.hooks.settings import Settings

USUAL = "runway_default"
# Nobody waits for more than one answer, and for none for long.
_ONCE = RetryRules(tries=1)
_SECONDS = 10.0
_MOST, _AT_ONCE = 20, 5


_balances = Cache()


def connection_ids(session: Session, may_read: Callable[[str], bool] = lambda _: True) -> list[str]:
    """The connections of type ``runway`` in the database, and the usual one wherever it is; the first of many.

    :param session: A database session.
    :param may_read: Whether a connection may be told of.
    """
    known = select(Connection.conn_id).where(Connection.conn_type == "runway").order_by(Connection.conn_id)
    named = dict.fromkeys([USUAL, *filter(None, session.scalars(known))])
    return [*islice(filter(may_read, named), _MOST)]


def balances(conn_ids: Iterable[str]) -> list[dict[str, Any]]:
    """What is left of each account: credits, or why they cannot be told. KIE is asked once a minute at most.

    :param conn_ids: The connections, which the viewer may read.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [*pool.map(lambda conn_id: _balances.get(conn_id, partial(_balance, conn_id)), conn_ids)]
    return [balance for balance in found if balance is not None]


def client_of(conn_id: str) -> KieClient:
    """A client of a connection that does not wait for long.

    :raises ConnectionSettingsError: If there is no such connection of type ``runway``, or it cannot work.
    """
    return KieClient(settings_of(conn_id).address, timeout=_SECONDS, retry_rules=_ONCE)


def settings_of(conn_id: str) -> Settings:
    """What a connection says.

    :raises ConnectionSettingsError: If there is none of type ``runway``, or it cannot work.
    """
    from airflow.sdk import BaseHook

    from airflow_provider_runway.hooks.connections import get_settings
    from airflow_provider_runway.hooks.settings import no_connection
    from airflow_provider_runway.utils.versions import AirflowNotFoundException

    try:
        kind = BaseHook.get_connection(conn_id).conn_type
    except AirflowNotFoundException:
        raise no_connection(conn_id) from None
    if kind != "runway":  # and nothing else of it is looked at, or told
        raise ConnectionSettingsError(f"Connection {conn_id!r} is not of type runway.")
    return get_settings(conn_id)


def local_media(conn_ids: Iterable[str]) -> str | None:
    """Where media come from that a sandbox on this machine serves, for the page's policy; ``None`` without one."""
    for conn_id in conn_ids:
        try:
            url = urlsplit(settings_of(conn_id).address.base_url)
        except RunwayError:
            continue
        if url.scheme == "http" and url.hostname in {"127.0.0.1", "localhost"}:
            return f"http://{url.hostname}:*"
    return None


def _balance(conn_id: str) -> dict[str, Any] | None:
    left, fault = None, None
    try:
        with client_of(conn_id) as client:
            left = client.credits()
    except ConnectionSettingsError as error:
        if error.is_missing and conn_id == USUAL:
            return None
        fault = error.summary
    except RunwayError as error:
        fault = error.summary
    dollars = None if left is None else round(left * DOLLARS_PER_CREDIT, 2)
    return {"conn_id": conn_id, "credits": left, "dollars": dollars, "error": fault and shorten(fault)}
