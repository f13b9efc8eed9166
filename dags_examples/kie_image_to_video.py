"""Have 4o Image draw a picture, Flux Kontext turn it into night, and Runway move it.

Shows a picture that goes from one family of KIE.AI's to the next: the link in the result of a task is a field of the
one behind it, and KIE.AI fetches it. All three are stored below the folder in the Airflow Variable ``runway_videos``.

A run costs 23 credits (US$0.12): 6 for the picture, 5 for its change with ``flux-kontext-pro``, 12 for 5 seconds of
video in 720p.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.kie_task import KieTaskOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/"

with DAG("kie_image_to_video", schedule=None, tags=["runway"], default_args={"retries": 2}):
    by_day = KieTaskOperator(
        task_id="by_day",
        endpoint="gpt4o-image/generate",
        body={"prompt": "A glass greenhouse on a hill, oil on canvas.", "size": "3:2"},
        save_to=FOLDER,
    )
    by_night = KieTaskOperator(
        task_id="by_night",
        endpoint="flux/kontext/generate",
        body={
            "prompt": "The same at night, lit from within.",
            "inputImage": by_day.output["video_url"],
            "model": "flux-kontext-pro",
            "outputFormat": "png",
        },
        save_to=FOLDER,
    )
    RunwayGenerateOperator(
        task_id="video",
        image_url=by_night.output["video_url"],
        prompt="The lights go on one after another, the camera comes slowly closer.",
        save_to=FOLDER,
    )
