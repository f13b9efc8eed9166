"""The budget of a day: what a submission takes of it before it is sent.

Credits are set aside before the submission record's intent is written, under the number that the record is about to
have. Whoever finds the limit reached looks up what has become of those that were set aside: what KIE has failed, or
never got, comes back. A process that has died in between has left no record under its number; one that says "not sent"
is created there, exclusively, so that no intent can be. What is in doubt stays counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from airflow_provider_runway.hooks.budget import account_of, daily_credit_limit
from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.errors import ConnectionSettingsError, InvalidRequestError
from airflow_provider_runway.operators.room import Claim, Room, find_room
from airflow_provider_runway.operators.settling import place_of
from airflow_provider_runway.storage.ledger_entries import LedgerEntry, Reserved, reckoned

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.storage.ledger import Ledger
    from airflow_provider_runway.storage.record_entries import Coordinates
    from airflow_provider_runway.storage.records import RecordsFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a day may cost, and what one submission may.

    :param limit: Credits of a day, in UTC, for the account.
    :param account: What the account's ledgers are known by.
    :param price: Credits that the submission may cost.
    :param model: What is to be made, as in the price list.
    :param clock: What day it is, and how time passes.
    """

    limit: float
    account: str
    price: float
    model: str
    clock: Clock

    def check(self, folder: RecordsFolder, of: Coordinates, submission: int, *, is_retry: bool) -> None:
        """See that there is room for a submission, before anything is prepared for it: see :meth:`reserve`."""
        ledger = self._ledger(folder)
        room = find_room(ledger, folder, self._claim(of, submission, is_retry=is_retry), self.clock)
        if room.settled and room.own is None:
            ledger.add(LedgerEntry(number=room.last + 1, of=of, spent=room.spent, settled=room.settled))

    def reserve(self, folder: RecordsFolder, of: Coordinates, submission: int, *, is_retry: bool) -> str:
        """Set credits aside for a submission that is about to be recorded.

        :param folder: The records folder.
        :param of: The Airflow task.
        :param submission: The number that its record is about to have.
        :param is_retry: Whether an earlier try may have set them aside already.
        :return: Where that is written, for the record.
        :raises DailyCreditLimitError: If there is no room.
        :raises RecordsFolderError: If the folder cannot be read or written. Nothing may be sent then.
        """
        ledger, claim = self._ledger(folder), self._claim(of, submission, is_retry=is_retry)
        while True:
            room = find_room(ledger, folder, claim, self.clock)
            if room.own is not None:
                return place_of(self.account, ledger.day, room.own)
            entry = self._entry(room, of, submission)
            if ledger.add(entry):
                return place_of(self.account, ledger.day, entry.number)

    def _entry(self, room: Room, of: Coordinates, submission: int) -> LedgerEntry:
        return LedgerEntry(
            number=room.last + 1,
            of=of,
            spent=reckoned(room.spent + self.price),
            reserved=Reserved(credits=self.price, model=self.model, submission=submission),
            settled=room.settled,
        )

    def _claim(self, of: Coordinates, submission: int, *, is_retry: bool) -> Claim:
        return Claim(of=of, submission=submission, credits=self.price, limit=self.limit, may_be_there=is_retry)

    def _ledger(self, folder: RecordsFolder) -> Ledger:
        return folder.ledger(self.account, today(self.clock))


def today(clock: Clock) -> date:
    """The day, in UTC."""
    return datetime.fromtimestamp(clock.time(), timezone.utc).date()


def budget_for(
    settings: Settings,
    clock: Clock,
    *,
    price: float | None,
    model: str,
    max_credits: float | None = None,
    has_folder: bool = True,
) -> Budget | None:
    """The budget that a submission goes by; ``None`` if there is none.

    :param settings: The connection.
    :param clock: What day it is, and how time passes.
    :param price: Credits that the submission is expected to cost; ``None`` if that is not known.
    :param model: What is to be made, as in the price list.
    :param max_credits: Credits that it may cost at most, if that is said.
    :param has_folder: Whether there is a records folder.
    :raises InvalidRequestError: If it is expected to cost more than it may; or if nobody says what it may cost, and
        there is a limit.
    :raises ConnectionSettingsError: If there is a limit and no records folder.
    """
    if price is not None and max_credits is not None and price > max_credits:
        raise InvalidRequestError("max_credits", max_credits, f"is below what this costs, about {price:g} credits")
    limit = daily_credit_limit(settings)
    if limit is None:
        return None
    if not has_folder:
        raise ConnectionSettingsError(
            f"Connection {settings.address.connection!r}: a daily_credit_limit needs a records folder, in which is "
            "written what was spent, and neither the connection's 'records' nor [runway] records names one.",
            detail="Nothing was sent.",
        )
    most = max_credits if price is None else price
    if most is None:
        rule = f"must say what this may cost: there is a daily_credit_limit, and the price of {model} is not known"
        raise InvalidRequestError("max_credits", None, rule)
    return Budget(limit=limit, account=account_of(settings), price=most, model=model, clock=clock)
