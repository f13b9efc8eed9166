"""Connections of type ``runway``, read from Airflow, with and without an event loop."""

from __future__ import annotations

from airflow.sdk import BaseHook, Connection
from airflow.sdk.log import mask_secret

from airflow_provider_runway.hooks.settings import Settings, no_connection, read_settings


def get_settings(conn_id: str) -> Settings:
    """What a connection says.

    :raises ConnectionSettingsError: If there is no such connection, the key is missing or a value cannot work.
    """
    from airflow_provider_runway.utils.versions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise no_connection(conn_id) from None
    settings = read_settings(conn_id, connection)
    if _has_unmasked_key(settings, connection):
        mask_secret(settings.address.api_key)
    return settings


async def a_get_settings(conn_id: str) -> Settings:
    """The same, without blocking the event loop."""
    from airflow_provider_runway.utils.versions import AirflowNotFoundException

    try:
        connection = await _connection(conn_id)
    except AirflowNotFoundException:
        raise no_connection(conn_id) from None
    settings = read_settings(conn_id, connection)
    if _has_unmasked_key(settings, connection):
        await _mask(settings.address.api_key)
    return settings


def _has_unmasked_key(settings: Settings, connection: Connection) -> bool:
    """Whether the key is sent in another form than Airflow knows: it masks in logs what the connection has."""
    return settings.address.api_key != connection.password


async def _mask(secret: str) -> None:
    """Have Airflow mask a secret; before 3.3.2 that blocks, and so runs in a thread."""
    from airflow.sdk import log
    from asgiref.sync import sync_to_async

    await getattr(log, "amask_secret", sync_to_async(log.mask_secret))(secret)


async def _connection(conn_id: str) -> Connection:
    """Airflow's connection on an event loop.

    Before 3.3.2 ``aget_connection`` masks secrets with a blocking call that can deadlock, and within ``dag.test()``
    it finds no connection that is in the database: there the blocking call runs in a thread.
    """
    from asgiref.sync import sync_to_async

    from airflow_provider_runway.utils.versions import AirflowNotFoundException

    if hasattr(Connection, "aextra_dejson"):
        try:
            return await BaseHook.aget_connection(conn_id)
        except AirflowNotFoundException:
            pass
    return await sync_to_async(BaseHook.get_connection)(conn_id)
