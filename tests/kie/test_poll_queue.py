from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.poll_queue import TICK, PollQueue


@dataclass(eq=False)
class Item:
    name: str = ""
    ahead: float = 0.0
    entry: int = -1

    def head_start(self, now: float) -> float:
        return self.ahead


def taken(queue: PollQueue[Item], now: float, most: int = 100) -> list[str]:
    return [item.name for item in queue.take(now, most)]


def test_nothing_is_polled_before_it_is_due() -> None:
    queue = PollQueue[Item]()
    queue.put(Item("one"), 10.0)

    assert taken(queue, 9.9) == []
    assert queue.next_time(9.0, has_room=True) == 10.0
    assert taken(queue, 10.0) == ["one"]
    assert queue.next_time(10.0, has_room=True) is None


def test_of_what_is_due_the_likeliest_goes_first() -> None:
    queue = PollQueue[Item]()
    for number, ahead in enumerate((0.0, 30.0, 5.0)):
        queue.put(Item(f"ahead {ahead:.0f}", ahead), float(number))

    assert taken(queue, 10.0, most=2) == ["ahead 30", "ahead 5"]
    assert taken(queue, 10.0) == ["ahead 0"]


def test_a_head_start_is_overtaken_in_the_end() -> None:
    queue = PollQueue[Item]()
    queue.put(Item("unlikely"), 0.0)
    order = []
    for moment in range(1, 100):
        queue.put(Item("likely", 20.0), float(moment))
        order += taken(queue, float(moment), most=1)
    assert order.index("unlikely") <= 21


def test_a_new_place_takes_that_of_the_earlier_one() -> None:
    queue = PollQueue[Item]()
    item = Item("one")
    queue.put(item, 5.0)
    queue.put(item, 20.0)
    assert taken(queue, 10.0) == []
    queue.put(item, 12.0)
    assert taken(queue, 30.0) == ["one"]
    assert taken(queue, 60.0) == []


def test_what_is_dropped_is_polled_no_more() -> None:
    queue = PollQueue[Item]()
    early, due = Item("early"), Item("due")
    queue.put(early, 5.0)
    queue.put(due, 1.0)
    assert taken(queue, 2.0, most=0) == []
    queue.drop(early)
    queue.drop(due)
    assert taken(queue, 10.0) == []


def test_no_second_has_more_polls_than_the_limit() -> None:
    queue = PollQueue[Item](per_second=50)
    for _ in range(300):
        queue.put(Item("x"), 0.0)
    now, polls = 0.0, list[float]()
    while (then := queue.next_time(now, has_room=True)) is not None:
        now = then
        polls += [now] * len(taken(queue, now))
    assert len(polls) == 300
    assert max(sum(start <= poll < start + 1.0 for poll in polls) for start in polls) <= 50 + 50 * TICK + 1
    assert 300 / 50 <= polls[-1] < 1.3 * 300 / 50


def test_a_pause_holds_all_and_is_kept_when_all_polls_are_forgotten() -> None:
    queue = PollQueue[Item]()
    queue.put(Item("one"), 0.0)
    queue.hold(1.0, 60.0)
    assert taken(queue, 59.9) == []
    assert queue.next_time(30.0, has_room=True) == 60.0
    assert queue.next_time(30.0, has_room=False) is None
    queue.clear()
    queue.put(Item("other"), 0.0)
    assert taken(queue, 59.0) == []
    assert taken(queue, 60.0) == ["other"]


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 60), st.booleans()), max_size=60),
    st.integers(1, 5),
)
def test_whatever_is_put_is_taken_once_unless_it_is_dropped(items: list[tuple[float, float, bool]], most: int) -> None:
    queue = PollQueue[Item](per_second=100)
    kept = 0
    for number, (due, ahead, dropped) in enumerate(items):
        item = Item(str(number), ahead)
        queue.put(item, due)
        if dropped:
            queue.drop(item)
        else:
            kept += 1
    seen: Counter[str] = Counter()
    now = 0.0
    while (then := queue.next_time(now, has_room=True)) is not None:
        assert then > now
        now = then
        seen.update(taken(queue, now, most))
    assert len(seen) == kept
    assert set(seen.values()) <= {1}
