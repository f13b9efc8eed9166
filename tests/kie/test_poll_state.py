from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    GenerationFailedError,
    NoAnswerError,
    RateLimitedError,
    RunwayError,
    ServerError,
    VideoExpiredError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.poll_state import Finished, GaveUp, PollAgain, timed_out
from airflow_provider_runway.kie.tasks import TaskState, VideoTask, read_runway_record

from .poll_states import LINK, error_of, missing, poll_state, task
from .support import READY, record


def test_a_ready_video_finishes_the_wait_even_past_the_deadline() -> None:
    done = task(TaskState.SUCCESS, video_url=LINK)
    assert poll_state(deadline=100.0).saw(done, 500.0) == Finished(done)


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        (task(TaskState.FAILED), GenerationFailedError),
        (task(TaskState.SUCCESS, expired=True), VideoExpiredError),
    ],
)
def test_a_task_that_ended_without_a_video_ends_the_wait(ended: VideoTask, kind: type[RunwayError]) -> None:
    assert type(error_of(poll_state().saw(ended, 0.0))) is kind


def test_a_task_that_goes_on_is_polled_again_after_the_interval() -> None:
    assert poll_state().saw(task(), 0.0) == PollAgain(10.0, "generating")


def test_jitter_lengthens_the_interval_by_up_to_a_fifth() -> None:
    assert poll_state(jitter=lambda: 1.0).saw(task(), 0.0) == PollAgain(12.0, "generating")


def test_the_last_poll_is_at_the_deadline_and_not_after() -> None:
    polled = poll_state(deadline=100.0)
    assert polled.saw(task(), 93.0) == PollAgain(7.0, "generating")
    assert isinstance(polled.saw(task(), 100.0), GaveUp)


def test_a_wait_past_its_deadline_says_that_the_task_goes_on_and_is_paid() -> None:
    polled = poll_state(deadline=100.0)
    polled.saw(task(), 0.0)
    error = error_of(polled.saw(task(), 100.0))
    assert isinstance(error, WaitTimeoutError)
    assert (error.task_id, error.retryable) == ("t-1", True)
    assert str(error) == (
        "Task t-1 was not ready in time (last seen: generating). It is paid and goes on being made at KIE.AI."
    )


def test_a_poll_state_that_saw_nothing_times_out_too() -> None:
    assert "no poll has found a record of it. If it was submitted, it is paid" in str(timed_out("t-1", None))
    assert "was not ready in time. It is paid" in str(timed_out("t-1", None, submitted=True))
    assert isinstance(error_of(poll_state(deadline=0.0).failed(NoAnswerError("x"), 0.0)), WaitTimeoutError)
    assert isinstance(error_of(poll_state(deadline=0.0).missed(missing(), 0.0)), WaitTimeoutError)


def test_a_change_is_told_once_and_not_on_every_poll() -> None:
    polled = poll_state()
    states = [TaskState.QUEUED, TaskState.QUEUED, TaskState.GENERATING, TaskState.QUEUED, TaskState.SUCCESS]
    steps = [polled.saw(task(state), 0.0) for state in states]
    assert [step.change for step in steps if isinstance(step, PollAgain)] == [
        "queued",
        None,
        "generating",
        "queued",
        "success",
    ]


def test_a_state_that_nobody_knows_is_told_once_by_kies_own_word() -> None:
    polled = poll_state()
    steps = [polled.saw(task(TaskState.UNKNOWN, raw_state="upscaling"), 0.0) for _ in range(2)]
    assert steps == [PollAgain(10.0, "upscaling (a state that KIE.AI does not document)"), PollAgain(10.0, None)]
    assert polled.state == "upscaling"


def test_a_record_without_a_state_is_told_too() -> None:
    step = poll_state().saw(task(TaskState.UNKNOWN, raw_state=""), 0.0)
    assert step == PollAgain(10.0, "no state (a state that KIE.AI does not document)")


def test_a_state_of_any_length_is_told_on_one_short_line() -> None:
    step = poll_state().saw(task(TaskState.UNKNOWN, raw_state="a\nb" * 1000), 0.0)
    assert isinstance(step, PollAgain)
    assert step.change is not None
    assert step.change.isprintable()
    assert len(step.change) < 100


def test_an_unknown_state_is_waited_for_until_the_deadline() -> None:
    polled = poll_state(deadline=1800.0)
    strange = task(TaskState.UNKNOWN, raw_state="upscaling")
    assert all(isinstance(polled.saw(strange, now), PollAgain) for now in range(0, 1800, 10))
    assert isinstance(error_of(polled.saw(strange, 1800.0)), WaitTimeoutError)


def test_a_second_subscription_can_hurry_a_poll_state_and_not_slow_it() -> None:
    polled = poll_state()
    polled.hurry(20.0)
    assert polled.saw(task(), 0.0) == PollAgain(10.0, "generating")
    polled.hurry(2.0)
    assert polled.saw(task(), 0.0) == PollAgain(2.0)


def test_no_pause_outlasts_the_deadline() -> None:
    assert poll_state(deadline=60.0).failed(RateLimitedError("x", retry_after=80_000.0), 0.0) == PollAgain(60.0)


def test_an_interval_longer_than_the_longest_pause_is_kept() -> None:
    assert poll_state(poll_interval=300.0).failed(NoAnswerError("x"), 0.0) == PollAgain(300.0)


POLLS = st.one_of(
    st.sampled_from(list(TaskState)).map(task),
    st.builds(lambda state: read_runway_record(record(state), "t-1"), st.text(max_size=8)),
    st.just(read_runway_record(READY, "t-1")),
    st.sampled_from(
        [
            NoAnswerError("x"),
            missing(),
            RateLimitedError("x", retry_after=80_000.0),
            ServerError("x"),
            errors.NotFoundError("x"),
            AuthenticationError("x"),
        ]
    ),
)


@given(
    st.lists(st.tuples(POLLS, st.floats(0.0, 400.0)), max_size=40),
    st.floats(0.0, 1.0, exclude_max=True),
    st.floats(0.1, 600.0),
)
def test_any_wait_ends_by_its_deadline_and_never_pauses_past_it(
    polls: list[tuple[VideoTask | RunwayError, float]], jitter: float, interval: float
) -> None:
    polled = poll_state(deadline=1800.0, jitter=lambda: jitter, poll_interval=interval)
    now = 0.0
    for seen, late in polls:
        step = polled.failed(seen, now) if isinstance(seen, RunwayError) else polled.saw(seen, now)
        if not isinstance(step, PollAgain):
            break
        assert now < 1800.0
        assert 0.0 < step.pause <= 1800.0 - now
        assert step.pause >= min(interval, 1800.0 - now)
        now += step.pause + late
