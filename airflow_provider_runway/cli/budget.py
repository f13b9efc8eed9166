"""What is submitted by hand, counted by the budget of the day."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.hooks.records import records_folder
from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, RunwayError
from airflow_provider_runway.operators.budget import Budget, budget_for
from airflow_provider_runway.operators.settling import settle
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.results import to_iso, utc_now
from airflow_provider_runway.storage.record_entries import Coordinates

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.storage.records import RecordsFolder

# No DAG is called so.
BY_HAND = "(by hand)"


@dataclass(frozen=True, slots=True)
class SpendingByHand:
    """One submission from the command line. Nothing else is recorded of it, so its credits stay counted in any doubt.

    :param folder: The records folder, if there is one.
    :param budget: The budget that it goes by, if there is one.
    :param of: What stands for it in the ledger.
    """

    folder: RecordsFolder | None
    budget: Budget | None
    of: Coordinates

    @classmethod
    def of_hook(cls, hook: RunwayHook, price: float | None, model: str) -> SpendingByHand:
        """What a submission goes by.

        :param hook: The connection's hook.
        :param price: Credits that it is expected to cost.
        :param model: What is to be made, as in the price list.
        :raises RunwayError: If there is a limit that cannot be kept to.
        """
        folder = records_folder(hook.settings, hook.clock)
        budget = budget_for(hook.settings, hook.clock, price=price, model=model, has_folder=folder is not None)
        of = Coordinates(dag_id=BY_HAND, run_id=secrets.token_hex(8), task_id="generate", name="by-hand")
        return cls(folder, budget, of)

    def check(self) -> None:
        """See that there is room for it.

        :raises DailyCreditLimitError: If there is none.
        :raises RecordsFolderError: If that cannot be told.
        """
        if self.folder is not None and self.budget is not None:
            self.folder.check()
            self.budget.check(self.folder, self.of, 1, is_retry=False)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Set its credits aside, and give them back if what is submitted within the block is not taken."""
        if self.folder is None or self.budget is None:
            yield
            return
        place = self.budget.reserve(self.folder, self.of, 1, is_retry=False)
        try:
            yield
        except AmbiguousSubmissionError:
            raise
        except RunwayError:
            unsent = Submission(stage=Stage.UNSENT, fingerprint="", intended_at=to_iso(utc_now()))
            with suppress(RunwayError):  # they stay counted
                settle(self.folder, place, self.of, unsent)
            raise
