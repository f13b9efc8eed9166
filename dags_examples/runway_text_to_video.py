"""One video a day from a prompt that tells the date.

Shows a templated prompt, a parameter that the trigger form asks for, a file that stays when KIE.AI deletes the video,
and an asset that tells other DAGs of it (``runway_on_new_video.py`` waits for it). The Airflow Variable
``runway_videos`` says where the files go.

A run costs 12 credits (US$0.06): 5 seconds in 720p. Once it is unpaused, the first run starts at once.
"""

import pendulum
from airflow.sdk import DAG, Asset

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG(
    "runway_text_to_video",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    params={"city": "Lisbon"},
    tags=["runway"],
):
    RunwayGenerateOperator(
        task_id="make_video",
        prompt="{{ params.city }} wakes up on {{ dag_run.run_after.strftime('%A, %d %B') }}, filmed from a slow tram.",
        aspect_ratio="16:9",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/{{ run_id }}.mp4",
        retries=2,
        outlets=[Asset("runway_daily_video")],
    )
