"""A night of videos that never costs more than it may.

Shows what a task may cost, by ``max_credits``: one that is expected to cost more is not sent, and under a limit it
stands for the price of a model whose price is not known. How much all of them may cost a day is said where the account
is: ``daily_credit_limit`` in the connection's extra, or ``[runway] daily_credit_limit``, with a records folder
(``[runway] records``). Tasks that no longer fit fail with ``DailyCreditLimitError``, before anything is sent, and say
what was spent by which DAG.

A run costs up to 162 credits (US$0.81): 12 for the video, and up to 150 for the other model's.
"""

from airflow.sdk import DAG, Param

from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

PARAMS = {
    "image": Param("https://example.com/dancer.png", type="string"),
    "dance": Param("https://example.com/dance.mp4", type="string"),
}

ARGS = {"retries": 2, "max_credits": 60}

with DAG("runway_budget", schedule=None, params=PARAMS, default_args=ARGS, tags=["runway"]):
    RunwayGenerateOperator(
        task_id="make_video",
        prompt="A paper boat sails down a rainy street.",
        aspect_ratio="16:9",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ run_id }}/",
    )

    KieJobOperator(
        task_id="make_clip",
        model="kling-2.6/motion-control",
        input={"input_urls": ["{{ params.image }}"], "video_urls": ["{{ params.dance }}"], "mode": "720p"},
        max_credits=150,
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ run_id }}/",
    )
