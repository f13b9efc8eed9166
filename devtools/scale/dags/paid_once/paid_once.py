"""The batch of `make scale`: one video for each prompt of a list; each process that takes up a task notes when."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator


def note(context: Any) -> None:
    """Airflow calls it before a task begins, and before it goes on after a wait."""
    with (Path(os.environ["SCALE_RESUMED"]) / str(context["ti"].map_index)).open("a") as file:
        file.write(f"{time.time()}\n")


with DAG("paid_once", schedule=None, max_active_tasks=10_000):
    RunwayGenerateOperator.partial(
        task_id="video",
        aspect_ratio="16:9",
        save_to=f"file://{os.environ['CHAOS_VIDEOS']}/{{{{ ti.map_index }}}}.mp4",
        on_execute_callback=note,
        # A try ends with each process that is killed.
        retries=10,
        # So long is a call awaited, too, that brings the id of what was sent by a process that was killed.
        timeout=timedelta(seconds=float(os.environ.get("SCALE_TIMEOUT", "600"))),
        retry_delay=timedelta(seconds=2),
    ).expand(prompt=json.loads(Path(os.environ["CHAOS_PROMPTS"]).read_text()))
