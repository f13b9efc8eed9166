"""One long clip: make a video, extend it twice, store the result.

Shows how one video's task id feeds the next task, and that each step retries by itself: a retry waits on the video
that an earlier try has paid for. The clip is stored below the folder in the Airflow Variable ``runway_videos``.

A run costs 12 credits (US$0.06) and two extensions. KIE.AI publishes no price for an extension; about 12 credits each
are expected.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator

with DAG("runway_extend_chain", schedule=None, tags=["runway"], default_args={"retries": 2}):
    harbour = RunwayGenerateOperator(
        task_id="harbour",
        prompt="A fishing boat leaves a harbour at dawn, the camera follows it from above.",
        aspect_ratio="16:9",
    )
    open_sea = RunwayExtendOperator(
        task_id="open_sea",
        runway_task_id=harbour.output["task_id"],
        prompt="The boat reaches the open sea and the sun comes up.",
    )
    RunwayExtendOperator(
        task_id="whale",
        runway_task_id=open_sea.output["task_id"],
        prompt="A whale rises beside the boat.",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/{{ run_id }}.mp4",
    )
