"""Have another model of KIE.AI's market make pictures, and one of them move.

Shows ``KieJobOperator``, which runs any model of https://kie.ai/market by its name and its own fields: an image model
first, then a video model that starts from the picture. All files are stored below the folder in the Airflow Variable
``runway_videos``, those of the first task as ``<task id>-1.png``, ``<task id>-2.png`` and so on.

A run costs what the two models cost at KIE.AI: see their pages at https://kie.ai/market.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.kie_job import KieJobOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/"

with DAG("kie_any_model", schedule=None, tags=["runway"], default_args={"retries": 2}):
    pictures = KieJobOperator(
        task_id="pictures",
        model="bytedance/seedream-v4-text-to-image",
        input={
            "prompt": "A paper lantern over a river at night.",
            "image_size": "landscape_16_9",
            "max_images": 2,
        },
        save_to=FOLDER,
    )
    KieJobOperator(
        task_id="video",
        model="kling-2.6/image-to-video",
        input={
            "prompt": "The lantern rises slowly.",
            "image_urls": [pictures.output["video_url"]],
            "duration": "5",
            "sound": False,
        },
        save_to=FOLDER,
    )
