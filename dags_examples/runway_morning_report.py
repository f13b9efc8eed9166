"""Mail what was made, saved, refused and paid in the night.

Shows ``get_report``, which asks Airflow's own API server with the rights of the connection ``airflow_api`` (no task may
read the database), and one of Airflow's notifiers as the way to send it. For a chat, take the notifier of its provider
and ``report["markdown"]``. A mail that cannot be sent fails the task, and is tried again.

A run costs nothing.
"""

from datetime import timedelta
from html import escape

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG, get_current_context, task

from airflow_provider_runway.report.runway import get_report

with DAG("runway_morning_report", schedule="0 7 * * *", tags=["runway"], default_args={"retries": 2}):

    @task
    def report() -> dict:
        return get_report(timedelta(hours=24))

    @task
    def send(report: dict) -> None:
        SmtpNotifier(
            to="videos@example.com",
            from_email="airflow@example.com",
            subject=report["summary"],
            html_content=f"<pre>{escape(report['text'])}</pre>",
        ).notify(get_current_context())

    send(report())
