"""Tasks whose values turn out to be wrong when they run."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

RETRIED: dict[str, Any] = {"prompt": "A fox", "retries": 2, "retry_delay": timedelta(seconds=0)}

with DAG("wrong_values", schedule=None):

    @task
    def ratios() -> list[str]:
        return ["17:9"]

    @task
    def places() -> list[None]:
        return [None]

    RunwayGenerateOperator.partial(task_id="ratio", **RETRIED).expand(aspect_ratio=ratios())
    RunwayGenerateOperator.partial(task_id="place", aspect_ratio="16:9", **RETRIED).expand(save_to=places())
    RunwayGenerateOperator(task_id="template", aspect_ratio="{{ params.nowhere.else }}", **RETRIED)
