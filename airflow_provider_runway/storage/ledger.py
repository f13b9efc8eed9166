"""The ledger of an account and a day in a records folder: :class:`Ledger`.

::

    <folder>/_spent-<account>-<day>/1.json    the first entry, with the credits of the day after it
    <folder>/_spent-<account>-<day>/2.json    the next one

An entry is created exclusively and never changed: of all that write number 2, one succeeds, and the others read it and
write number 3. So no two of them add to the same sum.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from airflow_provider_runway.kie.errors import RecordsFolderError, UnreadableRecordError
from airflow_provider_runway.storage.ledger_entries import Books, LedgerEntry
from airflow_provider_runway.storage.record_access import RecordAccess
from airflow_provider_runway.storage.record_entries import Coordinates, written

_ENTRY = re.compile(r"([1-9][0-9]{0,8})\.json")
_FOLDER = re.compile(r"_spent-([0-9a-f]{16})-(\d{4}-\d{2}-\d{2})")
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an account spends in one day.

    Every method raises :class:`~airflow_provider_runway.kie.errors.RecordsFolderError` if the folder cannot be used, or
    an entry cannot be read.

    :param access: The records folder.
    :param account: What the account is known by here.
    :param day: The day, in UTC.
    """

    access: RecordAccess
    account: str
    day: date

    @property
    def name(self) -> str:
        """Its folder within the records folder."""
        return f"_spent-{self.account}-{self.day.isoformat()}"

    def last(self) -> LedgerEntry | None:
        """The last entry, which has the credits of the day; ``None`` if there is none."""
        return self.access.insist("read", lambda: next(map(self._read, sorted(self._numbers())[-1:]), None))

    def books(self, known: Books = Books(())) -> Books:  # noqa: B008 - immutable
        """All entries.

        :param known: Those that were read before.
        """

        def read() -> list[LedgerEntry]:
            numbers = sorted(number for number in self._numbers() if number > known.last)
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                return list(threads.map(self._read, numbers))

        return Books((*known.entries, *self.access.insist("read", read)))

    def entry(self, number: int) -> LedgerEntry | None:
        """One entry; ``None`` if there is none of that number."""

        def read() -> LedgerEntry | None:
            try:
                return self._read(number)
            except FileNotFoundError:
                return None

        return self.access.insist("read", read)

    def add(self, entry: LedgerEntry) -> bool:
        """Write the entry that comes after all others.

        :return: Whether it is written; if not, another has that number.
        """
        content = written("spending", entry.of, nonce=secrets.token_hex(16), value=entry.to_value())
        return self.access.create(f"{self.name}/{entry.number}.json", content)

    def remove(self) -> None:
        """Remove it: the day counts for nothing from here on."""

        def remove() -> None:
            for number in self._numbers():
                self.access.files.remove(f"{self.name}/{number}.json")

        self.access.insist("written", remove)

    def _numbers(self) -> Iterable[int]:
        named = map(_ENTRY.fullmatch, self.access.files.names(self.name))
        return [int(name[1]) for name in named if name is not None]

    def _read(self, number: int) -> LedgerEntry:
        file = f"{self.name}/{number}.json"
        try:
            said = self.access.read(file, "spending")
            return LedgerEntry.from_value(number, said["at"], Coordinates(**said["of"]), said["value"])
        except (UnreadableRecordError, ValueError) as error:
            why = (
                error.summary
                if isinstance(error, UnreadableRecordError)
                else f"{error} ({self.access.files.uri(file)})"
            )
            raise RecordsFolderError(
                f"What was spent on {self.day} cannot be told: {why.rstrip('.')}.",
                detail="Nothing is sent under a daily_credit_limit until that file is mended or removed",
                retryable=False,
            ) from None


def ledgers(access: RecordAccess, before: date) -> list[Ledger]:
    """All ledgers of days before this one, of whichever account."""
    folders = access.insist("read", lambda: {name.partition("/")[0] for name, _ in access.files.changed()})
    found = map(_FOLDER.fullmatch, sorted(folders))
    all_ = [Ledger(access, name[1], date.fromisoformat(name[2])) for name in found if name is not None]
    return [ledger for ledger in all_ if ledger.day < before]
