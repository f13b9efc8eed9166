"""Bring pictures of your own storage to life.

Shows how files become input: ``image_url`` takes the address of a file as well (``file://``, ``s3://`` and whatever
Airflow knows), which is uploaded to KIE.AI when the request is about to be submitted. ``RunwayUploadOperator`` uploads
a file by itself, for two videos that begin with the same picture. The pictures are below the folder in the Airflow
Variable ``runway_pictures``.

A run costs 36 credits (US$0.18): three videos of 12 credits. Uploading is free.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.operators.upload import RunwayUploadOperator

PICTURES = "{{ var.value.get('runway_pictures', 'file:///tmp/runway-pictures') }}"

with DAG("runway_from_file", schedule=None, tags=["runway"], default_args={"retries": 2}):
    RunwayGenerateOperator(
        task_id="harbour",
        image_url=f"{PICTURES}/harbour.jpg",
        prompt="The boats rock gently, gulls circle above the masts.",
    )

    mountain = RunwayUploadOperator(task_id="mountain", path=f"{PICTURES}/mountain.png")
    for time in ("morning", "night"):
        RunwayGenerateOperator(
            task_id=time,
            image_url=mountain.output["url"],
            prompt=f"Clouds drift over the mountain, a {time} passes in time lapse.",
        )
