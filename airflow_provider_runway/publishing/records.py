"""Where the publication of one task instance is recorded: in the records folder, or in Airflow's task state store."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.operators.folder_records import coordinates
from airflow_provider_runway.operators.store_records import Values, insist
from airflow_provider_runway.operators.submission import RETENTION
from airflow_provider_runway.operators.try_history import TryHistory, leave_word
from airflow_provider_runway.publishing.publication import (
    IN_DOUBT,
    OVER,
    RECORD_KEY,
    RECORD_NAME,
    Publication,
    Stage,
    combine,
)
from airflow_provider_runway.utils.config import read_records

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.storage.record_entries import Coordinates, RecordEntry
    from airflow_provider_runway.storage.records import RecordsFolder

# So many of a key's digits tell it from all others.
_DIGITS = 16


def records_folder(clock: Clock = CLOCK) -> RecordsFolder | None:
    """The folder of ``[runway] records``; ``None`` if that is not set.

    :param clock: How time passes.
    :raises InvalidRequestError: If the option is no address of a folder.
    """
    from airflow_provider_runway.storage.records import RecordsFolder

    url = read_records()
    return None if url is None else RecordsFolder(url, sleep=clock.sleep)


class PublicationRecords:
    """The records of one task instance, whichever try it is.

    Where a folder is set it decides, once it has a record; otherwise the task state store (Airflow 3.3 and later) does.
    ``outlives_try`` tells whether there is either, ``key`` by what the record is found in the folder, if it is there.

    :param context: The task's context.
    :param folder: The records folder, if one is set.
    :param clock: How time passes.
    """

    def __init__(self, context: Context, folder: RecordsFolder | None = None, clock: Clock = CLOCK) -> None:
        self._store: Values | None = context.get("task_state_store")
        self._ti = context["ti"]
        self._clock = clock
        self._folder = None if folder is None else _Folder(folder, replace(coordinates(self._ti), name=RECORD_NAME))
        self._writer = f"try {self._ti.try_number}"
        self.outlives_try = not (self._store is None and self._folder is None)
        self._has_read = False
        self._last: Publication | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether it is unknown whether an earlier try has published, by what was read last."""
        return self._last is not None and self._last.stage in IN_DOUBT

    @property
    def is_clean(self) -> bool:
        """Whether no earlier try has published, for sure."""
        if self.outlives_try:
            return self._has_read and (self._last is None or self._last.stage in OVER)
        return self.history.is_first or self.history.paid_nothing

    @property
    def key(self) -> str | None:
        """By what the record is found in the folder."""
        return None if self._folder is None else self._folder.of.key[:_DIGITS]

    @property
    def history(self) -> TryHistory:
        """What is known of earlier tries without a record."""
        return TryHistory.of(self._ti)

    def check(self) -> None:
        """See that a record can be kept, before anything is sent.

        :raises RecordsFolderError: If not.
        """
        if self._folder is not None:
            self._folder.folder.check()

    def read(self) -> Publication | None:
        """The last publication that is not known to have come to nothing, if there is one.

        :raises UnreadableRecordError: If there is one that cannot be read: that is not the same as none.
        :raises RecordsFolderError: If the folder cannot be read.
        """
        self._last = self._read()
        self._has_read = True
        return self._last

    def _read(self) -> Publication | None:
        if self._folder is not None:
            found = self._folder.read()
            if self._folder.entries:
                return found
        value = None if self._store is None else self._store.get(RECORD_KEY)
        return None if value is None else Publication.from_json(value)

    def published(self, identity: str) -> Publication | None:
        """The publication of that identity, if an earlier try is known to have made it, whatever came after it.

        :raises UnreadableRecordError: If there is one that cannot be read.
        """
        if self._folder is not None and self._folder.entries:
            known = (each for _, _, each in reversed(self._folder.entries) if each.identity == identity)
            return next((each for each in known if each.stage is Stage.PUBLISHED), None)
        value = None if self._store is None else self._store.get(f"{RECORD_KEY}_{identity}")
        return None if value is None else Publication.from_json(value)

    def begin(self, intent: Publication) -> bool:
        """Record what is about to be sent, if records outlive this try.

        :return: Whether it may be sent; otherwise another try has begun since the record was read.
        """
        if self._folder is not None:
            return self._folder.begin(intent)
        last = self._last
        if self._store is not None and last is not None and last.stage is Stage.PUBLISHED:  # it stays known
            self._store.set(f"{RECORD_KEY}_{last.identity}", last.to_json(), retention=RETENTION)
        self._set(intent)
        return True

    def write(self, publication: Publication, patience: float = 0.0) -> None:
        """Record what has become of a publication, if records outlive this try.

        :param patience: Seconds for which to go on while the API server is away, where nothing else keeps the record.
        """
        if self._folder is None or not self._folder.write(publication, self._writer):
            self._set(publication, patience)

    def leave_word(self) -> None:
        """Let the next try know that this one has published nothing, where no record tells: right before it ends."""
        if not self.outlives_try:
            leave_word(self._ti)

    def _set(self, publication: Publication, patience: float = 0.0) -> None:
        if (store := self._store) is not None:
            value = publication.to_json()
            insist(lambda: store.set(RECORD_KEY, value, retention=RETENTION), patience, self._clock)


class _Folder:
    """What a records folder has of one task instance: its entries as they were read or written last."""

    def __init__(self, folder: RecordsFolder, of: Coordinates) -> None:
        self.folder = folder
        self.of = of
        self.entries: list[tuple[int, str, Publication]] = []

    def read(self) -> Publication | None:
        self.entries = [(each.number, each.nonce, read_entry(each)) for each in self.folder.entries(self.of)]
        return next((each for _, _, each in reversed(self.entries) if each.stage is not Stage.UNSENT), None)

    def begin(self, intent: Publication) -> bool:
        number, nonce = max((number for number, _, _ in self.entries), default=0) + 1, secrets.token_hex(16)
        if not self.folder.create(self.of, number, nonce, intent.to_json()):
            return False
        self.entries.append((number, nonce, intent))
        return True

    def write(self, publication: Publication, writer: str) -> bool:
        """Whether it is of a publication that was read or begun here."""
        for number, nonce, known in reversed(self.entries):
            if publication.is_of(known):
                self.folder.add_outcome(self.of, number, nonce, writer, publication.to_json())
                return True
        return False


def read_entry(entry: RecordEntry) -> Publication:
    """What has become of a publication, by all that its entry says.

    :raises UnreadableRecordError: If it says what is none.
    """
    outcomes = [Publication.from_json(outcome.value) for outcome in entry.outcomes]
    return combine(Publication.from_json(entry.value), outcomes)
