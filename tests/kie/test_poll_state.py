from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import (
    AuthenticationError,
    ConnectionSettingsError,
    GenerationFailedError,
    InvalidRequestError,
    MissingVideoError,
    NoAnswerError,
    PollingFailedError,
    RateLimitedError,
    RunwayError,
    ServerError,
    TaskNotFoundError,
    VideoExpiredError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.poll_state import (
    NO_FAILURES,
    Finished,
    GaveUp,
    PollAgain,
    PollFailures,
    PollRules,
    PollState,
    Step,
    timed_out,
)
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.tasks import TaskState, VideoTask, read_runway_record

from .support import READY, record

RULES = PollRules(poll_interval=10.0, jitter=lambda: 0.0)
LINK = "https://files.example/v.mp4"


def task(state: TaskState = TaskState.GENERATING, **fields: Any) -> VideoTask:
    return VideoTask(**{"task_id": "t-1", "kind": "runway", "state": state, "raw_state": state.value, **fields})


def poll_state(
    deadline: float = 1800.0, schedule: Schedule | None = None, submitted: float | None = None, **rules: Any
) -> PollState:
    made = {"poll_interval": 10.0, "jitter": lambda: 0.0, **rules}
    return PollState("t-1", deadline=deadline, rules=PollRules(**made), schedule=schedule, submitted=submitted)


def error_of(step: Step) -> RunwayError:
    assert isinstance(step, GaveUp)
    return step.error


def missing() -> TaskNotFoundError:
    return TaskNotFoundError("KIE.AI has no record of task t-1", task_id="t-1")


# --- a poll state


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


# --- polls that go wrong


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


# --- polls by a schedule


def scheduled(age: float | None, **options: Any) -> PollState:
    return poll_state(schedule=Schedule("generate-5s-720p"), submitted=None if age is None else -age, **options)


def test_the_first_poll_at_a_new_video_waits_until_it_is_an_interval_old() -> None:
    assert scheduled(0.0).begin(0.0) >= 10.0
    assert scheduled(4.0).begin(0.0) >= 6.0


@pytest.mark.parametrize("polled", [poll_state(), scheduled(None), scheduled(0.0, deadline=0.0)])
def test_the_first_poll_is_at_once_where_the_age_is_unknown_or_the_time_is_up(polled: PollState) -> None:
    assert polled.begin(0.0) == 0.0


def test_a_poll_state_tells_its_schedule_when_the_video_was_ready() -> None:
    schedule = Schedule("generate-5s-720p")
    too_soon, right = schedule.head_start(0.0, 300.0, 1.0), schedule.head_start(390.0, 460.0, 1.0)
    for _ in range(60):
        polled = poll_state(schedule=schedule, submitted=0.0)
        polled.begin(1.0)
        polled.saw(task(), 395.0)
        polled.saw(task(TaskState.SUCCESS, video_url=LINK), 405.0)
    assert schedule.head_start(0.0, 300.0, 1.0) < 0.5 * too_soon
    assert schedule.head_start(390.0, 460.0, 1.0) > right


def test_a_wait_that_began_late_does_not_pass_for_a_video_that_was_late() -> None:
    schedule = Schedule("generate-5s-720p")
    before = schedule.head_start(0.0, 600.0, 1.0)
    for _ in range(60):
        polled = poll_state(schedule=schedule, submitted=-590.0)
        polled.begin(0.0)
        polled.saw(task(TaskState.SUCCESS, video_url=LINK), 10.0)
    assert schedule.head_start(0.0, 600.0, 1.0) == before


def test_a_video_that_is_likely_to_be_ready_gets_a_head_start() -> None:
    def head_start(age: float) -> float:
        polled = scheduled(age)
        polled.saw(task(), 0.0)
        return polled.head_start(10.0)

    assert head_start(90.0) > head_start(0.0) >= 0.0
    assert poll_state().head_start(0.0) == 0.0


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


def test_patience_without_end_is_possible() -> None:
    polled = poll_state(deadline=1e9, max_faults=10**6)
    assert all(isinstance(polled.failed(NoAnswerError("x"), 0.0), PollAgain) for _ in range(1500))


# --- records that are not there


def test_a_new_task_may_be_invisible_for_three_polls_and_two_minutes() -> None:
    polled = poll_state()
    assert all(isinstance(polled.missed(missing(), now), PollAgain) for now in (0.0, 10.0, 20.0, 119.0))
    error = error_of(polled.missed(missing(), 120.0))
    assert isinstance(error, TaskNotFoundError)
    assert not error.retryable


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


# --- success without a video


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


# --- where KIE calls


def called(now: float = 0.0) -> PollState:
    state = PollState("t-1", deadline=9e9, rules=RULES, schedule=Schedule("runway"), submitted=0.0, is_called=True)
    state.begin(now)
    return state


def test_where_kie_calls_polls_are_for_lost_calls_alone() -> None:
    state = called()

    first = state.begin(0.0)
    step = state.saw(task(), first)

    assert first >= Schedule("runway").first_pause_beside_calls(0.0, 10.0, 0.0) > 300
    assert step == PollAgain(300.0, "generating")


def test_where_kie_calls_what_is_out_of_order_is_polled_as_usual() -> None:
    state = called()
    state.saw(task(), 400.0)

    pauses = [state.missed(missing(), 400.0), state.saw(task(TaskState.SUCCESS), 410.0)]

    assert all(isinstance(step, PollAgain) and step.pause <= 60.0 for step in pauses)


def test_a_first_poll_for_a_lost_call_teaches_nothing_and_a_call_does() -> None:
    state = called()
    assert state.schedule is not None
    before = list(state.schedule._last)

    state.saw(task(TaskState.SUCCESS, video_url=LINK), 400.0)
    assert list(state.schedule._last) == before
    called_late = called()
    called_late.schedule = state.schedule
    called_late.woken(200.0)

    assert list(state.schedule._last) == [*before, 195.0]


@pytest.mark.parametrize("now", [0.0, -5.0])
def test_a_call_at_an_impossible_age_teaches_nothing(now: float) -> None:
    state = called()
    assert state.schedule is not None
    before = list(state.schedule._last)
    state.woken(now)
    assert list(state.schedule._last) == before
