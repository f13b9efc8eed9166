from __future__ import annotations

from devtools.chaos.plan import Patience


def test_a_batch_is_waited_for_while_its_tasks_go_on_to_end_however_late() -> None:
    patience = Patience(until=100, seconds=30)
    for ended, now in enumerate((50, 99, 125, 150)):
        assert not patience.is_over(now)
        patience.note(ended, now)
    assert not patience.is_over(179)
    assert patience.is_over(180)


def test_a_batch_in_which_nothing_ends_is_given_up_in_time() -> None:
    patience = Patience(until=100, seconds=30)
    for now in (80, 90, 99):
        patience.note(5, now)
    assert not patience.is_over(109)
    assert patience.is_over(110)
