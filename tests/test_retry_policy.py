"""What a failed try is followed by, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import RetryAction, RetryPolicy
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway import exceptions
from airflow_provider_runway.exceptions import (
    AmbiguousSubmissionError,
    AuthenticationError,
    DownloadError,
    GenerationFailedError,
    MaintenanceError,
    NotSentError,
    RateLimitedError,
    RunwayError,
    ServerError,
    WaitTimeoutError,
)
from airflow_provider_runway.retry_policy import RunwayRetryPolicy, retry_pause

POLICY = RunwayRetryPolicy(jitter=lambda: 0.0)


def failed(reason: str) -> GenerationFailedError:
    return GenerationFailedError("failed", reason=reason, retryable=True)


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (WaitTimeoutError("late"), [30, 60, 120, 240, 300, 300]),
        (DownloadError("cut"), [60, 120, 240, 480, 900, 900]),
        (failed("service"), [60, 120, 240]),
        (failed("capacity"), [300, 600, 1200, 2400, 3600, 3600]),
        (MaintenanceError("closed"), [600, 1200, 2400, 3600, 3600]),
        (NotSentError("no such host"), [60, 120]),
        (RateLimitedError("slower", retry_after=200), [200, 200, 240]),
        (MaintenanceError("closed", retry_after=1800), [1800, 1800, 2400]),
        (ServerError("down", retry_after=200), [200, 200, 240]),
        (RateLimitedError("slower", retry_after=80_000), [900, 900]),
        (WaitTimeoutError("late", retry_after=80_000), [300]),
        (AmbiguousSubmissionError("unknown", retryable=True), [60, 120]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, RunwayError) else "",
)
def test_each_error_has_the_pauses_that_suit_it(error: RunwayError, pauses: list[float]) -> None:
    for number, pause in enumerate(pauses, 1):
        decision = POLICY.evaluate(error, number, 9)
        assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=pause))
        assert type(error).__name__ in str(decision.reason)


@pytest.mark.parametrize(
    "error", [AuthenticationError("wrong key"), AmbiguousSubmissionError("unknown"), GenerationFailedError("moderated")]
)
def test_what_no_retry_can_help_fails_at_once(error: RunwayError) -> None:
    assert POLICY.evaluate(error, 1, 9).action is RetryAction.FAIL


def test_errors_of_others_are_left_to_the_task() -> None:
    assert POLICY.evaluate(ValueError("mine"), 1, 9).action is RetryAction.DEFAULT


def test_every_error_that_a_retry_can_help_has_a_pause() -> None:
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    retried = [kind for kind in kinds if issubclass(kind, RunwayError) and kind.retryable]
    assert len(retried) > 10
    assert all(retry_pause(kind("it failed"), 1) for kind in retried)


@given(st.integers(-5, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_stay_within_their_bounds_whatever_the_try(try_number: int, jitter: float) -> None:
    delay = RunwayRetryPolicy(jitter=lambda: jitter).evaluate(WaitTimeoutError("late"), try_number, 9).retry_delay
    assert delay is not None
    assert 30 <= delay.total_seconds() <= 375


def test_a_policy_survives_being_stored() -> None:
    assert isinstance(POLICY, RetryPolicy)
    assert isinstance(RunwayRetryPolicy.deserialize(POLICY.serialize()), RunwayRetryPolicy)
