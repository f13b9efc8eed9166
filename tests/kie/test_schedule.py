from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.prices import RUNWAY
from airflow_provider_runway.kie.schedule import (
    HEAD_START,
    LONGEST,
    LONGEST_AFTER,
    Schedule,
    guessed_median,
    longest_time,
)
from devtools.bench.schedule import (
    CHANGES,
    EXPONENTIAL,
    HUMPS,
    LAWS,
    MISJUDGED,
    NARROW,
    STUCK,
    WIDE,
    Law,
    changing,
    cold,
    drawn,
    learned,
    log_normal,
    optimum,
    taught,
    watch,
)

any_age = st.none() | st.floats(allow_nan=True, allow_infinity=True)
intervals = st.floats(min_value=0.05, max_value=600.0)
jitters = st.floats(min_value=0.0, max_value=1.0, exclude_max=True)


def schooled(law: Law) -> Schedule:
    return taught(law, 10.0, random.Random(0))


UNTAUGHT = Schedule("generate-5s-720p")
EXPERT = schooled(NARROW)
OF_STUCK = schooled(STUCK)
SCHEDULES = [UNTAUGHT, Schedule("aleph"), EXPERT, schooled(HUMPS), OF_STUCK]
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES, ids=["guess", "aleph", "narrow", "humps", "stuck"])


# --- pauses


@each_schedule
@given(age=any_age, poll_interval=intervals, jitter=jitters)
def test_a_pause_is_bounded_whatever_the_age(
    schedule: Schedule, age: float | None, poll_interval: float, jitter: float
) -> None:
    pause = schedule.next_pause(age, poll_interval, jitter)
    assert poll_interval <= pause <= LONGEST_AFTER * poll_interval * (1.0 + 1e-9)


@each_schedule
@given(age=st.floats(-10.0, 50.0), poll_interval=intervals, jitter=jitters)
def test_before_videos_become_ready_a_pause_is_at_most_three_intervals(
    schedule: Schedule, age: float, poll_interval: float, jitter: float
) -> None:
    pause = schedule.next_pause(age, poll_interval, jitter)
    assert age + pause > 200.0 or pause <= LONGEST * poll_interval * (1.0 + 1e-9)


@each_schedule
@given(age=st.floats(0.0, 9000.0), later=st.floats(0.0, 9000.0), jitter=jitters)
def test_of_two_polls_the_one_made_later_is_followed_later(
    schedule: Schedule, age: float, later: float, jitter: float
) -> None:
    age, later = sorted((age, later))
    after, after_later = (start + schedule.next_pause(start, 10.0, jitter) for start in (age, later))
    assert after <= after_later + 1e-6


@each_schedule
@given(age=st.floats(0.0, 9000.0), jitter=jitters, other=jitters)
def test_jitter_only_lengthens(schedule: Schedule, age: float, jitter: float, other: float) -> None:
    jitter, other = sorted((jitter, other))
    assert schedule.next_pause(age, 10.0, jitter) <= schedule.next_pause(age, 10.0, other) + 1e-9


def test_pauses_are_long_first_short_while_videos_become_ready_and_long_again_for_the_stuck() -> None:
    early, dense, late = (OF_STUCK.next_pause(age, 10.0, 0.0) for age in (5.0, 85.0, 900.0))
    assert dense == pytest.approx(10.0, abs=0.5)
    assert early > 2.0 * dense
    assert late > 4.0 * dense


@each_schedule
def test_long_after_the_others_pauses_grow_even_if_no_video_was_ever_seen_to_be_stuck(schedule: Schedule) -> None:
    pauses = [round(schedule.next_pause(age, 10.0, 0.0), 6) for age in (1000.0, 3000.0, 8000.0, math.inf)]
    assert pauses == sorted(pauses)
    assert pauses[1] > 15.0
    assert pauses[-1] > 40.0


def test_a_long_pause_does_not_reach_far_into_the_time_in_which_videos_become_ready() -> None:
    for age in range(60):
        # 5 % of the videos are ready at 55 s, and half of them at 90 s.
        assert age + EXPERT.next_pause(float(age), 10.0, 0.999) < 80.0


@given(poll_interval=intervals, jitter=jitters)
def test_without_an_age_pauses_are_even(poll_interval: float, jitter: float) -> None:
    for pause in (EXPERT.next_pause(None, poll_interval, jitter), EXPERT.next_pause(math.nan, poll_interval, jitter)):
        assert poll_interval <= pause <= 1.2 * poll_interval


# --- what is learned


def pauses(schedule: Schedule) -> list[float]:
    return [schedule.next_pause(age, 10.0, 0.0) for age in (5.0, 15.0, 25.0, 40.0, 90.0, 300.0, 900.0)]


def teach(schedule: Schedule, law: Law, videos: int = 100, seed: int = 1) -> Schedule:
    dice = random.Random(seed)
    watch(schedule, drawn(law, videos, dice), 10.0, dice)
    return schedule


@pytest.mark.parametrize("profile", [*RUNWAY, "runway", "", "a profile of next year"])
def test_aleph_is_guessed_to_take_longest(profile: str) -> None:
    assert 60.0 <= guessed_median(profile) <= guessed_median("aleph") <= 600.0


def test_pauses_follow_what_is_learned_meanwhile() -> None:
    schedule = Schedule("generate-5s-720p")
    before = schedule.next_pause(5.0, 10.0, 0.0)
    assert teach(schedule, NARROW).next_pause(5.0, 10.0, 0.0) > 1.2 * before


def test_what_was_learned_long_ago_is_forgotten() -> None:
    one = teach(teach(Schedule("runway"), log_normal(30.0, 0.3)), NARROW, seed=2)
    other = teach(teach(Schedule("runway"), log_normal(300.0, 0.3)), NARROW, seed=2)
    assert pauses(one) == pytest.approx(pauses(other), rel=0.2)


def test_a_few_outliers_change_little() -> None:
    schedule = teach(Schedule("runway"), NARROW)
    before = pauses(schedule)
    for since, age in ((0.0, 2.0), (0.0, 3.0), (1490.0, 1500.0), (1690.0, 1700.0)):
        schedule.learn(since, age)
    assert pauses(schedule) == pytest.approx(before, rel=0.3)


@pytest.mark.parametrize(
    ("since", "age"),
    [(10.0, 10.0), (20.0, 10.0), (math.nan, 10.0), (10.0, math.nan), (-5.0, -1.0), (0.0, math.inf), (math.inf,) * 2],
)
def test_a_poll_that_says_nothing_teaches_nothing(since: float, age: float) -> None:
    schedule = Schedule("runway")
    before = pauses(schedule)
    for _ in range(100):
        schedule.learn(since, age)
    assert pauses(schedule) == before


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=100), any_age)
def test_it_stands_whatever_polls_it_learns_from(polls: list[tuple[float, float]], age: float | None) -> None:
    schedule = Schedule("runway")
    for since, until in polls:
        schedule.learn(since, until)
    assert 10.0 <= schedule.next_pause(age, 10.0, 0.5) <= LONGEST_AFTER * 10.0


# --- first polls


@each_schedule
@given(age=any_age, poll_interval=intervals, jitter=jitters)
def test_a_first_poll_comes_within_the_longest_pause(
    schedule: Schedule, age: float | None, poll_interval: float, jitter: float
) -> None:
    assert 0.0 <= schedule.first_pause(age, poll_interval, jitter) <= LONGEST_AFTER * poll_interval * (1.0 + 1e-9)


@each_schedule
@given(part=st.floats(0.0, 1.0, exclude_max=True), poll_interval=intervals, jitter=jitters)
def test_a_new_video_is_first_polled_when_it_is_one_to_three_intervals_old(
    schedule: Schedule, part: float, poll_interval: float, jitter: float
) -> None:
    age = part * poll_interval
    polled = age + schedule.first_pause(age, poll_interval, jitter)
    assert (1.0 - 1e-9) * poll_interval <= polled <= LONGEST * poll_interval * (1.0 + 1e-9)


@each_schedule
@pytest.mark.parametrize("age", [0.0, 2.0, 90.0, 1000.0, None])
def test_waits_that_begin_together_are_first_polled_at_different_moments(schedule: Schedule, age: float | None) -> None:
    polls = [schedule.first_pause(age, 10.0, i / 1000) for i in range(1000)]
    busiest = max(sum(second <= poll < second + 1.0 for poll in polls) for second in range(60))
    assert busiest < 400


def test_after_a_restart_nobody_waits_longer_than_for_a_usual_pause() -> None:
    assert EXPERT.first_pause(90.0, 10.0, 0.999) <= 10.0
    assert EXPERT.first_pause(90.0, 10.0, 0.0) == pytest.approx(0.0, abs=1e-9)


# --- who goes first under a limit


@given(since=any_age, age=any_age, poll_interval=intervals)
def test_a_head_start_is_bounded(since: float | None, age: float | None, poll_interval: float) -> None:
    assert 0.0 <= EXPERT.head_start(since, age, poll_interval) <= HEAD_START * poll_interval


def test_the_likelier_a_video_is_ready_the_larger_is_its_head_start() -> None:
    early, dense, stuck = (OF_STUCK.head_start(age - 15.0, age, 10.0) for age in (30.0, 95.0, 900.0))
    assert dense > 5.0 * early
    assert dense > 5.0 * stuck


def test_under_a_limit_videos_are_seen_sooner_than_in_the_order_of_their_moments_and_none_starves() -> None:
    ahead, longest = _limited(lambda since, age: OF_STUCK.head_start(since, age, 10.0))
    in_order, longest_in_order = _limited(lambda _since, _age: 0.0)
    assert ahead < 0.95 * in_order
    assert longest < longest_in_order + HEAD_START * 10.0


def _limited(head_start: Callable[[float, float], float]) -> tuple[float, float]:
    """Mean delay, and the longest that a poll was held up, when only four polls in a second are allowed.

    Videos are submitted at a rate at which they call for about a tenth more than that; one in twenty is stuck.
    """
    dice = random.Random(5)
    ends = drawn(STUCK, 700, dice)
    schedule = OF_STUCK
    coming = [(i * 1.4 + schedule.first_pause(0.0, 10.0, dice.random()), i, 0.0) for i in range(700)]
    heapq.heapify(coming)
    due: list[tuple[float, float, int, float]] = []
    delays, longest = [], 0.0
    for turn in range(4 * 700):
        now = turn * 0.25
        while coming and coming[0][0] <= now:
            moment, video, since = heapq.heappop(coming)
            key = moment - head_start(since, moment - video * 1.4)
            heapq.heappush(due, (key, moment, video, since))
        if not due:
            continue
        _, moment, video, since = heapq.heappop(due)
        longest = max(longest, now - moment)
        age = now - video * 1.4
        if ends[video] <= age:
            delays.append(age - ends[video])
        else:
            heapq.heappush(coming, (now + schedule.next_pause(age, 10.0, dice.random()), video, age))
    return sum(delays) / len(delays), longest


# --- what it saves, in simulation: requests times mean delay, relative to a flat schedule


def test_the_optimum_is_the_known_one() -> None:
    assert optimum(NARROW) == pytest.approx(0.51, abs=0.005)
    assert optimum(WIDE) == pytest.approx(0.73, abs=0.005)
    assert optimum(EXPONENTIAL) == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
@pytest.mark.parametrize("poll_interval", [10.0, 15.0])
def test_after_learning_polls_are_spent_better_than_evenly(law: Law, poll_interval: float) -> None:
    assert learned(law, poll_interval, histories=3, videos=800).figure <= law.limit


@pytest.mark.parametrize("law", [*LAWS, *MISJUDGED], ids=lambda law: law.name)
def test_the_guess_alone_is_never_worse_than_polling_evenly(law: Law) -> None:
    assert cold(law, 10.0, videos=1500).figure <= 1.05


@pytest.mark.parametrize(("before", "after"), CHANGES, ids=lambda law: law.name)
def test_a_change_of_the_service_costs_nothing(before: Law, after: Law) -> None:
    for comparison in changing(before, after, 10.0, histories=6, windows=((0, 50), (50, 150))):
        assert comparison.figure <= 1.05


@pytest.mark.parametrize("poll_interval", [2.0, 5.0])
def test_a_short_interval_saves_as_much(poll_interval: float) -> None:
    assert learned(NARROW, poll_interval, histories=2, videos=300).figure <= NARROW.limit


def test_a_video_that_is_ready_before_the_first_poll_is_polled_early() -> None:
    schedule = taught(Law("sandbox", lambda dice: dice.uniform(4.0, 6.0), lambda _: 0.0), 10.0, random.Random(0))
    assert schedule.first_pause(0.0, 10.0, 0.999) < 15.0


# --- beside calls


@each_schedule
@given(jitter=jitters)
def test_where_kie_calls_the_first_poll_is_for_videos_that_are_overdue(schedule: Schedule, jitter: float) -> None:
    first = schedule.first_pause_beside_calls(0.0, 10.0, jitter)

    ready_before = sum(age <= first for age in schedule._last)
    assert ready_before >= 0.95 * len(schedule._last) - 1
    assert first >= 10.0
    assert schedule.first_pause_beside_calls(first, 10.0, jitter) < 10.0


@each_schedule
@given(age=any_age, poll_interval=intervals, jitter=jitters)
def test_where_kie_calls_an_overdue_video_is_polled_every_30_intervals(
    schedule: Schedule, age: float | None, poll_interval: float, jitter: float
) -> None:
    pause = schedule.next_pause_beside_calls(age, poll_interval, jitter)

    assert pause >= poll_interval
    if age is None or math.isnan(age) or age >= schedule._overdue:
        assert 30 * poll_interval <= pause <= 36 * poll_interval
    else:
        assert pause <= max(schedule._overdue, poll_interval) + max(-age, 0.0) + poll_interval


@pytest.mark.parametrize(("profile", "seconds"), [("generate-5s-720p", 900.0), ("aleph", 1200.0), ("any/model", 900.0)])
def test_the_longest_time_is_longer_than_any_that_was_seen(profile: str, seconds: float) -> None:
    assert longest_time(profile) == seconds
