"""Values that are made anew once in a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from airflow_provider_runway.plugin.cache import Cache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_value_is_kept_for_its_time(clock: Clock) -> None:
    cache = Cache(30.0, clock)
    assert [cache.get("a", lambda: 1), cache.get("a", lambda: 2), cache.get("b", lambda: 3)] == [1, 1, 3]

    clock.now = 30.0

    assert cache.get("a", lambda: 4) == 4


def test_while_one_makes_it_anew_others_get_the_one_before(clock: Clock) -> None:
    cache, begun, go_on = Cache(30.0, clock), Event(), Event()
    cache.get("a", lambda: "before")
    clock.now = 31.0

    def slow() -> str:
        begun.set()
        assert go_on.wait(60)
        return "anew"

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(cache.get, "a", slow)
        assert begun.wait(60)
        meanwhile = cache.get("a", lambda: "a second time")
        go_on.set()

    assert (meanwhile, made.result(), cache.get("a", lambda: "again")) == ("before", "anew", "anew")


def test_what_cannot_be_made_is_tried_again(clock: Clock) -> None:
    cache = Cache(30.0, clock)

    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)

    assert cache.get("a", lambda: 1) == 1


def test_it_keeps_so_many_and_no_more(clock: Clock) -> None:
    cache = Cache(30.0, clock)
    for number in range(1000):
        cache.get(number, lambda: 0)

    assert cache.get(999, lambda: 1) == 0
    assert cache.get(0, lambda: 1) == 1
