"""Which folder keeps the records of an account's submissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.utils.config import read_records

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.storage.records import RecordsFolder


def records_folder(settings: Settings, clock: Clock = CLOCK) -> RecordsFolder | None:
    """The folder that the connection names, otherwise that of ``[runway] records``; ``None`` if neither does.

    Nothing is read or written yet.

    :param settings: The connection.
    :param clock: How time passes.
    :raises InvalidRequestError: If the option is no address of a folder.
    """
    url = settings.records or read_records()
    if url is None:
        return None
    from airflow_provider_runway.storage.records import RecordsFolder

    return RecordsFolder(url, sleep=clock.sleep)
