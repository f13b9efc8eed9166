"""How this provider's errors reach Airflow: with its retries where they can help, and without where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_runway.kie.errors import RunwayError


@contextmanager
def fail_for_good_if_hopeless() -> Iterator[None]:
    """Turn an error that no retry can help into Airflow's ``AirflowFailException``, which skips the retries.

    A retryable one passes as it is, so that ``retries`` and a ``retry_policy`` see its type.
    """
    from airflow.sdk.exceptions import AirflowFailException

    try:
        yield
    except RunwayError as error:
        if error.retryable:
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
