"""Records of submissions in a folder, in object storage or on a shared disk: :class:`RecordsFolder`.

::

    <folder>/<key>/1.json             the first submission of an Airflow task: created before it is sent
    <folder>/<key>/1.1.json           what is known of it since: each further file says more
    <folder>/<key>/1.2.json
    <folder>/<key>/2.json             a further submission, once the first has ended or was left behind
    <folder>/<key>/value.<name>.json  what else the task keeps
    <folder>/_probe/1.json            whether files are created exclusively
    <folder>/_spent-.../1.json        what is spent in a day; see :mod:`airflow_provider_runway.storage.ledger`

All but values are created exclusively and never changed. Nothing in them is secret.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from airflow_provider_runway.kie.errors import RecordsFolderError
from airflow_provider_runway.storage import record_survey
from airflow_provider_runway.storage.ledger import Ledger, ledgers
from airflow_provider_runway.storage.record_access import VALUE, RecordAccess
from airflow_provider_runway.storage.record_entries import Coordinates, RecordEntry, written
from airflow_provider_runway.storage.record_survey import Found

# Stays where it is: each further check finds that it is not created again.
_PROBE = "_probe/1.json"
_CHECKED: set[str] = set()


class RecordsFolder:
    """A folder of records.

    Every method raises :class:`RecordsFolderError` if the folder cannot be used; faults that pass are waited out, for
    13 seconds and the answers' own time.

    :param url: An absolute path to a folder that is there, or a URI that Airflow has a file system for, such as
        ``s3://conn_id@bucket/records``.
    :param sleep: Pauses for seconds.
    """

    def __init__(self, url: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = url
        self._access = RecordAccess(url, sleep)

    def check(self) -> None:
        """Find out, once in a process, whether records can be kept here: before anything is sent."""
        if self.url in _CHECKED:
            return
        try:
            is_exclusive = not (self._access.create(_PROBE, _mark()) and self._access.create(_PROBE, _mark()))
            if is_exclusive:
                is_exclusive = self._access.insist("written", self._is_exclusive_at_once)
        except RecordsFolderError as error:
            raise error.replace(*error.args, "Nothing was sent") from error.__cause__
        if not is_exclusive:
            raise RecordsFolderError(
                f"No records can be kept in {self.url}: of two that create the same file there, both succeed.",
                detail="Nothing was sent. Use a folder on a shared disk, or in S3, Google Cloud Storage or Azure.",
                retryable=False,
            )
        _CHECKED.add(self.url)

    def entries(self, of: Coordinates) -> list[RecordEntry]:
        """The submissions of an Airflow task, the first one first.

        :raises UnreadableRecordError: If a file is half written, of a newer version, or none of ours.
        """
        return self._access.insist("read", lambda: self._access.entries(of.key, self._access.files.names(of.key)))

    def create(self, of: Coordinates, number: int, nonce: str, value: Mapping[str, Any]) -> bool:
        """Record a submission that is about to be sent.

        :param number: One more than that of the last.
        :param nonce: Made for this one.
        :return: Whether it is this one that is there now; if not, another was created at the same time.
        :raises UnreadableRecordError: If what is there cannot be read.
        """
        content = written("submission", of, nonce=nonce, value=dict(value))
        return self._access.create(f"{of.key}/{number}.json", content)

    def add_outcome(self, of: Coordinates, number: int, nonce: str, writer: str, value: Mapping[str, Any]) -> None:
        """Record what is known of a submission since.

        :param number: That of the submission.
        :param nonce: That of the submission.
        :param writer: Who says so.
        """
        content = written("outcome", of, nonce=nonce, id=secrets.token_hex(16), writer=writer, value=dict(value))
        further = 1
        while not self._access.create(f"{of.key}/{number}.{further}.json", content):
            further += 1

    def get(self, of: Coordinates, name: str) -> Any:
        """The JSON value of this name, or ``None``.

        :raises UnreadableRecordError: If it cannot be read.
        """

        def read() -> Any:
            try:
                return self._access.read(_value_file(of, name), "value").get("value")
            except FileNotFoundError:
                return None

        return self._access.insist("read", read)

    def set(self, of: Coordinates, name: str, value: Any) -> None:
        """Keep a JSON value in place of the one before.

        :raises UnreadableRecordError: If what is there is of a newer version, or none of ours.
        """
        content = written("value", of, value=value)
        self.get(of, name)
        self._access.insist("written", lambda: self._access.files.replace(_value_file(of, name), content))

    def delete(self, of: Coordinates, name: str) -> None:
        """Keep the value of this name no longer."""
        self._access.insist("written", lambda: self._access.files.remove(_value_file(of, name)))

    def ledger(self, account: str, day: date) -> Ledger:
        """What an account spends in a day, in UTC. Nothing is read or written yet."""
        return Ledger(self._access, account, day)

    def ledgers(self, before: date) -> list[Ledger]:
        """The ledgers of all days before this one, of whichever account."""
        return ledgers(self._access, before)

    def survey(
        self, *, key: str = "", since: datetime | None = None, before: datetime | None = None
    ) -> Iterator[Found]:
        """All that the folder has; see :func:`airflow_provider_runway.storage.record_survey.survey`."""
        return record_survey.survey(self._access, key=key, since=since, before=before)

    def remove(self, found: Found) -> bool:
        """Remove all that there is of an Airflow task, unless it has been written to meanwhile: whether it is gone."""
        return record_survey.remove(self._access, found)

    def _is_exclusive_at_once(self) -> bool:
        return self._access.files.is_exclusive_at_once(f"_probe/{secrets.token_hex(16)}.json")


def _value_file(of: Coordinates, name: str) -> str:
    file = f"value.{name}.json"
    if not VALUE.fullmatch(file):
        raise ValueError(f"a value's name is of letters, digits, - and _; got {name!r}")
    return f"{of.key}/{file}"


def _mark() -> bytes:
    text = "Written to see whether records can be kept here. It may be removed."
    return json.dumps({"nonce": secrets.token_hex(16), "text": text}).encode()
