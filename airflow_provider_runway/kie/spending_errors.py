"""What is refused for the money that it would cost; a part of :mod:`airflow_provider_runway.exceptions`."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_runway.kie.errors import RunwayError

# So many DAGs are named; the others are counted.
_MOST_DAGS = 5


class DailyCreditLimitError(RunwayError):
    """The video would take the day's spending above the ``daily_credit_limit``. Nothing was sent.

    :param limit: Credits that a day may cost.
    :param spent: Credits of the day so far, with what is set aside for submissions under way.
    :param price: Credits that the video may cost.
    :param by_dag: What of it was spent by which DAG.
    :param in_doubt: What of it is in doubt: nobody knows whether KIE has taken it.
    :param until: When the next day begins, ISO 8601 in UTC.
    """

    def __init__(
        self, *, limit: float, spent: float, price: float, by_dag: Mapping[str, float], in_doubt: float, until: str
    ) -> None:
        what = f"and this video may cost {price:g}" if price <= limit else f"and this video alone may cost {price:g}"
        doubt = f" {in_doubt:g} of it are in doubt." if in_doubt else ""
        super().__init__(
            f"Of the daily_credit_limit of {limit:g} credits {spent:g} are spent today, {what}.",
            detail=f"Spent{_by_dag(by_dag)}.{doubt} It starts anew at {until}. Nothing was sent.",
        )
        self.limit = limit
        self.spent = spent
        self.price = price
        self.by_dag = dict(by_dag)
        self.in_doubt = in_doubt
        self.until = until


def _by_dag(sums: Mapping[str, float]) -> str:
    ordered = sorted((each for each in sums.items() if each[1]), key=lambda each: -each[1])
    named = ", ".join(f"{dag} {credits_:g}" for dag, credits_ in ordered[:_MOST_DAGS])
    others = f" and {len(ordered) - _MOST_DAGS} others {sum(each[1] for each in ordered[_MOST_DAGS:]):g}"
    return f" by {named}{others if len(ordered) > _MOST_DAGS else ''}" if named else " nothing"
