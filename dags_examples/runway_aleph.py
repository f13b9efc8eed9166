"""Make a video, and a second one out of it: the same shot in winter.

Shows Aleph, which changes a video by a prompt: its light, its style, what is in it. The link of the first video feeds
the second task. The changed video is stored below the folder in the Airflow Variable ``runway_videos``.

A run costs 122 credits (US$0.61): 12 for the first video, 110 for Aleph.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayGenerateOperator

with DAG("runway_aleph", schedule=None, tags=["runway"], default_args={"retries": 2}):
    summer = RunwayGenerateOperator(
        task_id="summer",
        prompt="A small train crosses a green valley, seen from a hill.",
        aspect_ratio="16:9",
    )
    RunwayAlephOperator(
        task_id="winter",
        video_url=summer.output["video_url"],
        prompt="Make it winter: snow lies on the meadows, the light is cold and low.",
        aspect_ratio="16:9",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/",
    )
