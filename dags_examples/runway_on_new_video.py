"""Run when there is a new video: store each that the daily DAG has made.

Shows event-driven scheduling: this DAG runs when the asset of ``runway_text_to_video.py`` is updated, and finds the
video's task id in the result of the task that updated it.

A run costs nothing: the video was paid by the DAG that made it.
"""

from airflow.sdk import DAG, Asset, task

from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

DAILY_VIDEO = Asset("runway_daily_video")

with DAG("runway_on_new_video", schedule=[DAILY_VIDEO], tags=["runway"]):

    @task
    def new_videos(triggering_asset_events: dict) -> list[str]:
        events = triggering_asset_events[DAILY_VIDEO]
        return [event.source_task_instance.xcom_pull(key="task_id") for event in events]

    RunwayToObjectStorageOperator.partial(
        task_id="store",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/daily/",
    ).expand(runway_task_id=new_videos())
