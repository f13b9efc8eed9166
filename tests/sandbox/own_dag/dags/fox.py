from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG("fox", schedule=None, params={"folder": "/tmp/videos"}) as dag:
    RunwayGenerateOperator(
        task_id="make_video",
        prompt="A fox in the snow.",
        aspect_ratio="16:9",
        save_to="{{ params.folder }}/fox.mp4",
        retries=2,
    )
