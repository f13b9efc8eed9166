"""The submission record in a records folder: one entry for each submission, and what became of it beside it."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow_provider_runway.kie.errors import RecordsFolderError
from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.settling import settle
from airflow_provider_runway.operators.submission import Stage, Submission

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from airflow_provider_runway.operators.budget import Budget
    from airflow_provider_runway.storage.record_entries import Coordinates
    from airflow_provider_runway.storage.records import RecordsFolder

log = logging.getLogger(__name__)

# So many of a key's digits tell it from all others.
_DIGITS = 16
# Between a worker and the disk or store.
_CLOCKS_DIFFER = timedelta(hours=1)
# Under which name a submission's entry says where its credits were set aside, if they were.
_PLACE = "reserved"


@dataclass(frozen=True, slots=True)
class _Known:
    """A submission that was read or begun, and where its credits were set aside."""

    number: int
    nonce: str
    submission: Submission
    place: str | None


class FolderRecords:
    """The submission records of one task instance in a records folder.

    Its ``key`` is what people find them by.

    :param folder: The folder.
    :param ti: The task instance.
    """

    def __init__(self, folder: RecordsFolder, ti: RuntimeTaskInstanceProtocol) -> None:
        self._folder = folder
        self._of = coordinates(ti)
        self.key = self._of.key[:_DIGITS]
        self._writer = f"try {ti.try_number}"
        self._is_retry = ti.try_number > 1
        self._known: list[_Known] = []

    @property
    def is_used(self) -> bool:
        """Whether anything was submitted, or was about to be, as far as was read."""
        return bool(self._known)

    def check(self) -> None:
        """See that records can be kept there, before anything is sent.

        :raises RecordsFolderError: If they cannot.
        """
        self._folder.check()

    def check_budget(self, budget: Budget) -> None:
        """See that there is room for a submission, before anything is prepared for it.

        :raises DailyCreditLimitError: If there is none.
        :raises RecordsFolderError: If the folder cannot be read or written.
        """
        budget.check(self._folder, self._of, self._next, is_retry=self._is_retry)

    def read(self) -> Submission | None:
        """The last submission that is not known to have come to nothing, if there is one.

        :raises RecordsFolderError: If the folder cannot be read.
        :raises UnreadableRecordError: If a record cannot be read.
        """
        self._known = [
            _Known(entry.number, entry.nonce, read_entry(entry), entry.value.get(_PLACE))
            for entry in self._folder.entries(self._of)
        ]
        return self._current()

    def begin(self, intent: Submission, budget: Budget | None = None) -> bool:
        """Record what is about to be sent, as one more entry after those that were read.

        :param intent: What is about to be sent.
        :param budget: Of which credits are set aside for it, before it is recorded.
        :return: Whether it is recorded; otherwise another try has begun a submission since: read anew.
        :raises DailyCreditLimitError: If the budget has no room for it. Nothing may be sent then.
        :raises RecordsFolderError: If it cannot be written. Nothing may be sent then.
        """
        number, nonce, place, value = self._next, intent.nonce or secrets.token_hex(16), None, intent.to_json()
        if budget is not None:
            place = budget.reserve(self._folder, self._of, number, is_retry=self._is_retry)
            value[_PLACE] = place
        if not self._folder.create(self._of, number, nonce, value):
            return False
        self._known.append(_Known(number, nonce, intent, place))
        return True

    def write(self, submission: Submission) -> None:
        """Record what has become of a submission that was read or begun.

        :raises RecordsFolderError: If it cannot be written.
        """
        position = self._position(submission)
        if position is None:  # a person has deleted it meanwhile
            log.warning("Task %s is %s, and no record of it is there any more.", submission.task_id, submission.stage)
            return
        known = self._known[position]
        self._folder.add_outcome(self._of, known.number, known.nonce, self._writer, submission.to_json())
        self._known[position] = replace(known, submission=submission)
        if known.place is not None:
            self._settle(submission, known.place)

    def put_back(self, intent: Submission) -> None:
        """Record that an intent has come to nothing, so that the submission before it counts again."""
        self.write(replace(intent, stage=Stage.UNSENT))

    def is_elsewhere(self, task_id: str, but: Submission) -> bool:
        """Whether a KIE task is recorded in the folder for another submission, of this Airflow task or another.

        :param task_id: KIE's id.
        :param but: The submission that does not count.
        """
        since = datetime.fromisoformat(but.intended_at) - _CLOCKS_DIFFER
        return any(
            task_id in {value.get("task_id") for value in (entry.value, *(each.value for each in entry.outcomes))}
            for found in self._folder.survey(since=since)
            for entry in found.entries
            if entry.nonce != but.nonce
        )

    def get(self, name: str) -> Any:
        """A JSON value, or ``None``."""
        return self._folder.get(self._of, name)

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value in place of the one before."""
        self._folder.set(self._of, name, value)

    @property
    def _next(self) -> int:
        """The number of the next submission."""
        return max((known.number for known in self._known), default=0) + 1

    def _settle(self, submission: Submission, place: str) -> None:
        """Have credits that come back in the ledger; whoever needs them finds out from the record otherwise."""
        try:
            settle(self._folder, place, self._of, submission)
        except RecordsFolderError as error:
            log.warning("%s What task %s has come to is not in the ledger yet.", error, submission.task_id)

    def _current(self) -> Submission | None:
        submissions = (known.submission for known in reversed(self._known))
        return next((each for each in submissions if each.stage is not Stage.UNSENT), None)

    def _position(self, submission: Submission) -> int | None:
        """Which entry it is: the one that names its KIE task, or the intent that it goes on from."""
        for position in reversed(range(len(self._known))):
            known = self._known[position].submission
            if known.task_id == submission.task_id or (known.task_id is None and submission.is_of(known)):
                return position
        return None


def coordinates(ti: RuntimeTaskInstanceProtocol) -> Coordinates:
    """Which Airflow task it is, whichever try; on Airflow 3.4 and later also which part of the run."""
    from airflow_provider_runway.storage.record_entries import Coordinates

    return Coordinates(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=-1 if ti.map_index is None else ti.map_index,
        region=region_of(getattr(ti, "region_id", None), getattr(ti, "region_index", None)),
    )


def region_of(region_id: object, region_index: object) -> str | None:
    """Which part of a run it is, such as a round of a loop; ``None`` if the run has no parts."""
    return f"{region_id}/{region_index}" if region_id is not None and UUID(str(region_id)).int else None
