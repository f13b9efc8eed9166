"""What a records folder has of one Airflow task, as the command line finds and shows it."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from airflow_provider_runway.cli.ending import ExitCode, end, say
from airflow_provider_runway.kie.errors import UnreadableRecordError
from airflow_provider_runway.operators.outcomes import read_entry
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.publishing import publication, records
from airflow_provider_runway.publishing.publication import RECORD_NAME, Publication
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

    def current(self) -> tuple[RecordEntry, Submission | Publication]:
        """The last submission of which it is not known that nothing was sent, or else the last."""
        read = [(entry, known(entry)) for entry in self.entries]
        return next((each for each in reversed(read) if each[1].stage.value != Stage.UNSENT.value), read[-1])


def known(entry: RecordEntry) -> Submission | Publication:
    """What has become of a submission, or of a publication.

    :raises UnreadableRecordError: If the entry says what is none.
    """
    return records.read_entry(entry) if entry.of.name == RECORD_NAME else read_entry(entry)


def find(folder: Records, arguments: Namespace) -> Record:
    """The record that the arguments name: by key, or by dag, task and run, as Airflow's commands do."""
    match arguments.which:
        case [key] if re.fullmatch(rf"[0-9a-f]{{{_FEWEST},64}}", key):
            return _by_key(folder, key)
        case [dag_id, task_id, run_id]:
            whose = Coordinates(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=arguments.map_index)
            for of in (whose, replace(whose, name=RECORD_NAME)):
                if entries := folder.entries(of):
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
        stage = known(entry).stage
    except UnreadableRecordError:
        return True
    return stage is Stage.SUBMITTED or word(stage) == _IN_DOUBT


def row_of(key: str, entry: RecordEntry) -> Mapping[str, Any]:
    """What is listed of a submission, and more."""
    facts = {"key": key, **asdict(entry.of), "number": entry.number}
    try:
        current = known(entry)
    except UnreadableRecordError as error:
        say(str(error))
        return {**facts, "state": UNREADABLE}
    return {**facts, "state": word(current.stage), "intended_at": current.intended_at, **_about(current)}


def history(entry: RecordEntry) -> Iterator[tuple[str, str, Stage | publication.Stage, Mapping[str, Any]]]:
    """All that was recorded of a submission, the oldest first: when, by whom, how far it had come, and what else."""
    whole = [(entry.created_at, "", entry.value), *((each.at, each.writer, each.value) for each in entry.outcomes)]
    kind = Publication if entry.of.name == RECORD_NAME else Submission
    for at, writer, value in whole:
        said = kind.from_json(value)
        yield at, writer, said.stage, _about(said)


def word(stage: Stage | publication.Stage) -> str:
    """How far a submission has come, in a word or two."""
    return _IN_DOUBT if stage is Stage.INTENT or stage in publication.IN_DOUBT else stage.value


def _about(said: Submission | Publication) -> Mapping[str, Any]:
    if isinstance(said, Publication):
        return {"kie_task_id": said.kie_task_id, "saved_to": None}
    return {"kie_task_id": said.task_id, "saved_to": said.saved_to}
