"""What has become of the credits that were set aside: told by the records of the submissions."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import UnreadableRecordError
from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.results import to_iso, utc_now
from airflow_provider_runway.storage.ledger_entries import Books, LedgerEntry, Settled, Spending, after
from airflow_provider_runway.storage.record_entries import Coordinates

if TYPE_CHECKING:
    from airflow_provider_runway.storage.record_entries import RecordEntry
    from airflow_provider_runway.storage.records import RecordsFolder

# Records that are read at once: a store takes its time for each.
_AT_ONCE = 8
_PLACE = re.compile(r"([0-9a-f]{16})/(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))/([1-9]\d{0,8})")
# What a record is called that a task keeps of its submissions.
_SUBMISSION = "submission"
# With which a submission may count with something else than was set aside.
_ENDS = frozenset({Stage.UNSENT, Stage.FAILED, Stage.FINISHED})


def outcome_of(submission: Submission, reserved: float) -> tuple[float, str] | None:
    """What a submission counts with in the end, and why; ``None`` where that is open, so that it stays counted.

    :param submission: What is known of it.
    :param reserved: Credits that were set aside for it.
    """
    match submission.stage:
        case Stage.UNSENT:
            return 0.0, "not sent"
        case Stage.FAILED:
            return 0.0, "failed"
        case Stage.FINISHED:
            return reserved if submission.credits is None else submission.credits, "made"
        case Stage.GONE:
            return reserved, "gone"
        case _:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the records say of all that is open.

    :param settled: What has ended.
    :param unsent: What has no record yet: it is about to be sent, or its process has died before.
    :param doubtful: What was sent with an outcome that nobody knows.
    """

    settled: tuple[Settled, ...]
    unsent: tuple[Spending, ...]
    doubtful: tuple[Spending, ...]


def look(folder: RecordsFolder, open_: Sequence[Spending]) -> Found:
    """Look up what has become of credits that were set aside.

    :param folder: The records folder.
    :param open_: What to look up.
    :raises RecordsFolderError: If the folder cannot be read.
    """
    settled, unsent, doubtful = list[Settled](), list[Spending](), list[Spending]()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for spending, entries in zip(open_, threads.map(lambda each: _records_of(folder, each), open_), strict=True):
            if entries is None:
                doubtful.append(spending)
                continue
            entry = next((each for each in entries if each.number == spending.reserved.submission), None)
            if entry is None and all(each.number < spending.reserved.submission for each in entries):
                unsent.append(spending)
                continue
            known = _read(entry)
            if known is None or known.stage is Stage.INTENT:
                doubtful.append(spending)
            elif (outcome := outcome_of(known, spending.credits)) is not None:
                credits_, why = outcome
                settled.append(Settled(entry=spending.reservation.number, credits=credits_, why=why))
    return Found(settled=tuple(settled), unsent=tuple(unsent), doubtful=tuple(doubtful))


def forbid(folder: RecordsFolder, spending: Spending) -> Settled | None:
    """See that what has no record yet is never sent: a record that says so takes the place of its intent.

    :return: What then becomes of its credits; ``None`` if it is being sent this moment.
    :raises RecordsFolderError: If the folder cannot be written.
    """
    reservation = spending.reservation
    at = to_iso(utc_now())
    unsent = Submission(stage=Stage.UNSENT, fingerprint="", intended_at=at)
    nonce = secrets.token_hex(16)
    if not folder.create(reservation.of, spending.reserved.submission, nonce, unsent.to_json()):
        return None
    return Settled(entry=reservation.number, credits=0.0, why="not sent")


def settle(folder: RecordsFolder, place: str, of: Coordinates, submission: Submission) -> None:
    """Write down that a submission counts with something else than was set aside, unless somebody has.

    :param folder: The records folder.
    :param place: Where it was reserved; see :func:`place_of`.
    :param of: The Airflow task that says so.
    :param submission: What has become of it.
    :raises RecordsFolderError: If the folder cannot be read or written.
    """
    if submission.stage not in _ENDS or (submission.stage is Stage.FINISHED and submission.credits is None):
        return
    parts = _PLACE.fullmatch(str(place))
    if parts is None:  # somebody has written another
        return
    account, day, number = parts.groups()
    ledger = folder.ledger(account, date.fromisoformat(day))
    reservation = ledger.entry(int(number))
    books = Books(() if reservation is None else (reservation,))
    while True:
        books = ledger.books(books)
        spending = next((each for each in books.open() if each.reservation.number == int(number)), None)
        outcome = None if spending is None else outcome_of(submission, spending.credits)
        if spending is None or outcome is None or outcome[0] == spending.credits:
            return
        settled = (Settled(entry=int(number), credits=outcome[0], why=outcome[1]),)
        spent = after(books.spent, books, settled)
        if ledger.add(LedgerEntry(number=books.last + 1, of=of, spent=spent, settled=settled)):
            return


def place_of(account: str, day: date, entry: int) -> str:
    """Where credits were set aside, as the submission record has it."""
    return f"{account}/{day.isoformat()}/{entry}"


def _records_of(folder: RecordsFolder, spending: Spending) -> list[RecordEntry] | None:
    """The submissions of the task that has reserved; ``None`` if they do not tell."""
    of = spending.reservation.of
    if of.name != _SUBMISSION:
        return None
    try:
        return folder.entries(of)
    except UnreadableRecordError:
        return None


def _read(entry: RecordEntry | None) -> Submission | None:
    try:
        return None if entry is None else read_entry(entry)
    except UnreadableRecordError:
        return None
