"""Have a person approve a video in the Airflow UI before it is published.

Shows the standard provider's ``ApprovalOperator`` between making and publishing. The video is stored first, so that
it is there whenever somebody answers. The run waits under *Required Actions*, without a worker slot; the page there has
the link to the video. ``Approve`` publishes and ``Reject`` skips; no answer within a week is a rejection. The
connection ``poster`` is that of ``runway_social_post.py``.

A run costs 12 credits (US$0.06), whatever is answered.
"""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param

from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.transfers.video_to_http import VideoToHttpOperator

with DAG(
    "runway_approval",
    schedule=None,
    params={"title": Param("A quiet morning", type="string")},
    tags=["runway"],
):
    video = RunwayGenerateOperator(
        task_id="make_video",
        prompt="{{ params.title }}: steam rises from a cup on a windowsill, snow falls outside.",
        aspect_ratio="1:1",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/",
        retries=2,
    )
    approve = ApprovalOperator(
        task_id="approve",
        subject="Publish {{ params.title }}?",
        body="[Watch the video]({{ ti.xcom_pull('make_video').video_url }})"
        " (about {{ ti.xcom_pull('make_video').credits_estimate }} credits)",
        defaults="Reject",
        response_timeout=timedelta(days=7),
    )
    publish = VideoToHttpOperator(
        task_id="publish",
        http_conn_id="poster",
        endpoint="/v1/posts",
        video=video.output,
        fields={"caption": "{{ params.title }}", "external_id": "{kie_task_id}"},
        find="/v1/posts?external_id={kie_task_id}",
        response_filter=lambda response: response.json()["url"],
        retries=2,
    )
    video >> approve >> publish
