"""Reading and writing the files of a records folder through faults that pass: :class:`RecordAccess`."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar

from airflow_provider_runway.kie.errors import RecordsFolderError, RunwayError, UnreadableRecordError
from airflow_provider_runway.kie.texts import LONGEST_MESSAGE, shorten
from airflow_provider_runway.storage.record_entries import LARGEST, Kind, RecordEntry, entry, fault_in, nonces
from airflow_provider_runway.storage.record_files import Files, open_files
from airflow_provider_runway.storage.store_errors import is_retryable, told

log = logging.getLogger(__name__)

T = TypeVar("T")
# Seconds between asking a store once and once more.
_PAUSES = (1.0, 3.0, 9.0)
# The same, of a file that is half written.
_MOMENTS = (1.0, 3.0, None)
# A submission, or a further file that tells of it.
RECORD = re.compile(r"([1-9][0-9]{0,8})(?:\.([1-9][0-9]{0,8}))?\.json")
VALUE = re.compile(r"value\.([A-Za-z0-9_-]{1,100})\.json")


class RecordAccess:
    """The files of a records folder.

    Faults that pass are waited out, for 13 seconds and the answers' own time; others, and those that do not pass, are
    :class:`RecordsFolderError`.

    :param url: The folder.
    :param sleep: Pauses for seconds.
    """

    def __init__(self, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = url
        self._sleep = sleep

    @cached_property
    def files(self) -> Files:
        """The files themselves."""
        return open_files(self.url)

    def create(self, name: str, content: bytes) -> bool:
        """Make a file, unless there is one: whether it is this one, by its nonce, that is there now."""

        def create() -> bool:
            try:
                self.files.create(name, content)
            except Exception as error:  # noqa: BLE001 - what is there tells
                try:
                    there = self.files.read(name)
                except FileNotFoundError:
                    if isinstance(error, FileExistsError):
                        return False
                    raise error from None
                return nonces(there) == nonces(content)  # a reply that was lost
            return True

        return self.insist("written", create)

    def entries(self, key: str, names: Iterable[str]) -> list[RecordEntry]:
        """The submissions that files tell of, the first one first.

        :raises UnreadableRecordError: If one of them cannot be read.
        """
        submissions: dict[int, dict[str, Any]] = {}
        outcomes: dict[int, list[tuple[int, dict[str, Any]]]] = {}
        for name in names:
            if name.startswith(".") or VALUE.fullmatch(name):
                continue
            file, parts = f"{key}/{name}", RECORD.fullmatch(name)
            if parts is None:
                raise _unreadable(self.files.uri(file), "it is none of this provider's")
            number, further = int(parts[1]), parts[2]
            try:
                if further is None:
                    submissions[number] = self.read(file, "submission")
                else:
                    outcomes.setdefault(number, []).append((int(further), self.read(file, "outcome")))
            except FileNotFoundError:
                raise OSError(f"{self.files.uri(file)} was there a moment ago") from None
        return [
            entry(number, submission, sorted(outcomes.get(number, ()), key=itemgetter(0)))
            for number, submission in sorted(submissions.items())
        ]

    def read(self, name: str, kind: Kind) -> dict[str, Any]:
        """What a file says; one that is empty or half written is given a moment to become whole.

        :raises FileNotFoundError: If there is none.
        :raises UnreadableRecordError: If it is half written, of another version, or none of ours.
        """
        for pause in _MOMENTS:
            content = self.files.read(name)
            try:
                value = json.loads(content)
                break
            except (ValueError, RecursionError):
                if pause is None or len(content) > LARGEST:
                    why = "it is no JSON. A process may have died while it wrote it"
                    raise _unreadable(self.files.uri(name), why) from None
            self._sleep(pause)
        wrong = fault_in(value, kind, name.partition("/")[0])
        if wrong:
            raise _unreadable(self.files.uri(name), wrong)
        read: dict[str, Any] = value
        return read

    def insist(self, what: str, act: Callable[[], T]) -> T:
        """Do something with the files, again and again while that may help.

        :param what: What is done to the folder, for messages: ``"read"`` or ``"written"``.
        """
        for pause in (*_PAUSES, None):
            try:
                return act()
            except RunwayError:
                raise
            except Exception as error:  # noqa: BLE001 - stores have their own
                (text, cause), retryable = told(error), is_retryable(error)
                fault = f"The records folder {self.url} cannot be {what} ({shorten(text, LONGEST_MESSAGE)})."
                if pause is None or not retryable:
                    raise RecordsFolderError(fault, retryable=retryable) from cause
                log.warning("%s It is tried again in %.0f s.", fault, pause)
                self._sleep(pause)
        raise AssertionError  # pragma: no cover - the last pause is None


def _unreadable(uri: str, why: str) -> UnreadableRecordError:
    return UnreadableRecordError(f"The record {uri} cannot be read: {why}.")
