"""Where Airflow's bag of DAGs and its serialiser are, by version."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.execution_time import supervisor
from versions import AIRFLOW

if TYPE_CHECKING or AIRFLOW >= (3, 2):
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization
else:
    from airflow.models.dagbag import DagBag
    from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization

if AIRFLOW < (3, 3):
    # There `dag.test()` makes an API server for each task, which takes seconds; later versions keep the first one.
    supervisor.in_process_api_server = cache(supervisor.in_process_api_server)

__all__ = ["DagBag", "DagSerialization", "read_dags"]


def read_dags(folder: Path, bundle: str) -> DagBag:
    """The DAGs of a folder, as those of a bundle of that name; a bag of Airflow 3.1 has no name of its own."""
    named: dict[str, Any] = {"bundle_name": bundle} if AIRFLOW >= (3, 2) else {}
    return DagBag(folder, bundle_path=folder, **named)
