"""Have a person approve a video in the Airflow UI before it is published.

Shows the standard provider's ``ApprovalOperator`` between making and publishing. The run waits under *Required
Actions*, without a worker slot; the page there has the link to the video. ``Approve`` publishes and ``Reject`` skips;
no answer within a week is a rejection, since KIE.AI keeps the video for two. The system that it is published to is
behind the connection ``cms``, as in ``runway_publish.py``.

A run costs 12 credits (US$0.06), whatever is answered.
"""

from datetime import timedelta

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

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
    publish = HttpOperator(
        task_id="publish",
        http_conn_id="cms",
        method="PUT",
        endpoint="videos/{{ ti.xcom_pull('make_video').task_id }}",
        headers={"Content-Type": "application/json"},
        data="{{ {'title': params.title, 'link': ti.xcom_pull('make_video').video_url} | tojson }}",
        retries=2,
    )
    video >> approve >> publish
