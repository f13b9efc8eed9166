"""Who may see what: each endpoint asks Airflow's auth manager, with the login of the viewer."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import ConnectionDetails, DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends


def authenticated(user: GetUserDep) -> None:
    """Refuse whoever is not logged in (401)."""
    del user


def readable_dags(user: GetUserDep) -> set[str]:
    """The DAGs that the viewer may read."""
    return get_auth_manager().get_authorized_dag_ids(user=user, method="GET")


ReadableDags = Annotated[set[str], Depends(readable_dags)]
# What Airflow's own lists of task instances and XComs ask for; of one DAG, where the path or query names one.
READS_VIDEOS = [
    Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
    Depends(requires_access_dag("GET", DagAccessEntity.XCOM)),
]
EDITS_TASKS = [Depends(requires_access_dag("PUT", DagAccessEntity.TASK_INSTANCE))]


def may_read_connection(user: Any, conn_id: str) -> bool:
    """Whether the viewer may read a connection, wherever Airflow has it from."""
    return get_auth_manager().is_authorized_connection(
        method="GET", details=ConnectionDetails(conn_id=conn_id), user=user
    )
