from __future__ import annotations

from airflow_provider_runway.storage.quarters import Quarters

MB = 1_000_000


def test_a_transfer_is_told_of_at_each_quarter() -> None:
    told: list[tuple[float, float]] = []
    quarters = Quarters(lambda done, whole: told.append((done, whole)))

    for done in range(0, 8 * MB + 1, MB // 2):
        quarters(done, 8 * MB)

    assert told == [(2.0, 8.0), (4.0, 8.0), (6.0, 8.0), (8.0, 8.0)]


def test_what_starts_over_is_told_of_again() -> None:
    told: list[tuple[float, float]] = []
    quarters = Quarters(lambda done, whole: told.append((done, whole)))

    for done in (3 * MB, 0, 3 * MB):
        quarters(done, 4 * MB)

    assert told == [(3.0, 4.0), (3.0, 4.0)]


def test_nothing_is_told_where_the_size_is_not_known() -> None:
    told: list[object] = []
    quarters = Quarters(lambda *said: told.append(said))

    quarters(MB, None)
    quarters(MB, 0)

    assert told == []
