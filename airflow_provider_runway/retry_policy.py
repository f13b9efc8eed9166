"""A retry policy that knows this provider's errors, for Airflow 3.3 and later: ``retry_policy=RunwayRetryPolicy()``."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryAction, RetryDecision, RetryPolicy
from typing_extensions import Self

from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    MaintenanceError,
    MissingVideoError,
    NotFinishedError,
    PollingFailedError,
    RateLimitedError,
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


# Airflow 3.4 and later can run a task again without using up a retry.
_CAN_RESCHEDULE = hasattr(RetryAction, "RESCHEDULE")
_RESCHEDULE_TIMEOUT = timedelta(hours=6)


def retry_pause(error: RunwayError, try_number: int, waited: float = 0.0) -> float | None:
    """Seconds to pause before the next try, or ``None`` if no retry can help.

    :param error: What the try has failed with.
    :param try_number: The try that has failed, from 1.
    :param waited: Seconds since this try was first rescheduled, which makes the next pause as long.
    """
    if not error.retryable:
        return None
    if _is_of_capacity(error):
        first, longest = _CAPACITY
    else:
        first, longest = next((first, longest) for kinds, first, longest in _PAUSES if isinstance(error, kinds))
    pause = min(max(first * doublings(max(try_number, 1) - 1), waited), longest)
    return max(pause, min(error.retry_after or 0.0, longest))


def _is_of_capacity(error: RunwayError) -> bool:
    return isinstance(error, GenerationFailedError) and error.reason == FailureReason.CAPACITY.value


def _is_closed(error: RunwayError) -> bool:
    """Whether KIE takes nothing for now: it is no fault of the task, and only time helps."""
    return isinstance(error, (MaintenanceError, RateLimitedError)) or _is_of_capacity(error)


class RunwayRetryPolicy(RetryPolicy):
    """Retries what a retry can help, after the pause that suits the error; fails the rest at once.

    How often is still up to the task's ``retries``, but for what is no fault of the task: maintenance, a rate limit,
    and no capacity. From Airflow 3.4 on these use up no retry: the task is rescheduled, within the bounds below. Past
    them, and before 3.4, they are retried like the rest. Errors of others than this provider are left to the task's
    own settings.

    :param jitter: A number in [0, 1) for each pause, which is lengthened by up to a quarter, so that the tasks of a
        batch do not come back all at once.
    :param max_reschedules: How often one try is rescheduled at most; ``None`` for as often as ``reschedule_timeout``
        allows. A sensor's own reschedules count.
    :param reschedule_timeout: For how long after its first reschedule a try is rescheduled; ``None`` for as long as
        ``max_reschedules`` allows.
    :raises ValueError: If both are ``None``, or one is not above zero.
    """

    def __init__(
        self,
        jitter: Callable[[], float] = random.random,
        *,
        max_reschedules: int | None = None,
        reschedule_timeout: timedelta | None = _RESCHEDULE_TIMEOUT,
    ) -> None:
        if max_reschedules is None and reschedule_timeout is None:
            raise ValueError("max_reschedules or reschedule_timeout must bound how long a task is rescheduled")
        if max_reschedules is not None and max_reschedules < 1:
            raise ValueError(f"max_reschedules must be 1 or more, not {max_reschedules}")
        if reschedule_timeout is not None and reschedule_timeout <= timedelta(0):
            raise ValueError(f"reschedule_timeout must be above zero, not {reschedule_timeout}")
        self._jitter = jitter
        self.max_reschedules = max_reschedules
        self.reschedule_timeout = reschedule_timeout

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # noqa: ARG002 - Airflow's signature
        context: Context | None = None,
    ) -> RetryDecision:
        """Decide on a failed try."""
        if not isinstance(exception, RunwayError):
            return RetryDecision.default()
        kind = type(exception).__name__
        is_rescheduled = _CAN_RESCHEDULE and _is_closed(exception)
        pause = retry_pause(exception, try_number, _waited(context) if is_rescheduled else 0.0)
        if pause is None:
            return RetryDecision.fail(f"{kind}: no retry can help")
        pause *= 1.0 + 0.25 * self._jitter()
        reason = f"{kind}: again in {pause:.0f} s"
        if not is_rescheduled:
            return RetryDecision.retry(timedelta(seconds=pause), reason)
        reschedule: Any = RetryDecision
        decision: RetryDecision = reschedule.reschedule(
            timedelta(seconds=pause),
            max_reschedules=self.max_reschedules,
            reschedule_timeout=self.reschedule_timeout,
            reason=reason,
        )
        return decision

    def serialize(self) -> dict[str, Any]:
        """What Airflow stores of it."""
        timeout = self.reschedule_timeout
        return {
            "max_reschedules": self.max_reschedules,
            "reschedule_timeout": None if timeout is None else timeout.total_seconds(),
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """Make it anew."""
        timeout = data.get("reschedule_timeout", _RESCHEDULE_TIMEOUT.total_seconds())
        return cls(
            max_reschedules=data.get("max_reschedules"),
            reschedule_timeout=None if timeout is None else timedelta(seconds=timeout),
        )


def _waited(context: Context | None) -> float:
    """Seconds since the try was first rescheduled; 0 if it was not."""
    if context is None:
        return 0.0
    first = context["ti"].get_first_reschedule_date(context)
    return 0.0 if first is None else (datetime.now(tz=timezone.utc) - first).total_seconds()
