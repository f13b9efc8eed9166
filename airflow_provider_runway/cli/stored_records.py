"""The submission records of Airflow's task state store (3.3 and later), as if they were in a records folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.cli.ending import ExitCode, end
from airflow_provider_runway.operators.folder_records import region_of
from airflow_provider_runway.operators.submission import RECORD_KEY, Stage
from airflow_provider_runway.storage.record_entries import Coordinates, Outcome, RecordEntry
from airflow_provider_runway.storage.record_survey import Found

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_COORDINATES = ("dag_id", "run_id", "task_id")


class StoredRecords:
    """The records in Airflow's database, which the command line may read and write as Airflow's own commands do."""

    url = "Airflow's task state store"

    def survey(
        self, *, key: str = "", since: datetime | None = None, before: datetime | None = None
    ) -> Iterator[Found]:
        """All tasks of which there is a record, those that were written to last at the end."""
        with database_session() as session:
            found = [_found(row) for row in _rows(session)]
        for each in sorted(found, key=lambda each: each.changed):
            if (
                each.key.startswith(key)
                and (since is None or each.changed >= since)
                and (before is None or each.changed < before)
            ):
                yield each

    def entries(self, of: Coordinates) -> list[RecordEntry]:
        """The submission of an Airflow task, if there is one."""
        with database_session() as session:
            return [entry for row in _rows(session, of) for entry in _found(row).entries]

    def add_outcome(self, of: Coordinates, number: int, nonce: str, writer: str, value: Mapping[str, Any]) -> None:
        """Put what is known of a submission in place of what was known before, for as long as that was to be kept."""
        del number, nonce, writer
        with database_session() as session:
            for row in _rows(session, of):
                row.value = json.dumps(dict(value))
                row.updated_at = datetime.now(timezone.utc)


@contextmanager
def database_session() -> Iterator[Session]:
    """A session with Airflow's database, whose faults end the command."""
    from airflow.utils.session import create_session
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            yield session
    except SQLAlchemyError as error:
        end(ExitCode.REFUSED, f"Airflow's database cannot be used ({type(error).__name__}). Nothing was changed.")


def _rows(session: Session, of: Coordinates | None = None) -> list[Any]:
    from airflow.models.task_state_store import TaskStateStoreModel
    from sqlalchemy import select

    query = select(TaskStateStoreModel).where(TaskStateStoreModel.key == RECORD_KEY)
    if of is not None:
        query = query.where(*(getattr(TaskStateStoreModel, name) == getattr(of, name) for name in _COORDINATES))
    return [row for row in session.scalars(query) if of in {None, _coordinates(row)}]


def _coordinates(row: Any) -> Coordinates:
    """Which Airflow task it is of; from 3.4 on a row has a region, and its index, in place of the map index."""
    names = {name: getattr(row, name) for name in _COORDINATES}
    if not hasattr(row, "region_id"):
        return Coordinates(**names, map_index=row.map_index)
    return Coordinates(**names, map_index=row.region_index, region=region_of(row.region_id, row.region_index))


def _found(row: Any) -> Found:
    of = _coordinates(row)
    at = row.updated_at.isoformat(timespec="milliseconds")
    try:
        value = json.loads(row.value)
    except ValueError:
        value = None
    value = value if isinstance(value, dict) else {}
    if value.get("stage") == Stage.INTENT:
        entry = RecordEntry(1, of, "", at, value)
    else:
        intent = {**value, "stage": Stage.INTENT.value, "task_id": None}
        entry = RecordEntry(1, of, "", str(value.get("intended_at", at)), intent, (Outcome(1, "", at, value),))
    return Found(of.key, (), row.updated_at, of, (entry,))
