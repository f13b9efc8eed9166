"""Post a video to a social media poster, once.

Shows how to publish a stored video with fields over a connection of the HTTP provider. ``find`` asks the poster for
what an earlier try has sent, where its reply was lost: by the KIE task id, which the request carries as
``external_id``. The connection ``poster`` has the poster's host and, in its extra, the header that shows who is asking,
such as ``{"Authorization": "Bearer ..."}``.

A run costs 12 credits (US$0.06).
"""

from airflow.sdk import DAG, Param

from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.transfers.video_to_http import VideoToHttpOperator

with DAG(
    "runway_social_post",
    schedule=None,
    params={"caption": Param("A quiet morning #snow", type="string")},
    tags=["runway"],
    default_args={"retries": 2},
):
    make_video = RunwayGenerateOperator(
        task_id="make_video",
        prompt="Steam rises from a cup on a windowsill, snow falls outside.",
        aspect_ratio="9:16",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/",
    )
    VideoToHttpOperator(
        task_id="post",
        http_conn_id="poster",
        endpoint="/v1/posts",
        video=make_video.output,
        fields={"caption": "{{ params.caption }}", "networks": ["instagram", "tiktok"], "external_id": "{kie_task_id}"},
        find="/v1/posts?external_id={kie_task_id}",
        response_filter=lambda response: response.json()["url"],
    )
