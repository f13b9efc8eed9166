"""What the operator that publishes returns."""

from __future__ import annotations

from typing import Any, TypedDict

from airflow_provider_runway.publishing.publication import Publication
from airflow_provider_runway.results import SCHEMA_VERSION
from airflow_provider_runway.storage.sources import Source


class PublishResult(TypedDict):
    """What the operator returns.

    :param published_to: Where the video was sent to, without a query.
    :param published_at: When the service had taken it, or when it was sent, if that was found out later; ISO 8601 in
        UTC.
    :param status: The HTTP status of the answer; ``None`` if it never came.
    :param response: What ``response_filter`` or ``find_filter`` has returned; without one the answer, if it is JSON or
        plain text.
    :param path: The video.
    :param size: Its bytes.
    :param sha256: Its checksum, in hexadecimal digits.
    :param kie_task_id: The KIE task that made it, if that is known.
    """

    published_to: str
    published_at: str | None
    status: int | None
    response: Any
    path: str
    size: int
    sha256: str
    kie_task_id: str | None
    schema_version: int


def publish_result(published: Publication, source: Source) -> PublishResult:
    """The result of a publication.

    :param published: Its record.
    :param source: The video.
    """
    return PublishResult(
        published_to=published.place,
        published_at=published.published_at,
        status=published.status,
        response=published.response,
        path=source.place.uri,
        size=source.size,
        sha256=published.sha256,
        kie_task_id=published.kie_task_id,
        schema_version=SCHEMA_VERSION,
    )
