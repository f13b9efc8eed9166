"""Run when there is a new video: store each that the daily DAG has made, and note what it shows.

Shows event-driven scheduling: this DAG runs when the asset of ``runway_text_to_video.py`` is updated. Each event says
in its ``extra`` which video it is, with its prompt, length and expected price, so nothing has to be asked back.

A run costs nothing: the video was paid by the DAG that made it.
"""

from airflow.sdk import DAG, Asset, task

from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

DAILY_VIDEO = Asset("runway_daily_video")

with DAG("runway_on_new_video", schedule=[DAILY_VIDEO], tags=["runway"], default_args={"retries": 2}):

    @task
    def new_videos(triggering_asset_events: dict) -> list[dict]:
        return [event.extra for event in triggering_asset_events[DAILY_VIDEO]]

    @task
    def caption(video: dict) -> str:
        return f"{video['prompt']} ({video['duration']} s, {video['credits_estimate']:g} credits)"

    videos = new_videos()
    RunwayToObjectStorageOperator.partial(
        task_id="store",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/daily/",
    ).expand(runway_task_id=videos.map(lambda video: video["task_id"]))
    caption.expand(video=videos)
