"""What all operators that pay for something have in common."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator

from airflow_provider_runway.kie.rules import check_credits


class PaidOperator(BaseOperator):
    """An operator that pays.

    :param max_credits: Credits that one submission may cost at most: one that is expected to cost more is not sent.
        Under a ``daily_credit_limit`` it also stands for the price of a model whose price is not known, which would be
        refused otherwise. ``None`` for no such bound.
    """

    def __init__(self, *, max_credits: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_credits("max_credits", max_credits)
        self.max_credits = max_credits
