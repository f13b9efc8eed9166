"""``airflow runway records`` without a records folder, on Airflow's own task state store."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError
from versions import AIRFLOW

from airflow_provider_runway.cli import records, stored_records
from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.operators.submission import RECORD_KEY, Stage, Submission
from airflow_provider_runway.sandbox import Sandbox
from devtools.stack.airflow_home import prepare_database

from .support import INTENT, Call

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(AIRFLOW < (3, 3), reason="this Airflow has no task state store"),
    pytest.mark.usefixtures("given_time", "server_context", "kie"),
]
RUN = "manual__2026-11-01"
WORDS = ("foxes", "make", RUN)
INDEX = "map_index" if AIRFLOW < (3, 4) else "region_index"
EXPIRY = datetime(2026, 12, 31, tzinfo=timezone.utc)


@pytest.fixture
def session() -> Iterator[Any]:
    from airflow.models.dagrun import DagRun
    from airflow.models.task_state_store import TaskStateStoreModel
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunType
    from sqlalchemy import delete

    prepare_database(Path(os.environ["AIRFLOW_HOME"]), os.environ)
    with create_session() as session:
        # `dag.test()` of other tests leaves rows.
        session.execute(delete(TaskStateStoreModel))
        run = DagRun(dag_id="foxes", run_id=RUN, run_type=DagRunType.MANUAL, run_after=EXPIRY)
        session.add(run)
        session.flush()
        session.info["run"] = run.id
        session.commit()
        yield session
        session.execute(delete(TaskStateStoreModel))
        session.execute(delete(DagRun))


def store(session: Any, value: object, map_index: int = -1, days: float = 0, key: str = RECORD_KEY) -> None:
    from airflow.models.task_state_store import TaskStateStoreModel

    session.add(
        TaskStateStoreModel(
            dag_run_id=session.info["run"],
            dag_id="foxes",
            run_id=RUN,
            task_id="make",
            **{INDEX: map_index},
            key=key,
            value=value if isinstance(value, str) else json.dumps(value),
            updated_at=datetime.now(timezone.utc) - timedelta(days=days),
            expires_at=EXPIRY,
        )
    )
    session.commit()


def stored(session: Any, map_index: int = -1) -> tuple[Submission, Any]:
    from airflow.models.task_state_store import TaskStateStoreModel
    from sqlalchemy import select

    session.expire_all()
    row = session.scalars(select(TaskStateStoreModel).where(getattr(TaskStateStoreModel, INDEX) == map_index)).one()
    return Submission.from_json(json.loads(row.value)), row.expires_at


def submission(stage: Stage, task_id: str | None = "task-1") -> dict[str, Any]:
    return replace(INTENT, stage=stage, task_id=task_id).to_json()


def test_what_the_store_has_is_listed_and_shown(call: Call, session: Any) -> None:
    store(session, INTENT.to_json(), days=9)
    store(session, submission(Stage.FINISHED), map_index=0, days=3)
    store(session, "[1, 2]", map_index=1)
    store(session, {"task_id": "task-1"}, map_index=0, key="runway_success")

    listed = call("records", "list", "-o", "json")
    shown = call("records", "show", *WORDS, "--map-index", "0", "-o", "json")

    rows = [(row["map_index"], row["state"], row["kie_task_id"]) for row in json.loads(listed.out)]
    assert rows == [(-1, "in doubt", None), (0, "finished", "task-1"), (1, "unreadable", None)]
    assert "This is of Airflow's task state store." in listed.err
    assert [row["state"] for row in json.loads(shown.out)] == ["in doubt", "finished"]
    assert len(json.loads(call("records", "list", "--since", "4d", "-o", "json").out)) == 2
    key = json.loads(listed.out)[0]["key"]
    assert json.loads(call("records", "show", key[:10], "-o", "json").out)[0]["map_index"] == -1
    assert call("records", "show", *WORDS, "--map-index", "5").code == ExitCode.REFUSED


def test_an_id_is_put_into_the_store_and_kept_as_long_as_the_record_was_to_be(
    call: Call, session: Any, task_id: str
) -> None:
    store(session, INTENT.to_json())
    store(session, INTENT.to_json(), map_index=0)

    assert call("records", "set-id", task_id, *WORDS).code == 0

    assert stored(session) == (replace(INTENT, stage=Stage.SUBMITTED, task_id=task_id), EXPIRY)
    assert stored(session, 0)[0] == INTENT
    refused = call("records", "set-id", task_id, *WORDS, "--map-index", "0")
    assert "is recorded for another Airflow task" in refused.err


def test_a_record_of_the_store_is_forgotten(call: Call, session: Any) -> None:
    store(session, submission(Stage.SUBMITTED))

    assert call("records", "forget", *WORDS, "--yes").code == 0

    assert stored(session)[0].stage is Stage.FORGOTTEN
    listed = json.loads(call("records", "list", "-o", "json").out)
    assert [row["state"] for row in listed] == ["forgotten"]
    assert "nothing to forget" in call("records", "forget", *WORDS, "--yes").err


def test_airflow_itself_removes_what_is_old_in_its_store(call: Call, session: Any) -> None:
    store(session, INTENT.to_json(), days=100)

    done = call("records", "prune", "--yes")

    assert (done.code, stored(session)[0]) == (ExitCode.REFUSED, INTENT)
    assert "airflow state-store" in done.err


def test_an_older_airflow_has_no_store(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "airflow_version", lambda: (3, 2))

    for words in (("list",), ("show", *WORDS), ("set-id", "x", *WORDS), ("forget", *WORDS), ("prune",)):
        done = call("records", *words)

        assert done.code == ExitCode.REFUSED
        assert "There is no records folder: neither connection 'runway_default' nor [runway] records" in done.err
        assert "records.md" in done.err


def test_a_database_that_cannot_be_used_is_said_so(call: Call, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = OperationalError("SELECT ...", {}, Exception("no such table"))
    monkeypatch.setattr(stored_records, "_rows", Mock(side_effect=fault))

    for words in (("list",), ("show", *WORDS)):
        done = call("records", *words)

        assert (done.code, done.out) == (ExitCode.REFUSED, "")
        assert done.err.endswith("Airflow's database cannot be used (OperationalError). Nothing was changed.\n")
