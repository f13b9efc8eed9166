"""Make the videos of the night, unattended, with bounds on what they cost.

Shows what a DAG needs that nobody watches: retries that pay nothing, a policy for their pauses, a longest wait, a pool,
a price that no video may exceed, names by date, prompt and map index with their facts beside them, prompts that are
skipped when moderation refuses them, an alert that says what is paid and what to do, and a report in the end. Floor,
daily limit and records folder are set at the connection: see ``docs/every_night.md``. The prompts are in the Airflow
Variable ``runway_prompts``, a JSON list.

A run costs 12 credits (US$0.06) a prompt: three with the default list.
"""

import re
from datetime import timedelta
from html import escape

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG, Context, Variable, get_current_context, task

from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.report.runway import get_report

RETRIES = {"retries": 3, "retry_delay": timedelta(minutes=5)}
try:
    from airflow_provider_runway.retry_policy import RunwayRetryPolicy
except ImportError:
    pass  # Airflow before 3.3
else:
    RETRIES["retry_policy"] = RunwayRetryPolicy()

PROMPTS = [
    "A night train crosses a bridge under the stars.",
    "Steam rises from a street kitchen in the rain.",
    "A fox crosses an empty square at dawn.",
]


def mail(context: Context, subject: str, text: str) -> None:
    to, sender = "videos@example.com", "airflow@example.com"
    SmtpNotifier(to=to, from_email=sender, subject=subject, html_content=f"<pre>{escape(text)}</pre>").notify(context)


def alert(context: Context) -> None:
    ti = context["ti"]
    failure = ti.xcom_pull(key="failure", task_ids=ti.task_id, map_indexes=ti.map_index) or {}
    said = [failure.get(name) for name in ("message", "payment", "advice", "page")]
    text = "\n".join(filter(None, said)) or "The task has not said why: see its log."
    mail(context, f"{ti.dag_id}.{ti.task_id}: {failure.get('reason', 'failed')}", text)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]


with DAG(
    "runway_every_night",
    schedule="0 1 * * *",
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    user_defined_filters={"slug": slug},
    tags=["runway"],
):

    @task
    def prompts() -> list[str]:
        return Variable.get("runway_prompts", default=PROMPTS, deserialize_json=True)

    videos = RunwayGenerateOperator.partial(
        task_id="make_video",
        aspect_ratio="16:9",
        **RETRIES,
        timeout=timedelta(hours=1),
        pool="runway_videos",
        max_credits=30,
        on_refusal="skip",
        on_failure_callback=alert,
        save_to=(
            "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/"
            "{{ dag_run.run_after | ds }}/{{ ti.map_index }}-{{ task.prompt | slug }}.mp4"
        ),
        metadata=True,
        map_index_template="{{ task.prompt }}",
    ).expand(prompt=prompts())

    @task(trigger_rule="all_done", retries=2)
    def report() -> None:
        context = get_current_context()
        found = get_report(context["dag_run"].start_date, [context["dag"].dag_id])
        mail(context, found["summary"], found["text"])

    videos >> report()
