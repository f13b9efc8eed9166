"""Fifty videos at once, which nobody waits for."""

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG("many", schedule=None, max_active_tasks=50):
    RunwayGenerateOperator.partial(task_id="make", aspect_ratio="16:9", wait_for_completion=False).expand(
        prompt=[f"Fox {number}" for number in range(50)]
    )
