"""What a poll state bears of polls that go wrong, and what ends its wait."""

from __future__ import annotations

import json

import pytest

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    ConnectionSettingsError,
    InvalidRequestError,
    MissingVideoError,
    NoAnswerError,
    PollingFailedError,
    RateLimitedError,
    RunwayError,
    ServerError,
    TaskNotFoundError,
)
from airflow_provider_runway.kie.poll_state import NO_FAILURES, Finished, GaveUp, PollAgain, PollFailures, timed_out
from airflow_provider_runway.kie.tasks import TaskState

from .poll_states import LINK, error_of, missing, poll_state, task


def test_five_faults_in_a_row_are_borne_and_pauses_grow() -> None:
    polled = poll_state()
    steps = [polled.failed(NoAnswerError("x"), 0.0) for _ in range(5)]
    assert steps == [PollAgain(pause) for pause in (10.0, 20.0, 40.0, 80.0, 120.0)]


def test_the_sixth_fault_in_a_row_gives_up_on_polling_but_not_on_the_task() -> None:
    polled = poll_state()
    polled.saw(task(), 0.0)
    for _ in range(5):
        polled.failed(NoAnswerError("x"), 0.0)
    error = error_of(polled.failed(ServerError("code 500", code=500, http_status=200, service_message="s"), 0.0))
    assert isinstance(error, PollingFailedError)
    assert (error.task_id, error.retryable, error.code, error.http_status, error.service_message) == (
        "t-1",
        True,
        500,
        200,
        "s",
    )
    assert str(error) == (
        "6 polls in a row of task t-1 went wrong, the last one with: code 500. The task is paid and goes on at KIE.AI."
    )


@pytest.mark.parametrize("code", [408, 501])
def test_codes_that_may_mean_the_end_of_the_task_are_borne_like_any_fault_and_then_told(code: int) -> None:
    polled = poll_state(submitted=0.0)
    steps = [polled.failed(ServerError(f"code {code}", code=code), 0.0) for _ in range(6)]
    assert all(isinstance(step, PollAgain) for step in steps[:5])
    assert "may be the end of the task, whose credits come back then" in str(error_of(steps[5]))


def test_nothing_is_claimed_of_a_task_that_nobody_has_seen() -> None:
    polled = poll_state(deadline=100.0)
    for now in (0.0, 100.0):
        step = polled.missed(missing(), now)
    failing = poll_state()
    last = [failing.failed(NoAnswerError("x"), 0.0) for _ in range(6)][-1]
    for error in (error_of(step), error_of(last), timed_out("nonsense", None)):
        assert "it is paid" not in str(error).replace("If it was submitted, it is paid", "").lower()
        assert "o poll has found a record of it" in str(error)


@pytest.mark.parametrize("between", ["record", "no record"])
def test_a_poll_that_goes_well_makes_faults_forgotten(between: str) -> None:
    polled = poll_state()
    for _ in range(3):
        for _ in range(5):
            assert isinstance(polled.failed(NoAnswerError("x"), 0.0), PollAgain)
        step = polled.saw(task(), 0.0) if between == "record" else polled.missed(missing(), 0.0)
        assert isinstance(step, PollAgain)


@pytest.mark.parametrize(
    "error",
    [
        NoAnswerError("x"),
        errors.NotSentError("x"),
        ServerError("x"),
        errors.MaintenanceError("x"),
        errors.UnreadableAnswerError("x"),
        errors.PermissionDeniedError("x"),
        errors.NotFoundError("x"),
        errors.QuotaExceededError("x"),
        errors.ServiceError("x"),
    ],
)
def test_one_blip_of_any_kind_never_ends_a_wait(error: RunwayError) -> None:
    assert isinstance(poll_state().failed(error, 0.0), PollAgain)


@pytest.mark.parametrize(
    "error", [AuthenticationError("x"), ConnectionSettingsError("x"), InvalidRequestError("task_id", "", "must be one")]
)
def test_what_no_poll_will_change_ends_the_wait_at_once(error: RunwayError) -> None:
    assert error_of(poll_state().failed(error, 0.0)) is error


def test_a_rate_limit_pauses_as_long_as_it_asks_for() -> None:
    assert poll_state(poll_interval=1.0).failed(RateLimitedError("x"), 0.0) == PollAgain(10.0)
    assert poll_state().failed(RateLimitedError("x", retry_after=300.0), 0.0) == PollAgain(300.0)
    assert poll_state().failed(RateLimitedError("x", retry_after=0.0), 0.0) == PollAgain(10.0)


@pytest.mark.parametrize("error", [RateLimitedError("x"), errors.MaintenanceError("x")])
def test_refusals_for_now_never_give_up_and_their_pauses_grow(error: RunwayError) -> None:
    polled = poll_state(deadline=1e9)
    pauses = [step.pause for _ in range(50) if isinstance(step := polled.failed(error, 0.0), PollAgain)]
    assert len(pauses) == 50
    assert pauses == sorted(pauses)
    assert pauses[-1] == 120.0


def test_a_video_that_is_ready_is_seen_soon_after_a_short_maintenance() -> None:
    polled = poll_state()
    pauses = [polled.failed(errors.MaintenanceError("x"), 0.0) for _ in range(4)]
    assert pauses == [PollAgain(10.0), PollAgain(20.0), PollAgain(40.0), PollAgain(80.0)]
    assert poll_state(poll_interval=2.0).failed(errors.MaintenanceError("x"), 0.0) == PollAgain(2.0)


@pytest.mark.parametrize("kind", [RateLimitedError, errors.MaintenanceError, ServerError, errors.UnreadableAnswerError])
def test_a_pause_that_an_answer_names_counts_for_five_minutes_at_most(kind: type[RunwayError]) -> None:
    assert poll_state().failed(kind("x", retry_after=77.0), 0.0) == PollAgain(77.0)
    assert poll_state().failed(kind("x", retry_after=80_000.0), 0.0) == PollAgain(300.0)
    assert poll_state().failed(kind("x", retry_after=1.0), 0.0) == PollAgain(10.0)


def test_a_key_that_was_changed_meanwhile_makes_its_refusal_a_fault_that_passes() -> None:
    polled = poll_state()
    steps = [polled.failed(AuthenticationError("x"), 0.0, mended=True) for _ in range(6)]
    assert steps[:2] == [PollAgain(10.0), PollAgain(20.0)]
    assert isinstance(error_of(steps[5]), PollingFailedError)


def test_a_poll_that_goes_well_makes_refusals_forgotten() -> None:
    polled = poll_state()
    first = polled.failed(RateLimitedError("x"), 0.0)
    assert polled.failed(RateLimitedError("x"), 0.0) != first
    polled.saw(task(), 0.0)
    assert polled.failed(RateLimitedError("x"), 0.0) == first


def test_a_wait_that_goes_on_in_another_process_counts_on() -> None:
    one, other = poll_state(), poll_state()
    for _ in range(3):
        one.failed(NoAnswerError("x"), 0.0)
        one.missed(missing(), 7.0)
        one.failed(RateLimitedError("x"), 0.0)
    stored = json.loads(json.dumps(one.failures.to_json()))
    other.failures = PollFailures.from_json({**stored, "of another version": 1})
    assert other.failures == one.failures == PollFailures(refusals=1, missing=3, missing_since=7.0)
    assert PollFailures.from_json({}) == NO_FAILURES


def test_patience_without_end_is_possible() -> None:
    polled = poll_state(deadline=1e9, max_faults=10**6)
    assert all(isinstance(polled.failed(NoAnswerError("x"), 0.0), PollAgain) for _ in range(1500))


def test_a_new_task_may_be_invisible_for_three_polls_and_two_minutes() -> None:
    polled = poll_state()
    assert all(isinstance(polled.missed(missing(), now), PollAgain) for now in (0.0, 10.0, 20.0, 119.0))
    error = error_of(polled.missed(missing(), 120.0))
    assert isinstance(error, TaskNotFoundError)
    assert not error.retryable


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_task_that_kie_has_named_is_lost_after_a_quarter_of_an_hour(is_seen: bool) -> None:
    polled = poll_state(submitted=None if is_seen else 0.0)
    if is_seen:
        polled.saw(task(), 0.0)

    assert all(isinstance(polled.missed(missing(), 30.0 * number), PollAgain) for number in range(30))
    assert isinstance(polled.missed(missing(), 900.0), GaveUp)


def test_three_slow_polls_are_borne_however_long_they_take() -> None:
    polled = poll_state()
    assert all(isinstance(polled.missed(missing(), now), PollAgain) for now in (0.0, 300.0, 600.0))
    assert isinstance(polled.missed(missing(), 900.0), GaveUp)


def test_a_record_that_shows_up_makes_its_absence_forgotten() -> None:
    polled = poll_state()
    for start in (0.0, 100.0, 200.0):
        for now in (0.0, 10.0, 20.0):
            assert isinstance(polled.missed(missing(), start + now), PollAgain)
        polled.saw(task(), start + 30.0)


def test_a_missing_record_is_no_fault() -> None:
    polled = poll_state()
    for _ in range(5):
        polled.failed(NoAnswerError("x"), 0.0)
    assert polled.failed(missing(), 0.0) == PollAgain(10.0)


def test_a_record_that_stays_missing_is_polled_for_less_and_less() -> None:
    polled = poll_state(missing_grace=1e9)
    steps = [polled.missed(missing(), 0.0) for _ in range(7)]
    assert steps == [PollAgain(pause) for pause in (10.0, 12.5, 15.0, 17.5, 20.0, 20.0, 20.0)]


def test_success_may_be_without_a_link_for_five_polls_and_a_minute() -> None:
    polled = poll_state()
    linkless = task(TaskState.SUCCESS)
    assert all(isinstance(polled.saw(linkless, now), PollAgain) for now in (0.0, 10.0, 20.0, 30.0, 40.0, 50.0))
    error = error_of(polled.saw(linkless, 60.0))
    assert isinstance(error, MissingVideoError)
    assert (error.task_id, error.retryable) == ("t-1", True)
    assert "has given no video for 60 s. It is paid." in str(error)


def test_a_link_that_comes_late_finishes_the_wait() -> None:
    polled = poll_state()
    polled.saw(task(TaskState.SUCCESS), 0.0)
    done = task(TaskState.SUCCESS, video_url=LINK)
    assert polled.saw(done, 10.0) == Finished(done)


def test_states_out_of_order_start_the_count_anew() -> None:
    polled = poll_state()
    for start in (0.0, 100.0, 200.0):
        for now in (0.0, 10.0, 20.0, 30.0, 40.0):
            assert isinstance(polled.saw(task(TaskState.SUCCESS), start + now), PollAgain)
        polled.saw(task(), start + 50.0)
