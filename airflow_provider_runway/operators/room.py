"""Whether a submission has room in the budget of a day, once all that has ended is settled."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.spending_errors import DailyCreditLimitError
from airflow_provider_runway.operators.settling import forbid, look
from airflow_provider_runway.results import to_iso
from airflow_provider_runway.storage.ledger_entries import Books, LedgerEntry, Settled, after, reckoned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_runway.kie.clock import Clock
    from airflow_provider_runway.storage.ledger import Ledger
    from airflow_provider_runway.storage.ledger_entries import Spending
    from airflow_provider_runway.storage.record_entries import Coordinates
    from airflow_provider_runway.storage.records import RecordsFolder

# Seconds that a process may take from setting credits aside to recording its intent, and between two looks for that.
_A_MOMENT = 30.0
_PAUSE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a submission asks for.

    :param of: The Airflow task.
    :param submission: The number that its record is about to have.
    :param credits: How many it may cost.
    :param limit: Credits that the day may cost.
    :param may_be_there: Whether an earlier try may have been granted the same.
    """

    of: Coordinates
    submission: int
    credits: float
    limit: float
    may_be_there: bool

    def fits(self, spent: float) -> bool:
        """Whether there is room for it, with so many credits spent."""
        return reckoned(spent + self.credits) <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """There is room.

    :param spent: Credits of the day, with what is settled.
    :param last: The number of the last entry of the ledger.
    :param settled: What is to be settled with the next one.
    :param own: The number of the entry with which an earlier try was granted the same; nothing is to be written then.
    """

    spent: float
    last: int
    settled: tuple[Settled, ...] = ()
    own: int | None = None


def find_room(ledger: Ledger, folder: RecordsFolder, claim: Claim, clock: Clock) -> Room:
    """Find room for a submission, as the ledger and the records stand now.

    :param ledger: The ledger of the day.
    :param folder: The records folder.
    :param claim: What is asked for.
    :param clock: How time passes.
    :raises DailyCreditLimitError: If there is none.
    :raises RecordsFolderError: If the folder cannot be read or written.
    """
    if not claim.may_be_there:
        last = ledger.last()
        spent, number = (0.0, 0) if last is None else (last.spent, last.number)
        if claim.fits(spent):
            return Room(spent=spent, last=number)
    books, waited = Books(()), 0.0
    while True:
        books = ledger.books(books)
        own = books.of(claim.of, claim.submission)
        if own is not None and own.credits == claim.credits:
            return Room(spent=books.spent, last=books.last, own=own.reservation.number)
        anew = () if own is None else (Settled(entry=own.reservation.number, credits=0.0, why="asked for anew"),)
        room = _room(books, (*anew, *books.doubled()))
        if claim.fits(room.spent):
            return room
        known = {each.entry for each in room.settled}
        found = look(folder, [each for each in books.open() if each.reservation.number not in known])
        dead = [each for each in found.unsent if waited >= _A_MOMENT or _age(each, clock) > _A_MOMENT]
        ended = (*found.settled, *filter(None, (forbid(folder, each) for each in dead)))
        room = _room(books, (*room.settled, *ended))
        if claim.fits(room.spent):
            return room
        if ended:
            ledger.add(_settling(room, claim))
            continue
        about_to_send = sum(each.credits for each in found.unsent)
        if claim.fits(room.spent - about_to_send) and waited < _A_MOMENT:
            clock.sleep(_PAUSE)
            waited += _PAUSE
            continue
        raise _refused(claim, Books((*books.entries, _settling(room, claim))), found.doubtful, ledger.day)


def _room(books: Books, settled: Iterable[Settled]) -> Room:
    settled = tuple(settled)
    return Room(spent=after(books.spent, books, settled), last=books.last, settled=settled)


def _settling(room: Room, claim: Claim) -> LedgerEntry:
    return LedgerEntry(number=room.last + 1, of=claim.of, spent=room.spent, settled=room.settled)


def _age(spending: Spending, clock: Clock) -> float:
    """Seconds since the credits were set aside, as far as clocks agree."""
    return clock.time() - datetime.fromisoformat(spending.reservation.at).timestamp()


def _refused(claim: Claim, books: Books, doubtful: Iterable[Spending], day: date) -> DailyCreditLimitError:
    by_dag = defaultdict[str, float](float)
    for spending in books.spendings():
        by_dag[spending.reservation.of.dag_id] += spending.credits
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
    return DailyCreditLimitError(
        limit=claim.limit,
        spent=books.spent,
        price=claim.credits,
        by_dag=by_dag,
        in_doubt=reckoned(sum(each.credits for each in doubtful)),
        until=to_iso(midnight),
    )
