"""A retry policy that knows this provider's errors, for Airflow 3.3 and later: ``retry_policy=RunwayRetryPolicy()``."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy
from typing_extensions import Self

from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    MaintenanceError,
    MissingVideoError,
    NotFinishedError,
    PollingFailedError,
    RunwayError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.failures import FailureReason
from airflow_provider_runway.kie.retry_rules import doublings

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds before the first retry, and the most that doubling makes of them. The first line that fits counts.
_PAUSES: tuple[tuple[tuple[type[RunwayError], ...], float, float], ...] = (
    # The video goes on being made, and is paid: waiting on it is all there is to do.
    ((WaitTimeoutError, PollingFailedError, MissingVideoError, NotFinishedError), 30.0, 300.0),
    ((MaintenanceError,), 600.0, 3600.0),
    ((RunwayError,), 60.0, 900.0),
)
# KIE's own account upstream is at its limit, which takes longer to pass than a fault does.
_CAPACITY = (300.0, 3600.0)


def retry_pause(error: RunwayError, try_number: int) -> float | None:
    """Seconds to pause before the next try, or ``None`` if no retry can help.

    :param error: What the try has failed with.
    :param try_number: The try that has failed, from 1.
    """
    if not error.retryable:
        return None
    if isinstance(error, GenerationFailedError) and error.reason == FailureReason.CAPACITY.value:
        first, longest = _CAPACITY
    else:
        first, longest = next((first, longest) for kinds, first, longest in _PAUSES if isinstance(error, kinds))
    pause = min(first * doublings(max(try_number, 1) - 1), longest)
    return max(pause, min(error.retry_after or 0.0, longest))


class RunwayRetryPolicy(RetryPolicy):
    """Retries what a retry can help, after the pause that suits the error; fails the rest at once.

    How often is still up to the task's ``retries``. Errors of others than this provider are left to the task's own
    settings.

    :param jitter: A number in [0, 1) for each pause, which is lengthened by up to a quarter, so that the tasks of a
        batch do not come back all at once.
    """

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # noqa: ARG002 - Airflow's signature
        context: Context | None = None,  # noqa: ARG002 - Airflow's signature
    ) -> RetryDecision:
        """Decide on a failed try."""
        if not isinstance(exception, RunwayError):
            return RetryDecision.default()
        kind = type(exception).__name__
        pause = retry_pause(exception, try_number)
        if pause is None:
            return RetryDecision.fail(f"{kind}: no retry can help")
        pause *= 1.0 + 0.25 * self._jitter()
        return RetryDecision.retry(timedelta(seconds=pause), f"{kind}: again in {pause:.0f} s")

    def serialize(self) -> dict[str, Any]:
        """What Airflow stores of it: there is nothing to set."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """Make it anew."""
        del data
        return cls()
