"""When a poll state has its task polled, by its schedule and where KIE calls."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.kie.poll_state import PollAgain, PollRules, PollState
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.tasks import TaskState

from .poll_states import LINK, missing, poll_state, task

RULES = PollRules(poll_interval=10.0, jitter=lambda: 0.0)


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
