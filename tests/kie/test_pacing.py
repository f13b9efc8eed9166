from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.pacing import SUBMISSION_LIMIT, SUBMISSION_WINDOW, Pace


def moments(pace: Pace, number: int, now: float = 0.0) -> list[float]:
    """Take so many moments, each as soon as it is there."""
    taken = []
    for _ in range(number):
        now = pace.next_moment(now)
        pace.take(now)
        taken.append(now)
    return taken


def most_in_a_window(taken: list[float]) -> int:
    return max(sum(start <= moment < start + SUBMISSION_WINDOW for moment in taken) for start in taken)


def test_the_first_submission_waits_for_nothing() -> None:
    assert Pace().next_moment(100.0) == 100.0


def test_asking_for_a_moment_takes_nothing() -> None:
    pace = Pace()
    assert pace.next_moment(5.0) == pace.next_moment(5.0) == 5.0


def test_no_window_ever_holds_more_than_kie_takes() -> None:
    assert most_in_a_window(moments(Pace(), 400)) <= SUBMISSION_LIMIT


def test_a_long_batch_takes_little_longer_than_the_limit_imposes() -> None:
    taken = moments(Pace(), 1000)
    assert taken[-1] <= 1.15 * SUBMISSION_WINDOW * 1000 / SUBMISSION_LIMIT


def test_a_limit_that_is_changed_holds_from_then_on_and_what_was_given_counts() -> None:
    pace = Pace()
    before = moments(pace, 20)
    pace.set_limit(5)
    after = moments(pace, 20, before[-1])
    assert most_in_a_window(after) <= 5
    pace.set_limit(40)
    assert most_in_a_window(moments(pace, 100, after[-1])) > SUBMISSION_LIMIT


def test_submissions_leave_evenly_and_not_in_bunches() -> None:
    taken = moments(Pace(), 100)
    assert all(later - earlier >= 0.4 for earlier, later in pairwise(taken))


def test_after_a_rest_the_pace_does_not_burst() -> None:
    pace = Pace()
    early = moments(pace, 40)
    late = moments(pace, 40, now=early[-1] + 60.0)
    assert late[0] == early[-1] + 60.0
    assert most_in_a_window(late) <= SUBMISSION_LIMIT


def test_a_pause_that_kie_asks_for_is_kept_whole_and_never_shortened() -> None:
    pace = Pace()
    pace.pause(45.0)
    pace.pause(30.0)
    assert pace.next_moment(10.0) == 45.0
    assert pace.next_moment(50.0) == 50.0


def test_the_pace_gives_way_to_refusals_and_comes_back_when_they_stop() -> None:
    pace = Pace()
    top = pace.allowed
    now = 0.0
    for _ in range(60):
        now = moments(pace, 1, now)[0]
        pace.refused(now)
    slowed = pace.allowed
    assert slowed < top / 2
    moments(pace, 400, now)
    assert pace.allowed == top


def test_refusals_of_those_that_came_late_hardly_count() -> None:
    late, prompt = Pace(), Pace()
    now = 0.0
    for number in range(60):
        now = moments(late, 1, now)[0]
        moments(prompt, 1, now)
        if number % 3 == 0:
            late.refused(now, late=True)
            prompt.refused(now)
    assert late.allowed == Pace().allowed
    assert prompt.allowed < 0.8 * late.allowed


def test_a_rare_refusal_is_chance() -> None:
    pace = Pace()
    now = moments(pace, 19)[-1]
    pace.refused(now)
    moments(pace, 20, now)
    assert pace.allowed == Pace().allowed


@pytest.mark.parametrize("refusals", [1, 5])
def test_however_many_refusals_the_pace_never_stops(refusals: int) -> None:
    pace = Pace()
    now = 0.0
    for _ in range(300):
        now = moments(pace, 1, now)[0]
        for _ in range(refusals):
            pace.refused(now)
    assert pace.allowed >= 1.0
    assert pace.next_moment(now) <= now + SUBMISSION_WINDOW


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.integers(0, 3), st.floats(0.0, 60.0)), max_size=80))
def test_whatever_happens_moments_come_in_order_and_within_the_limit(
    happenings: list[tuple[float, int, float]],
) -> None:
    pace = Pace()
    now = 0.0
    taken: list[float] = []
    for rest, refusals, pause in happenings:
        moment = pace.next_moment(now)
        assert moment >= now
        pace.take(moment)
        taken.append(moment)
        for _ in range(refusals):
            pace.refused(moment)
        if refusals == 3:
            pace.pause(moment + pause)
        now = moment + rest
    assert taken == sorted(taken)
    assert not taken or most_in_a_window(taken) <= SUBMISSION_LIMIT
