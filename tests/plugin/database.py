"""Task instances and XComs in Airflow's own tables, as its workers leave them behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.models import xcom
from airflow.models.connection import Connection
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, insert, select
from uuid6 import uuid7

from airflow_provider_runway.plugin.airflow_models import as_id
from airflow_provider_runway.utils.versions import airflow_version

# From Airflow 3.4 on an XCom belongs to one try.
BY_TRY = airflow_version() >= (3, 4)
XCOMS: Any = getattr(xcom, "XComModelV2" if BY_TRY else "XComModel")
NOW = datetime.now(timezone.utc).replace(microsecond=0)
RESULT: Mapping[str, Any] = {
    "task_id": "kie-1",
    "parent_task_id": None,
    "kind": "runway",
    "state": "success",
    "video_url": "https://media.example/kie-1.mp4",
    "image_url": "https://media.example/kie-1.jpg",
    "submitted_at": (NOW - timedelta(minutes=2)).isoformat(),
    "completed_at": NOW.isoformat(),
    "expires_at": (NOW + timedelta(days=14)).isoformat(),
    "saved_to": None,
    "credits_estimate": 12,
    "schema_version": 1,
}
RUNWAY: Mapping[str, Any] = {
    "kind": "runway",
    "model": "runway",
    "prompt": "A fox in the snow",
    "duration": 5,
    "quality": "720p",
    "aspect_ratio": "16:9",
    "credits": 12,
    "dollars": 0.06,
    "conn_id": "runway_default",
    "task_id": "kie-1",
    "submitted_at": (NOW - timedelta(minutes=2)).isoformat(),
    "expected_at": (NOW - timedelta(seconds=30)).isoformat(),
    "schema_version": 1,
}
FAILURE: Mapping[str, Any] = {
    "reason": "moderation",
    "error": "GenerationFailedError",
    "message": "KIE.AI failed task kie-1 (moderation): Not this.",
    "task_id": "kie-1",
    "paid": False,
    "payment": "Its credits come back.",
    "advice": "Change the prompt or the input. Then clear this task.",
    "page": "https://docs.example/errors.md",
    "schema_version": 1,
}


class Database:
    """What the tests put into Airflow's database."""

    def clear(self) -> None:
        """Remove all of it."""
        with create_session() as session:
            for model in (XCOMS, TaskInstance, DagRun, DagVersion, DagModel, Connection):
                session.execute(delete(model))

    def task(
        self,
        dag_id: str = "clips",
        run_id: str = "manual__1",
        task_id: str = "video",
        *,
        map_index: int = -1,
        state: str | None = "success",
        operator: str = "RunwayGenerateOperator",
        started: datetime = NOW,
        **xcoms: Any,
    ) -> None:
        """A task instance with what it has pushed."""
        with create_session() as session:
            run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
            if run is None:
                run = self._run(session, dag_id, run_id)
            ti_id = as_id(str(uuid7()))
            session.execute(
                insert(TaskInstance).values(
                    id=ti_id,
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id=task_id,
                    state=state,
                    operator=operator,
                    start_date=started,
                    end_date=started + timedelta(minutes=2),
                    pool="default_pool",
                    pool_slots=1,
                    try_number=1,
                    max_tries=2,
                    **{"region_index" if BY_TRY else "map_index": map_index},
                )
            )
            place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
            for key, value in xcoms.items():
                owner = {"task_instance_id": ti_id, "id": uuid7()} if BY_TRY else {"dag_run_id": run.id, **place}
                session.execute(insert(XCOMS).values(key=key, value=value, timestamp=started, **owner))

    def video(self, *args: Any, runway: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """A finished video; ``saved_to`` and whatever else the result has may be changed."""
        names = ({*RESULT} - {"task_id", "state"}) | {
            *("saved_files", "thumbnail_saved_to", "credits", "result_urls", "result_types")
        }
        result = {name: changes.pop(name) for name in names & {*changes}}
        self.task(*args, runway={**RUNWAY, **(runway or {})}, return_value={**RESULT, **result}, **changes)

    @staticmethod
    def _run(session: Any, dag_id: str, run_id: str) -> DagRun:
        if session.get(DagBundleModel, "tests") is None:
            session.add(DagBundleModel(name="tests"))
            session.flush()
        if session.get(DagModel, dag_id) is None:
            session.add(DagModel(dag_id=dag_id, bundle_name="tests", fileloc="/dags/clips.py"))
            session.flush()
        run = DagRun(
            dag_id=dag_id,
            run_id=run_id,
            run_type=DagRunType.MANUAL,
            run_after=NOW,
            triggered_by=DagRunTriggeredByType.TEST,
        )
        session.add(run)
        session.flush()
        return run
