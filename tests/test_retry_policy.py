"""What a failed try is followed by, and when."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fakes import FakeTaskInstance
from hypothesis import given
from hypothesis import strategies as st
from versions import AIRFLOW, before, since

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

if AIRFLOW < (3, 3):
    pytest.skip("Airflow 3.3 and later: retry policies", allow_module_level=True)

from airflow.sdk import RetryAction, RetryPolicy

from airflow_provider_runway.retry_policy import RunwayRetryPolicy, retry_pause

POLICY = RunwayRetryPolicy(jitter=lambda: 0.0)


def is_closed(error: RunwayError) -> bool:
    """Whether the error is no fault of the task's: KIE takes nothing for now."""
    return isinstance(error, (MaintenanceError, RateLimitedError)) or "capacity" in repr(vars(error))


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
    action = "reschedule" if AIRFLOW >= (3, 4) and is_closed(error) else "retry"
    for number, pause in enumerate(pauses, 1):
        decision = POLICY.evaluate(error, number, 9)
        assert (decision.action.value, decision.retry_delay) == (action, timedelta(seconds=pause))
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


CLOSED = pytest.mark.parametrize(
    "error",
    [MaintenanceError("closed"), RateLimitedError("slower"), failed("capacity")],
    ids=["455", "429", "capacity"],
)


class Rescheduled(FakeTaskInstance):
    """A task instance that was first rescheduled some time ago."""

    def __init__(self, ago: timedelta | None) -> None:
        super().__init__()
        self.first = None if ago is None else datetime.now(tz=timezone.utc) - ago

    def get_first_reschedule_date(self, context: Any) -> Any:
        return self.first


@since(3, 4, "RetryAction.RESCHEDULE")
@CLOSED
def test_what_is_no_fault_of_the_task_uses_up_no_retry_within_bounds(error: RunwayError) -> None:
    decision: Any = RunwayRetryPolicy(max_reschedules=7, reschedule_timeout=timedelta(hours=2)).evaluate(error, 1, 9)

    assert decision.action is getattr(RetryAction, "RESCHEDULE", None)
    assert (decision.max_reschedules, decision.reschedule_timeout) == (7, timedelta(hours=2))
    assert POLICY.evaluate(WaitTimeoutError("late"), 1, 9).action is RetryAction.RETRY


@since(3, 4, "RetryAction.RESCHEDULE")
@pytest.mark.parametrize(("minutes", "pause"), [(None, 600), (0, 600), (15, 900), (50, 3000), (500, 3600)])
def test_a_try_that_was_rescheduled_pauses_for_as_long_as_it_has_waited(minutes: int | None, pause: int) -> None:
    ago = None if minutes is None else timedelta(minutes=minutes)
    context: Any = {"ti": Rescheduled(ago)}

    delay = POLICY.evaluate(MaintenanceError("closed"), 1, 9, context).retry_delay

    assert delay is not None
    assert delay.total_seconds() == pytest.approx(pause, abs=60)


@before(3, 4, "there is no such action yet")
@CLOSED
def test_before_3_4_what_is_no_fault_of_the_task_is_retried_like_the_rest(error: RunwayError) -> None:
    assert POLICY.evaluate(error, 1, 9).action is RetryAction.RETRY


@pytest.mark.parametrize(
    "bounds",
    [
        {"max_reschedules": None, "reschedule_timeout": None},
        {"max_reschedules": 0},
        {"reschedule_timeout": timedelta(0)},
    ],
)
def test_bounds_that_bound_nothing_are_refused_while_the_dag_is_read(bounds: Any) -> None:
    with pytest.raises(ValueError, match="reschedule"):
        RunwayRetryPolicy(**bounds)


@pytest.mark.parametrize(("most", "timeout"), [(None, timedelta(hours=6)), (3, None), (5, timedelta(minutes=90))])
def test_a_policy_survives_being_stored(most: int | None, timeout: timedelta | None) -> None:
    stored = json.loads(json.dumps(RunwayRetryPolicy(max_reschedules=most, reschedule_timeout=timeout).serialize()))
    again = RunwayRetryPolicy.deserialize(stored)

    assert isinstance(again, RetryPolicy)
    assert (again.max_reschedules, again.reschedule_timeout) == (most, timeout)


def test_a_policy_that_an_earlier_release_has_stored_is_read() -> None:
    assert RunwayRetryPolicy.deserialize({}).reschedule_timeout == timedelta(hours=6)
