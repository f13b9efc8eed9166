"""One video for each prompt of a list.

Shows dynamic task mapping: each prompt becomes a mapped task with its own retries and its own record of what was paid.
``max_active_tis_per_dagrun`` bounds how many are made at a time. Each video is stored below the folder in the Airflow
Variable ``runway_videos``; the last task gets all results. The retry policy (Airflow 3.3) pauses as suits what went
wrong.

A run costs 12 credits (US$0.06) a prompt: three with the default list.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param, task

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

RETRIES = {"retries": 2, "retry_delay": timedelta(minutes=1)}
try:
    from airflow_provider_runway.retry_policy import RunwayRetryPolicy
except ImportError:
    pass  # Airflow before 3.3
else:
    RETRIES["retry_policy"] = RunwayRetryPolicy()

PROMPTS = [
    "A paper boat sails down a rainy street.",
    "A lighthouse turns its beam through fog.",
    "A hummingbird drinks from a red flower, in slow motion.",
]

with DAG("runway_batch", schedule=None, params={"prompts": Param(PROMPTS, type="array")}, tags=["runway"]):

    @task
    def prompts(params: dict) -> list[str]:
        return [prompt for prompt in params["prompts"] if prompt.strip()]  # a form may leave an empty line

    @task
    def list_files(videos: list[dict]) -> list[str]:
        return [video["saved_to"] for video in videos]

    videos = RunwayGenerateOperator.partial(
        task_id="make_video",
        aspect_ratio="9:16",
        **RETRIES,
        max_active_tis_per_dagrun=10,
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/{{ run_id }}/",
        map_index_template="{{ task.prompt }}",
    ).expand(prompt=prompts())
    list_files(videos.output)
