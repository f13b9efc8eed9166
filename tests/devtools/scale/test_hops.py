"""What `make hops` takes for good."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from devtools.scale.hops import MOST_POSTS, Outcome, busy, table

GOOD = Outcome(videos=200, failed=0, retried=0, paid_twice=0, unpaid=0, posts=1.04, seconds=110.0, whole=160.0)


def test_a_run_in_which_everything_was_made_and_paid_once_is_good() -> None:
    assert GOOD.holds
    assert replace(GOOD, posts=MOST_POSTS).holds


@pytest.mark.parametrize("fault", [{"failed": 1}, {"retried": 1}, {"paid_twice": 1}, {"unpaid": 1}, {"posts": 1.11}])
def test_a_single_fault_is_too_many_and_shows_in_the_table(fault: dict[str, int]) -> None:
    bad = replace(GOOD, **fault)

    assert not bad.holds
    assert [line.split("|")[-2].strip() for line in table([GOOD, bad]).splitlines()[-2:]] == ["yes", "NO"]


def test_the_busy_loops_end_with_it() -> None:
    before = set(psutil.Process().children())

    with suppress(KeyboardInterrupt), busy(2):
        assert len(set(psutil.Process().children()) - before) == 2
        raise KeyboardInterrupt

    assert set(psutil.Process().children()) <= before
