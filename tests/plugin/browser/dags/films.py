"""A run with one of each: a video that is stored, two variants, and a prompt that is refused."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG("films", schedule=None):
    RunwayGenerateOperator(
        task_id="stored",
        prompt="A fox in the snow",
        aspect_ratio="16:9",
        save_to="{{ var.value.runway_videos }}/fox.mp4",
    )
    RunwayGenerateOperator.partial(task_id="variant", aspect_ratio="16:9").expand(prompt=["A red kite", "A blue kite"])
    RunwayGenerateOperator(task_id="refused", prompt="A forbidden thing", aspect_ratio="16:9")
