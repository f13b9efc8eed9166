"""All that a records folder has, for the command line: :func:`survey`, and :func:`remove`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import attrgetter

from airflow_provider_runway.kie.errors import UnreadableRecordError
from airflow_provider_runway.storage.record_access import RECORD, RecordAccess
from airflow_provider_runway.storage.record_entries import Coordinates, RecordEntry

_KEY = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder has of one Airflow task.

    :param key: By which it is found.
    :param files: Their names in the folder.
    :param changed: When the newest of them was written, by the clock of the disk or store.
    :param of: Which task it is; ``None`` if no submission tells.
    :param entries: Its submissions, the first one first.
    :param fault: Why they cannot be read, if they cannot.
    """

    key: str
    files: tuple[str, ...]
    changed: datetime
    of: Coordinates | None = None
    entries: tuple[RecordEntry, ...] = ()
    fault: UnreadableRecordError | None = None


def survey(
    access: RecordAccess, *, key: str = "", since: datetime | None = None, before: datetime | None = None
) -> Iterator[Found]:
    """All that the folder has, by Airflow task, those that were written to last at the end.

    :param key: What the keys begin with.
    :param since: Leave out what was written to before.
    :param before: Leave out what was written to since.
    """
    files: dict[str, list[tuple[str, datetime]]] = {}
    for name, changed in access.insist("read", lambda: list(access.files.changed())):
        of, _, file = name.partition("/")
        if _KEY.fullmatch(of) and of.startswith(key):
            files.setdefault(of, []).append((file, changed))
    found = [
        Found(of, tuple(name for name, _ in those), max(changed for _, changed in those)) for of, those in files.items()
    ]
    found = [
        each
        for each in sorted(found, key=attrgetter("changed"))
        if (since is None or each.changed >= since) and (before is None or each.changed < before)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(partial(_look, access), found)


def remove(access: RecordAccess, found: Found) -> bool:
    """Remove all that there is of an Airflow task, unless it has been written to meanwhile.

    What a task has submitted goes before what became of it: if this is interrupted, nothing seems to be in doubt
    that is not.

    :return: Whether it is removed.
    """

    def remove() -> bool:
        if not set(access.files.names(found.key)) <= set(found.files):
            return False
        for name in sorted(found.files, key=_in_order_of_removal):
            access.files.remove(f"{found.key}/{name}")
        return True

    return access.insist("written", remove)


def _look(access: RecordAccess, found: Found) -> Found:
    try:
        entries = access.insist("read", lambda: access.entries(found.key, found.files))
        of = next((entry.of for entry in entries), None)
    except UnreadableRecordError as error:
        return replace(found, fault=error)
    return replace(found, of=of, entries=tuple(entries))


def _in_order_of_removal(name: str) -> tuple[int, int]:
    parts = RECORD.fullmatch(name)
    return (2, 0) if parts is None else (0 if parts[2] is None else 1, int(parts[1]))
