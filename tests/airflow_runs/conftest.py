"""One Airflow database for all tests of this process, and DAGs run by ``dag.test()``."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from dag_bag import DagBag, read_dags
from fakes import GivenTime

from airflow_provider_runway.sandbox import Sandbox
from devtools.stack.airflow_home import prepare_database

DAGS = Path(__file__).parent / "dags"


@dataclass(frozen=True)
class Run:
    """A DAG run that is over."""

    dag_run: DagRun

    @property
    def state(self) -> str:
        return str(self.dag_run.state)

    @property
    def states(self) -> dict[str, str | None]:
        """The state of each task, by its name and, where it is mapped, its index."""
        return {
            each.task_id if each.map_index < 0 else f"{each.task_id}[{each.map_index}]": each.state
            for each in self.dag_run.get_task_instances()
        }

    def xcoms(self, task_id: str, map_index: int = -1) -> dict[str, Any]:
        """All that a task has pushed, by key."""
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            rows = session.scalars(
                select(XComModel).where(
                    XComModel.dag_id == self.dag_run.dag_id,
                    XComModel.run_id == self.dag_run.run_id,
                    XComModel.task_id == task_id,
                    XComModel.map_index == map_index,
                )
            )
            return {row.key: XComModel.deserialize_value(row) for row in rows}

    def returned(self, task_id: str, map_index: int = -1) -> Any:
        return self.xcoms(task_id, map_index)["return_value"]


@pytest.fixture(scope="session")
def bag() -> DagBag:
    """The DAGs, read as Airflow reads them, once its database is there."""
    prepare_database(Path(os.environ["AIRFLOW_HOME"]), os.environ)
    return read_dags(DAGS, "dags-folder")


@pytest.fixture
def run(bag: DagBag, kie: Sandbox, given_time: GivenTime, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Run a DAG to its end; what it sleeps passes at once."""
    monkeypatch.setattr("airflow.sdk.bases.sensor.time", given_time.clock)

    def run(dag_id: str, **conf: Any) -> Run:
        dag = bag.dags[dag_id]
        assert isinstance(dag, DAG)
        return Run(dag.test(run_conf=conf))

    return run
