"""As many videos waited for as the run is given ids of."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_provider_runway.sensors.runway import RunwayVideoSensor

with DAG("waits", schedule=None, max_active_tasks=10_000):

    @task
    def ids(params: dict[str, list[str]]) -> list[str]:
        """The KIE tasks to wait for."""
        return params["ids"]

    RunwayVideoSensor.partial(task_id="wait", poke_interval=10, timeout=7200, retries=0).expand(
        runway_task_id=ids()  # type: ignore[call-arg,misc] # Airflow gives it what its parameters name
    )
