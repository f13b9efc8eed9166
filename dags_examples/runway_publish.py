"""Tell a content management system about a finished video.

Shows how to hand the result to another operator: the HTTP provider's ``HttpOperator`` puts title and link to the
system behind the connection ``cms``. The link ends when KIE.AI deletes the video (14 days at most), so the system
should copy the video. PUT with the video's own id lets a retry repeat the call without making a second entry.

A run costs 12 credits (US$0.06).
"""

from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG, Param

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG(
    "runway_publish",
    schedule=None,
    params={"title": Param("A quiet morning", type="string")},
    tags=["runway"],
    default_args={"retries": 2},
):
    video = RunwayGenerateOperator(
        task_id="make_video",
        prompt="{{ params.title }}: steam rises from a cup on a windowsill, snow falls outside.",
        aspect_ratio="1:1",
    )
    publish = HttpOperator(
        task_id="publish",
        http_conn_id="cms",
        method="PUT",
        endpoint="videos/{{ ti.xcom_pull('make_video').task_id }}",
        headers={"Content-Type": "application/json"},
        data="{{ {'title': params.title, 'link': ti.xcom_pull('make_video').video_url} | tojson }}",
    )
    video >> publish
