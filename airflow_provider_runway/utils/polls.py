"""What is said of polls: to Airflow's own metrics, and in the log where one may cost something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.utils import metrics
from airflow_provider_runway.utils.announcements import reason_of

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

    from airflow_provider_runway.kie.kinds import Kind


def count_poll(conn_id: str, where: Literal["triggerer", "worker"], error: RunwayError | None = None) -> None:
    """Count a poll.

    :param conn_id: The connection.
    :param where: What has polled: a triggerer, or a task in its worker.
    :param error: How it went wrong, if it did.
    """
    metrics.count("polls", conn_id=conn_id, where=where)
    if error is not None:
        metrics.count("poll_errors", by=error.code or reason_of(error), conn_id=conn_id, where=where)


def warn_of_order(kind: Kind, log: Logger) -> None:
    """Say so where to look at a KIE task orders it, if nothing has before."""
    from airflow_provider_runway.kie.families import endpoint_ordered_by_polling

    endpoint = endpoint_ordered_by_polling(kind)
    if endpoint is not None:
        log.warning(
            "Whether it is ready is asked by %s, which orders it, and is paid, if nothing has ordered it before. No "
            "floor and no limit counts that.",
            endpoint,
        )
