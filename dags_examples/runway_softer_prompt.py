"""Try a softer prompt, once, where moderation has refused the first.

Shows a bounded second try: ``on_refusal="skip"`` skips the first task, and the trigger rule ``all_skipped`` runs the
second one then, and only then. Whatever else goes wrong fails the first task, and no second one is paid. What comes
after takes the video that there is.

A run costs 12 credits (US$0.06): what is refused costs nothing.
"""

from airflow.sdk import DAG, Param, get_current_context, task

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG(
    "runway_softer_prompt",
    schedule=None,
    params={"scene": Param("two knights fight on a bridge", type="string")},
    tags=["runway"],
    default_args={"retries": 2},
):
    first = RunwayGenerateOperator(
        task_id="make_video",
        prompt="In the evening light {{ params.scene }}.",
        aspect_ratio="16:9",
        on_refusal="skip",
    )
    softer = RunwayGenerateOperator(
        task_id="make_softer_video",
        prompt="A friendly picture book for children, nobody is hurt: {{ params.scene }}.",
        aspect_ratio="16:9",
        trigger_rule="all_skipped",
    )

    @task(trigger_rule="none_failed_min_one_success")
    def take() -> str:
        videos = get_current_context()["ti"].xcom_pull(task_ids=["make_video", "make_softer_video"])
        return next(video["video_url"] for video in videos if video)

    first >> softer
    [first, softer] >> take()
