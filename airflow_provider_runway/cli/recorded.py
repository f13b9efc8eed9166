"""What a records folder has of one Airflow task, as the command line finds and shows it."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from airflow_provider_runway.cli.ending import ExitCode, end, say
from airflow_provider_runway.kie.errors import UnreadableRecordError
from airflow_provider_runway.operators.folder_records import read_entry
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.storage.record_entries import Coordinates, RecordEntry
from airflow_provider_runway.storage.record_survey import Found
from airflow_provider_runway.utils.versions import command_line

UNREADABLE = "unreadable"
_IN_DOUBT = "in doubt"
# The fewest digits of a key that a person has to give.
_FEWEST = 8
# What is listed of a submission.
COLUMNS = (
    "key", "dag_id", "task_id", "run_id", "map_index", "number", "state", "kie_task_id", "intended_at", "saved_to",
)  # fmt: skip


class Records(Protocol):
    """Where submissions are recorded: a records folder, or what stands in for one."""

    url: str

    def survey(
        self, *, key: str = "", since: datetime | None = None, before: datetime | None = None
    ) -> Iterator[Found]:
        """All Airflow tasks of which there is a record, those that were written to last at the end."""

    def entries(self, of: Coordinates) -> list[RecordEntry]:
        """The submissions of an Airflow task, the first one first."""

    def add_outcome(self, of: Coordinates, number: int, nonce: str, writer: str, value: Mapping[str, Any]) -> None:
        """Record what is known of a submission since."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was recorded of one Airflow task.

    :param of: Which.
    :param entries: Its submissions, the first one first.
    """

    of: Coordinates
    entries: tuple[RecordEntry, ...]

    def current(self) -> tuple[RecordEntry, Submission]:
        """The last submission of which it is not known that nothing was sent, or else the last."""
        read = [(entry, read_entry(entry)) for entry in self.entries]
        return next((each for each in reversed(read) if each[1].stage is not Stage.UNSENT), read[-1])


def find(folder: Records, arguments: Namespace) -> Record:
    """The record that the arguments name: by key, or by dag, task and run, as Airflow's commands do."""
    match arguments.which:
        case [key] if re.fullmatch(rf"[0-9a-f]{{{_FEWEST},64}}", key):
            return _by_key(folder, key)
        case [dag_id, task_id, run_id]:
            of = Coordinates(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=arguments.map_index)
            entries = folder.entries(of)
            if entries:
                return Record(of, tuple(entries))
            end(
                ExitCode.REFUSED,
                f"{folder.url} has no record of that task; {command_line('records', 'list')} lists them.",
            )
        case _:
            end(
                ExitCode.WRONG,
                f"A record is named by DAG_ID TASK_ID RUN_ID, or by {_FEWEST} digits of its key or more.",
            )


def _by_key(folder: Records, key: str) -> Record:
    several = list(folder.survey(key=key))
    faults = [found.fault for found in several if found.fault is not None]
    if faults:
        raise faults[0]
    found = [Record(found.of, found.entries) for found in several if found.of is not None]
    if len(found) != 1:
        end(ExitCode.REFUSED, f"{folder.url} has {len(found) or 'no'} records whose key begins with {key}.")
    return found[0]


def is_open(entry: RecordEntry) -> bool:
    """Whether it is not known how a submission has ended."""
    try:
        return read_entry(entry).stage in {Stage.INTENT, Stage.SUBMITTED}
    except UnreadableRecordError:
        return True


def row_of(key: str, entry: RecordEntry) -> Mapping[str, Any]:
    """What is listed of a submission, and more."""
    facts = {"key": key, **asdict(entry.of), "number": entry.number}
    try:
        known = read_entry(entry)
    except UnreadableRecordError as error:
        say(str(error))
        return {**facts, "state": UNREADABLE}
    return {
        **facts,
        "state": word(known.stage),
        "kie_task_id": known.task_id,
        "intended_at": known.intended_at,
        "saved_to": known.saved_to,
    }


def history(entry: RecordEntry) -> Iterator[tuple[str, str, Stage, Mapping[str, Any]]]:
    """All that was recorded of a submission, the oldest first: when, by whom, how far it had come, and what else."""
    whole = [(entry.created_at, "", entry.value), *((each.at, each.writer, each.value) for each in entry.outcomes)]
    for at, writer, value in whole:
        said = Submission.from_json(value)
        yield at, writer, said.stage, {"kie_task_id": said.task_id, "saved_to": said.saved_to}


def word(stage: Stage) -> str:
    """How far a submission has come, in a word or two."""
    return _IN_DOUBT if stage is Stage.INTENT else stage.value
