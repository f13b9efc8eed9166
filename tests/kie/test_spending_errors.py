"""What is refused for the money that it would cost."""

from __future__ import annotations

import pickle

from airflow_provider_runway.exceptions import DailyCreditLimitError, RunwayError


def error(price: float = 12, **by_dag: float) -> DailyCreditLimitError:
    spent = sum(by_dag.values())
    return DailyCreditLimitError(
        limit=40, spent=spent, price=price, by_dag=by_dag, in_doubt=0, until="2026-11-27T00:00:00+00:00"
    )


def test_it_says_what_was_spent_by_whom_and_when_it_starts_anew() -> None:
    text = str(error(clips=12, trailers=24))
    assert text == (
        "Of the daily_credit_limit of 40 credits 36 are spent today, and this video may cost 12. "
        "Spent by trailers 24, clips 12. It starts anew at 2026-11-27T00:00:00+00:00. Nothing was sent."
    )
    assert not error().retryable
    assert isinstance(error(), RunwayError)


def test_a_video_that_never_fits_is_told_so() -> None:
    assert "and this video alone may cost 110." in str(error(110))
    assert "Spent nothing." in str(error(110))


def test_of_many_dags_those_are_named_that_spent_most() -> None:
    sums = {f"dag_{number}": float(number) for number in range(1, 9)}
    assert "Spent by dag_8 8, dag_7 7, dag_6 6, dag_5 5, dag_4 4 and 3 others 6." in str(error(**sums))


def test_it_survives_the_way_between_processes() -> None:
    copy = pickle.loads(pickle.dumps(error(clips=36)))
    assert (str(copy), copy.limit, copy.by_dag) == (str(error(clips=36)), 40, {"clips": 36})
