"""Records of submissions in a folder, in object storage or on a shared disk: :class:`RecordsFolder`.

::

    <folder>/<key>/1.json             the first submission of an Airflow task: created before it is sent
    <folder>/<key>/1.1.json           what is known of it since: each further file says more
    <folder>/<key>/1.2.json
    <folder>/<key>/2.json             a further submission, once the first has ended or was left behind
    <folder>/<key>/value.<name>.json  what else the task keeps

All but values are created exclusively and never changed. Nothing in them is secret.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from airflow_provider_runway.kie.errors import RecordsFolderError, RunwayError, UnreadableRecordError
from airflow_provider_runway.kie.texts import LONGEST_MESSAGE, shorten
from airflow_provider_runway.storage.record_entries import (
    Coordinates,
    Kind,
    Outcome,
    RecordEntry,
    fault,
    nonces,
    written,
)
from airflow_provider_runway.storage.record_files import LARGEST, Files, open_files
from airflow_provider_runway.storage.store_errors import is_retryable, told

log = logging.getLogger(__name__)

T = TypeVar("T")
# Seconds between asking a store once and once more.
_PAUSES = (1.0, 3.0, 9.0)
# The same, of a file that is half written.
_MOMENTS = (1.0, 3.0, None)
_FILE = re.compile(r"([1-9][0-9]{0,8})(?:\.([1-9][0-9]{0,8}))?\.json")
_VALUE = re.compile(r"value\.([A-Za-z0-9_-]{1,100})\.json")
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
        self.url = url.strip()
        self._sleep = sleep

    @cached_property
    def _files(self) -> Files:
        return open_files(self.url)

    def check(self) -> None:
        """Find out, once in a process, whether records can be kept here: before anything is sent."""
        if self.url in _CHECKED:
            return
        name = f"_probe/{secrets.token_hex(16)}.json"
        try:
            is_exclusive = self._create(name, _mark()) and not self._create(name, _mark())
            if is_exclusive:
                is_exclusive = self._insist("written", lambda: self._files.is_exclusive_at_once(f"{name}.2"))
        except RecordsFolderError as error:
            raise error.replace(*error.args, "Nothing was sent") from error.__cause__
        if not is_exclusive:
            raise RecordsFolderError(
                f"No records can be kept in {self.url}: of two that create the same file there, both succeed.",
                detail="Nothing was sent. Use a folder on a shared disk, or in S3, Google Cloud Storage or Azure.",
                retryable=False,
            )
        try:
            self._files.remove(name)
        except Exception as error:  # noqa: BLE001 - records need not be removed
            log.info("The probe %s stays (%s).", self._files.uri(name), type(error).__name__)
        _CHECKED.add(self.url)

    def entries(self, of: Coordinates) -> list[RecordEntry]:
        """The submissions of an Airflow task, the first one first.

        :raises UnreadableRecordError: If a file is half written, of a newer version, or none of ours.
        """
        return self._insist("read", lambda: self._entries(of))

    def create(self, of: Coordinates, number: int, nonce: str, value: Mapping[str, Any]) -> bool:
        """Record a submission that is about to be sent.

        :param number: One more than that of the last.
        :param nonce: Made for this one.
        :return: Whether it is this one that is there now; if not, another was created at the same time.
        :raises UnreadableRecordError: If what is there cannot be read.
        """
        content = written("submission", of, nonce=nonce, value=dict(value))
        return self._create(f"{of.key}/{number}.json", content)

    def add_outcome(self, of: Coordinates, number: int, nonce: str, writer: str, value: Mapping[str, Any]) -> None:
        """Record what is known of a submission since.

        :param number: That of the submission.
        :param nonce: That of the submission.
        :param writer: Who says so.
        """
        content = written("outcome", of, nonce=nonce, id=secrets.token_hex(16), writer=writer, value=dict(value))
        further = 1
        while not self._create(f"{of.key}/{number}.{further}.json", content):
            further += 1

    def get(self, of: Coordinates, name: str) -> Any:
        """The JSON value of this name, or ``None``.

        :raises UnreadableRecordError: If it cannot be read.
        """

        def read() -> Any:
            try:
                return self._read(_value_file(of, name), "value", of).get("value")
            except FileNotFoundError:
                return None

        return self._insist("read", read)

    def set(self, of: Coordinates, name: str, value: Any) -> None:
        """Keep a JSON value in place of the one before.

        :raises UnreadableRecordError: If what is there is of a newer version, or none of ours.
        """
        content = written("value", of, value=value)
        self.get(of, name)
        self._insist("written", lambda: self._files.replace(_value_file(of, name), content))

    def delete(self, of: Coordinates, name: str) -> None:
        """Keep the value of this name no longer."""
        self._insist("written", lambda: self._files.remove(_value_file(of, name)))

    def _create(self, name: str, content: bytes) -> bool:
        """Create a file: whether the one that is there now is this one."""

        def create() -> bool:
            try:
                self._files.create(name, content)
            except Exception as error:  # noqa: BLE001 - what is there tells
                try:
                    there = self._files.read(name)
                except FileNotFoundError:
                    if isinstance(error, FileExistsError):
                        return False
                    raise error from None
                return nonces(there) == nonces(content)  # a reply that was lost
            return True

        return self._insist("written", create)

    def _entries(self, of: Coordinates) -> list[RecordEntry]:
        key = of.key
        submissions: dict[int, dict[str, Any]] = {}
        outcomes: dict[int, dict[int, dict[str, Any]]] = {}
        for file in self._files.names(key):
            if file.startswith(".") or _VALUE.fullmatch(file):
                continue
            parts = _FILE.fullmatch(file)
            if parts is None:
                raise _unreadable(self._files.uri(f"{key}/{file}"), "it is none of this provider's")
            number = int(parts[1])
            if parts[2] is None:
                submissions[number] = self._read(f"{key}/{file}", "submission", of)
            else:
                outcomes.setdefault(number, {})[int(parts[2])] = self._read(f"{key}/{file}", "outcome", of)
        return [
            RecordEntry(
                number,
                submission["nonce"],
                submission["at"],
                submission["value"],
                tuple(
                    Outcome(further, outcome["writer"], outcome["at"], outcome["value"])
                    for further, outcome in sorted(outcomes.get(number, {}).items())
                    if outcome["nonce"] == submission["nonce"]
                ),
            )
            for number, submission in sorted(submissions.items())
        ]

    def _read(self, name: str, kind: Kind, of: Coordinates) -> dict[str, Any]:
        """What a file says; one that is empty or half written is given a moment to become whole."""
        for pause in _MOMENTS:
            content = self._files.read(name)
            try:
                value = json.loads(content)
                break
            except (ValueError, RecursionError):
                if pause is None or len(content) > LARGEST:
                    why = "it is no JSON. A process may have died while it wrote it"
                    raise _unreadable(self._files.uri(name), why) from None
            self._sleep(pause)
        wrong = fault(value, kind, of)
        if wrong:
            raise _unreadable(self._files.uri(name), wrong)
        read: dict[str, Any] = value
        return read

    def _insist(self, what: str, act: Callable[[], T]) -> T:
        for pause in (*_PAUSES, None):
            try:
                return act()
            except RunwayError:
                raise
            except Exception as error:  # noqa: BLE001 - stores have their own
                if pause is None or not is_retryable(error):
                    text, cause = told(error)
                    raise RecordsFolderError(
                        f"The records folder {self.url} cannot be {what} ({shorten(text, LONGEST_MESSAGE)}).",
                        retryable=is_retryable(error),
                    ) from cause
                log.warning("The records folder %s cannot be %s now (%s). Trying again.", self.url, what, error)
                self._sleep(pause)
        raise AssertionError  # pragma: no cover - the last pause is None


def _value_file(of: Coordinates, name: str) -> str:
    file = f"value.{name}.json"
    if not _VALUE.fullmatch(file):
        raise ValueError(f"a value's name is of letters, digits, - and _; got {name!r}")
    return f"{of.key}/{file}"


def _mark() -> bytes:
    return json.dumps({"nonce": secrets.token_hex(16)}).encode()


def _unreadable(uri: str, why: str) -> UnreadableRecordError:
    return UnreadableRecordError(f"The record {uri} cannot be read: {why}.")
