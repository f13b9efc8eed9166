"""What can go wrong with publishing a video; :mod:`airflow_provider_runway.exceptions` draws the whole tree."""

from __future__ import annotations

from airflow_provider_runway.kie.errors import RunwayError


class PublicationError(RunwayError):
    """The video is not published: it could not be sent whole, or the service has refused it."""


class PublicationInDoubtError(RunwayError):
    """The video went out, and nobody knows whether the service has published it: sending again may do it twice."""


class PublicationAnswerError(RunwayError):
    """The video is published, and what the service has answered cannot be read as the task asks."""
