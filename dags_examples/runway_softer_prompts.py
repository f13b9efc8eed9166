"""Try ever softer prompts, three at most, until moderation takes one. It needs Airflow 3.4.

Shows Airflow's loops: what ``until`` says decides after each iteration whether there is another. An iteration has a
submission record of its own: it makes its own video, and a retry within it pays nothing. Whatever else goes wrong fails
the run, and no further prompt is paid. On older versions of Airflow ``runway_softer_prompt.py`` does so once.

A run costs 12 credits (US$0.06): what is refused costs nothing.
"""

from typing import Any

from airflow.sdk import DAG, LoopDecision, Param, get_current_context, task, task_group

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

BEGINNINGS = (
    "In the evening light",
    "From far away, nobody comes to harm",
    "A friendly picture book for children, nobody is hurt",
)

with DAG(
    "runway_softer_prompts",
    schedule=None,
    params={"scene": Param("two knights fight on a bridge", type="string")},
    user_defined_macros={"beginnings": BEGINNINGS},
    tags=["runway"],
    default_args={"retries": 2},
):

    @task_group
    def attempt() -> None:
        video = RunwayGenerateOperator(
            task_id="make_video",
            prompt="{{ beginnings[loop.index] }}: {{ params.scene }}.",
            aspect_ratio="16:9",
            on_refusal="skip",
        )

        @task(trigger_rule="none_failed")
        def look(made: dict | None) -> str | None:
            return made and made["video_url"]

        look(video.output)

    def is_made(*, loop: Any) -> LoopDecision:
        return LoopDecision(stop=bool(loop.result), reason="made" if loop.result else "moderation refused the prompt")

    @task
    def take() -> str:
        [video_url] = get_current_context()["ti"].xcom_pull(task_ids="attempt.look")
        return video_url

    attempt.loop(max_iterations=len(BEGINNINGS), until=is_made) >> take()
