"""How many polls there are, and how they go wrong, for Airflow's own metrics."""

from __future__ import annotations

from typing import Literal

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.utils import metrics
from airflow_provider_runway.utils.announcements import reason_of


def count_poll(conn_id: str, where: Literal["triggerer", "worker"], error: RunwayError | None = None) -> None:
    """Count a poll.

    :param conn_id: The connection.
    :param where: What has polled: a triggerer, or a task in its worker.
    :param error: How it went wrong, if it did.
    """
    metrics.count("polls", conn_id=conn_id, where=where)
    if error is not None:
        metrics.count("poll_errors", by=error.code or reason_of(error), conn_id=conn_id, where=where)
