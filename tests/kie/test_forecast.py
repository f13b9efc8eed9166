from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.forecast import CELLS, EDGES, Forecast, cell_of, guessed_median
from airflow_provider_runway.kie.prices import CREDITS

any_age = st.floats(allow_nan=True, allow_infinity=True)


def forecast() -> Forecast:
    return Forecast(90.0)


def teach(taught: Forecast, ends: list[float], pause: float = 10.0) -> Forecast:
    """Show it videos that end at these ages, by looks at some distance."""
    for end in ends:
        since = 0.0
        while since < end and since < 1800.0:
            taught.saw(since, since + pause, ended=end <= since + pause)
            since += pause
    return taught


def about(median: float, videos: int = 300, sigma: float = 0.3, seed: int = 0) -> list[float]:
    dice = random.Random(seed)
    return [dice.lognormvariate(math.log(median), sigma) for _ in range(videos)]


def share_by(taught: Forecast, age: float) -> float:
    return taught.chance(0.0, age)


# --- the guess


@pytest.mark.parametrize("profile", [*CREDITS, "runway", "aleph", "", "a profile of next year"])
def test_half_of_the_videos_are_guessed_to_be_ready_at_the_guessed_median(profile: str) -> None:
    median = guessed_median(profile)
    assert 60.0 <= median <= 600.0
    assert share_by(Forecast(median), median) == pytest.approx(0.5, abs=0.02)


def test_aleph_is_guessed_to_take_longest() -> None:
    assert guessed_median("aleph") > max(guessed_median(name) for name in CREDITS if name != "aleph")


# --- the grid of ages


@given(st.floats(min_value=0.0, max_value=EDGES[-1]))
def test_an_age_lies_in_its_cell(age: float) -> None:
    cell = cell_of(age)
    assert EDGES[cell] <= age <= EDGES[cell + 1]


def test_the_edge_of_a_cell_belongs_to_the_cell_it_begins() -> None:
    assert [cell_of(edge) for edge in EDGES[:-1]] == list(range(CELLS))


# --- chances


@given(any_age, any_age)
def test_a_chance_is_one_whatever_the_ages(since: float, age: float) -> None:
    assert 0.0 <= forecast().chance(since, age) <= 1.0


@given(st.floats(0.0, 9000.0), st.floats(0.0, 9000.0))
def test_the_longer_a_video_was_not_looked_at_the_likelier_it_has_ended(age: float, later: float) -> None:
    age, later = sorted((age, later))
    assert forecast().chance(0.0, age) <= forecast().chance(0.0, later)


# --- learning


@pytest.mark.parametrize("median", [20.0, 45.0, 90.0, 180.0, 600.0])
@pytest.mark.parametrize("pause", [2.0, 10.0])
def test_it_learns_when_videos_end_though_looks_are_far_apart(median: float, pause: float) -> None:
    taught = teach(forecast(), about(median), pause)
    assert share_by(taught, median) == pytest.approx(0.5, abs=0.12)
    assert share_by(taught, 0.4 * median) < 0.12
    assert share_by(taught, 2.2 * median) > 0.9


def test_it_follows_a_service_that_becomes_slower_and_one_that_becomes_faster() -> None:
    slower = teach(teach(forecast(), about(90.0)), about(180.0, videos=400))
    assert share_by(slower, 110.0) < 0.3
    faster = teach(teach(forecast(), about(90.0)), about(45.0, videos=400))
    assert share_by(faster, 60.0) > 0.6


def test_what_was_learned_long_ago_is_forgotten() -> None:
    now = teach(teach(forecast(), about(30.0)), about(90.0, videos=1500, seed=1))
    other = teach(teach(forecast(), about(300.0)), about(90.0, videos=1500, seed=1))
    for age in (30.0, 60.0, 90.0, 120.0, 200.0):
        assert share_by(now, age) == pytest.approx(share_by(other, age), abs=0.05)


def test_a_few_outliers_change_little() -> None:
    taught = teach(forecast(), about(90.0))
    before = [share_by(taught, age) for age in (30.0, 60.0, 90.0, 120.0, 200.0)]
    teach(taught, [1.0, 2.0, 3.0, 1500.0, 1700.0, math.inf])
    assert [share_by(taught, age) for age in (30.0, 60.0, 90.0, 120.0, 200.0)] == pytest.approx(before, abs=0.05)


def test_an_outage_in_which_nothing_ends_is_got_over() -> None:
    taught = teach(teach(forecast(), about(90.0)), [math.inf] * 1000)
    assert share_by(taught, 150.0) < 0.2
    teach(taught, about(90.0, videos=1000, seed=2))
    assert share_by(taught, 150.0) > 0.7


def test_waits_that_begin_late_do_not_bend_what_is_known_of_young_videos() -> None:
    taught = teach(forecast(), about(90.0))
    before = share_by(taught, 80.0)
    for end in about(90.0, seed=3):
        if end > 130.0:  # the others ended before the restart, and nobody heard of it
            taught.saw(120.0, 130.0, ended=False)
            taught.saw(130.0, end + 5.0, ended=True)
    assert share_by(taught, 80.0) == pytest.approx(before, abs=0.03)


def test_an_end_known_only_to_within_a_long_pause_is_put_where_videos_end() -> None:
    taught = teach(forecast(), about(90.0))
    for _ in range(100):
        taught.saw(0.0, 1800.0, ended=True)
    assert share_by(taught, 40.0) < 0.1
    assert share_by(taught, 90.0) == pytest.approx(0.5, abs=0.12)
    assert share_by(taught, 200.0) > 0.75


@pytest.mark.parametrize(
    ("since", "age"),
    [
        (10.0, 10.0),
        (20.0, 10.0),
        (math.nan, 10.0),
        (10.0, math.nan),
        (8000.0, 9000.0),
        (-5.0, -1.0),
        (math.inf, math.inf),
    ],
)
def test_a_look_that_says_nothing_teaches_nothing(since: float, age: float) -> None:
    taught, untaught = forecast(), forecast()
    for _ in range(100):
        taught.saw(since, age, ended=True)
        taught.saw(since, age, ended=False)
    assert (taught.version, taught.hazard) == (untaught.version, untaught.hazard)


def test_the_version_tells_of_a_change() -> None:
    taught = forecast()
    version, hazard = taught.version, taught.hazard
    teach(taught, about(30.0, videos=20))
    assert taught.version > version
    assert taught.hazard != hazard


@given(st.lists(st.tuples(any_age, any_age, st.booleans()), max_size=200))
def test_it_stands_whatever_looks_it_is_told_of(looks: list[tuple[float, float, bool]]) -> None:
    taught = forecast()
    for since, age, ended in looks:
        taught.saw(since, age, ended=ended)
        taught.saw(0.0, age, ended=ended)
    assert all(0.0 < hazard < math.inf for hazard in taught.hazard)
    assert 0.0 < taught.chance(0.0, math.inf) <= 1.0


def test_it_goes_on_after_very_many_videos() -> None:
    taught = forecast()
    for _ in range(20_000):
        taught.saw(0.0, 80.0, ended=False)
        taught.saw(80.0, 100.0, ended=True)
    assert share_by(taught, 80.0) < 0.2
    assert share_by(taught, 110.0) > 0.9
