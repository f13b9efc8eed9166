"""Where Airflow's bag of DAGs and its serialiser are, by version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versions import AIRFLOW

if TYPE_CHECKING or AIRFLOW >= (3, 2):
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization
else:
    from airflow.models.dagbag import DagBag
    from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization

__all__ = ["DagBag", "DagSerialization"]
