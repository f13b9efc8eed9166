"""Wait for a video that was submitted elsewhere, then store it.

Shows the sensor, and the transfer after it. The id is the one that KIE.AI gave when the video was submitted: by another
DAG with ``wait_for_completion=False``, by a script, or by a call listed at https://kie.ai/logs.

A run costs nothing: the video is paid by whoever submitted it.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

with DAG(
    "runway_wait_for_task",
    schedule=None,
    params={"runway_task_id": Param(type="string", minLength=1, title="Task id at KIE.AI")},
    tags=["runway"],
    default_args={"retries": 2},
):
    video = RunwayVideoSensor(
        task_id="wait",
        runway_task_id="{{ params.runway_task_id }}",
        timeout=timedelta(minutes=30),
    )
    RunwayToObjectStorageOperator(
        task_id="store",
        runway_task_id=video.output["task_id"],
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/",
    )
