"""Texts that look like something else, and texts that are not there, of templates and of other tasks."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

WIDE: dict[str, Any] = {"aspect_ratio": "16:9", "retries": 0}

with DAG("native", schedule=None, render_template_as_native_obj=True, params={"year": 1984}):

    @task
    def ideas() -> list[str]:
        return ["None", "'A fox'", "1984", "{{ params.year }}"]

    RunwayGenerateOperator.partial(task_id="from_a_task", watermark="2026", **WIDE).expand(prompt=ideas())
    RunwayGenerateOperator.partial(task_id="from_templates", **WIDE).expand(
        prompt=["{{ params.year }}", "'{{ params.year }}'"]
    )
    KieJobOperator(
        task_id="job",
        model="kling-2.6/text-to-video",
        input={"prompt": "{{ params.year }} in {{ '1984' }}", "duration": "5"},
    )

    @task.runway(**WIDE)  # type: ignore[untyped-decorator]
    async def words(given: set[str]) -> str:
        return f"Words: {', '.join(sorted(given))}"

    words({"fox", "1985"})

for is_native in (False, True):
    with DAG(
        f"nothing_{'native' if is_native else 'plain'}",
        schedule=None,
        render_template_as_native_obj=is_native,
        params={"nothing": None},
    ):
        RunwayGenerateOperator(task_id="param", prompt="{{ params.nothing }}", **WIDE)
        RunwayGenerateOperator(task_id="xcom", prompt="{{ ti.xcom_pull(task_ids='nobody') }}", **WIDE)
        RunwayGenerateOperator.partial(task_id="mapped", prompt="{{ params.nothing }}", **WIDE).expand(duration=[5, 10])
        RunwayGenerateOperator.partial(task_id="expanded", **WIDE).expand(prompt=["{{ params.nothing }}"])
        KieJobOperator(task_id="job", model="veo-3-1", input={"prompt": "{{ params.nothing }}"}, retries=0)
