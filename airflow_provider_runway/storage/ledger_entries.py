"""What one entry of a ledger says, and what all entries of a day come to: pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_runway.storage.record_entries import Coordinates

# Credits are reckoned to so many digits.
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """Credits that are set aside for a submission, before it is sent.

    :param credits: How many.
    :param model: What is to be made, as in the price list.
    :param submission: The number that its record has, among the submissions of the Airflow task.
    """

    credits: float
    model: str
    submission: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a submission has come to.

    :param entry: The number of the entry that has reserved for it.
    :param credits: What it counts with from here on.
    :param why: In a word or two.
    """

    entry: int
    credits: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One entry.

    :param number: Counted from 1, within the day.
    :param of: The Airflow task that has written it.
    :param spent: Credits of the day with this entry.
    :param reserved: What it sets aside, if anything.
    :param settled: What it settles of earlier entries.
    :param at: When it was written, ISO 8601 in UTC, by the writer's clock.
    """

    number: int
    of: Coordinates
    spent: float
    reserved: Reserved | None = None
    settled: tuple[Settled, ...] = ()
    at: str = ""

    def to_value(self) -> dict[str, Any]:
        """What is written of it, besides what every file says."""
        return {
            "spent": self.spent,
            "reserved": None if self.reserved is None else asdict(self.reserved),
            "settled": [asdict(each) for each in self.settled],
        }

    @classmethod
    def from_value(cls, number: int, at: str, of: Coordinates, value: Mapping[str, Any]) -> LedgerEntry:
        """Read what was written.

        :raises ValueError: If it is no entry.
        """
        try:
            reserved = None if value["reserved"] is None else Reserved(**value["reserved"])
            settled = tuple(Settled(**each) for each in value["settled"])
            amounts = [value["spent"], *([reserved.credits] if reserved else []), *(each.credits for each in settled)]
            numbers = [*([reserved.submission] if reserved else []), *(each.entry for each in settled)]
            is_one = all(map(_is_amount, amounts)) and all(type(each) is int for each in numbers)
        except (KeyError, TypeError, AttributeError):
            is_one = False
        if not is_one:
            raise ValueError("it is no entry of what was spent")
        return cls(number=number, at=at, of=of, spent=float(value["spent"]), reserved=reserved, settled=settled)


def _is_amount(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one submission has been counted with, in the end.

    :param reservation: The entry that has reserved for it, which has a ``reserved``.
    :param credits: Credits that it counts with.
    :param is_open: Whether nobody has written down yet what it has come to.
    """

    reservation: LedgerEntry
    credits: float
    is_open: bool

    @property
    def reserved(self) -> Reserved:
        """What was set aside."""
        if self.reservation.reserved is None:  # pragma: no cover - only reservations are asked
            raise TypeError("this entry reserves nothing")
        return self.reservation.reserved


@dataclass(frozen=True, slots=True)
class Books:
    """What the entries of a day come to.

    :param entries: All of them, the first one first.
    """

    entries: tuple[LedgerEntry, ...]

    @property
    def spent(self) -> float:
        """Credits of the day, by the last entry."""
        return self.entries[-1].spent if self.entries else 0.0

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self.entries[-1].number if self.entries else 0

    def spendings(self) -> list[Spending]:
        """Each submission of the day. What was settled twice counts as it was settled first."""
        settled = dict[int, Settled]()
        for entry in self.entries:
            for each in entry.settled:
                settled.setdefault(each.entry, each)
        return [
            Spending(
                reservation=entry,
                credits=settled[entry.number].credits if entry.number in settled else entry.reserved.credits,
                is_open=entry.number not in settled,
            )
            for entry in self.entries
            if entry.reserved is not None
        ]

    def open(self) -> list[Spending]:
        """The submissions of which nobody has written down yet what they have come to."""
        return [each for each in self.spendings() if each.is_open]

    def of(self, task: Coordinates, submission: int) -> Spending | None:
        """What is reserved for this submission of a task, if anything is."""
        found = (each for each in self.open() if each.reservation.of == task)
        return next((each for each in found if each.reserved.submission == submission), None)

    def doubled(self) -> list[Settled]:
        """Settles what was reserved more than once for the same submission."""
        first, again = set[tuple[Coordinates, int]](), list[Settled]()
        for each in self.open():
            which = (each.reservation.of, each.reserved.submission)
            if which in first:
                again.append(Settled(entry=each.reservation.number, credits=0.0, why="reserved twice"))
            first.add(which)
        return again


def after(spent: float, books: Books, settled: Iterable[Settled]) -> float:
    """Credits of the day once this is settled.

    :param spent: Credits before.
    :param books: What knows how much each of it has counted with.
    :param settled: What is open in the books, and no longer will be.
    """
    counted = {each.reservation.number: each.credits for each in books.open()}
    return reckoned(spent + sum(each.credits - counted[each.entry] for each in settled))


def reckoned(credits_: float) -> float:
    """A sum of credits, without the dust of its fractions."""
    return max(round(credits_, _DIGITS), 0.0)
