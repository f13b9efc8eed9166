"""Make a video with Veo 3.1, and have it in 4K.

Shows ``KieTaskOperator``, which calls the dedicated endpoints of KIE.AI's other families: Veo's ``generate``, and
``get-4k-video``, which makes a larger copy of a video that is there. The copy takes 5 to 10 minutes; it is waited for
like a video, and stored below the folder in the Airflow Variable ``runway_videos``.

A run costs 180 credits (US$0.90): 60 for the video with the model ``veo3_fast``, 120 for the copy in 4K.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.kie_task import KieTaskOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/"

with DAG("kie_veo_4k", schedule=None, tags=["runway"], default_args={"retries": 2}):
    video = KieTaskOperator(
        task_id="video",
        endpoint="veo/generate",
        body={
            "prompt": "A steam train crosses a viaduct in the first snow, seen from the valley.",
            "model": "veo3_fast",
            "aspect_ratio": "16:9",
        },
    )
    KieTaskOperator(
        task_id="in_4k",
        endpoint="veo/get-4k-video",
        body={"taskId": video.output["task_id"], "index": 0},
        save_to=FOLDER,
    )
