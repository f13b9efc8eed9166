"""As many videos as the run is told, as one mapped task."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG("large_batch", schedule=None, max_active_tasks=10_000):

    @task
    def prompts(params: dict[str, int]) -> list[str]:
        """What is to be seen in each video."""
        return [f"Fox {number}" for number in range(params["videos"])]

    RunwayGenerateOperator.partial(task_id="video", aspect_ratio="16:9", wait_for_completion=False, retries=0).expand(
        prompt=prompts()  # type: ignore[call-arg,misc] # Airflow gives it what its parameters name
    )
