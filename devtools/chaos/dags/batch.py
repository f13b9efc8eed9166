"""The batch of `make chaos`: one video for each prompt of a list."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_provider_runway.operators import silence
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

# A video of the sandbox takes seconds: minutes of silence say something here.
vars(silence)["longest_time"] = lambda _profile: 180.0

with DAG("chaos", schedule=None, max_active_tasks=256):
    RunwayGenerateOperator.partial(
        task_id="video",
        aspect_ratio="16:9",
        save_to=f"file://{os.environ['CHAOS_VIDEOS']}/{{{{ ti.map_index }}}}.mp4",
        poll_interval=1,
        timeout=float(os.environ["CHAOS_TIMEOUT"]),
        on_ambiguous_submit=os.environ["CHAOS_AMBIGUOUS"],
        # A try ends with each process that is killed. A task that runs out of them would be the test's fault.
        retries=30,
        retry_delay=timedelta(seconds=2),
    ).expand(prompt=json.loads(Path(os.environ["CHAOS_PROMPTS"]).read_text()))
