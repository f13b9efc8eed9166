"""DAGs for a real Airflow. Some die where a machine may die."""

from __future__ import annotations

import logging
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Variable, task

from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

QUICK: dict[str, Any] = {"poll_interval": 1, "retries": 2, "retry_delay": timedelta(seconds=1)}
# A pool with one slot, which none of the tasks that wait may hold.
ONE_SLOT: dict[str, Any] = {**QUICK, "pool": "one"}


class DiesOnceSubmitted(RunwayGenerateOperator):
    """Its worker is killed in the first try, right after KIE has taken the video."""

    def defer(self, **kwargs: Any) -> Any:
        died = Path(os.environ["MARK_OF_DEATH"])
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().defer(**kwargs)


with DAG("chain", schedule=None, default_args=QUICK):
    generate = RunwayGenerateOperator(task_id="generate", prompt="A fox in the snow", aspect_ratio="16:9")
    extend = RunwayExtendOperator(
        task_id="extend",
        runway_task_id=generate.output["task_id"],  # type: ignore[index] # Airflow types it as not indexable
        prompt="It looks up",
        wait_for_completion=False,
    )
    RunwayVideoSensor(
        task_id="wait",
        runway_task_id=extend.output["task_id"],  # type: ignore[index] # Airflow types it as not indexable
        poke_interval=1,
        timeout=600,
        retries=0,
    )

with DAG("batch", schedule=None, default_args=ONE_SLOT, max_active_tasks=32):
    RunwayGenerateOperator.partial(task_id="each", aspect_ratio="1:1").expand(prompt=[f"Fox {n}" for n in range(4)])

with DAG("crowd", schedule=None, default_args=ONE_SLOT, max_active_tasks=32):
    RunwayGenerateOperator.partial(
        task_id="each", aspect_ratio="1:1", wait_for_completion=False, poll_interval=1, retries=0
    ).expand(prompt=[f"Wolf {n}" for n in range(7)])

with DAG("something_else", schedule=None):

    @task(pool="one")
    def work() -> str:
        return "done"

    work()

with DAG("dies", schedule=None, default_args=QUICK):
    DiesOnceSubmitted(task_id="generate", prompt="A fox that survives", aspect_ratio="16:9")

with DAG("one", schedule=None, default_args=QUICK):
    RunwayGenerateOperator(task_id="generate", prompt="A fox of {{ run_id }}", aspect_ratio="16:9")

with DAG("wrong_key", schedule=None, default_args=QUICK):
    RunwayGenerateOperator(
        task_id="generate", prompt="A fox without a key", aspect_ratio="16:9", runway_conn_id="runway_wrong"
    )


def complain_while_the_mark_stands(*_: Any) -> None:
    """A user's own ``post_execute``."""
    if Path(os.environ["MARK_OF_COMPLAINT"]).exists():
        raise ValueError("the user's own hook has failed")


def log_success(context: Any) -> None:
    """A user's own callback."""
    logging.getLogger(__name__).warning("the user's own callback ran for %s", context["ti"].task_id)


COMPLAINING = {
    **QUICK,
    "retries": 0,
    "post_execute": complain_while_the_mark_stands,
    "on_success_callback": log_success,
}

with DAG("complaining", schedule=None, default_args=COMPLAINING):
    RunwayGenerateOperator(task_id="waits", prompt="A wolf that waits", aspect_ratio="16:9")
    RunwayGenerateOperator.partial(task_id="mapped", aspect_ratio="16:9", deferrable=False).expand(
        prompt=["A wolf of a pack"]
    )
    RunwayGenerateOperator(
        task_id="submits", prompt="A wolf that nobody waits for", aspect_ratio="16:9", wait_for_completion=False
    )

    @task.runway(aspect_ratio="16:9")
    def decorated() -> str:
        return "A wolf out of a function"

    decorated()

with DAG("many", schedule=None, max_active_tasks=32):
    RunwayGenerateOperator.partial(
        task_id="make", aspect_ratio="16:9", wait_for_completion=False, runway_conn_id="runway_limited", retries=0
    ).expand(prompt=[f"Bear {n}" for n in range(7)])

CALLED = {**QUICK, "runway_conn_id": "runway_called", "timeout": timedelta(minutes=15)}

with DAG("called", schedule=None, default_args=CALLED, max_active_tasks=32):
    RunwayGenerateOperator.partial(task_id="each", aspect_ratio="1:1").expand(prompt=[f"Hare {n}" for n in range(2)])

with DAG("night", schedule=None, default_args=QUICK):

    @task
    def prompts() -> list[str]:
        return Variable.get("night_prompts", deserialize_json=True)  # type: ignore[no-any-return]

    RunwayGenerateOperator.partial(
        task_id="each",
        aspect_ratio="1:1",
        on_refusal="skip",
        metadata=True,
        save_to="{{ var.value.night_videos }}/{{ ti.map_index }}.mp4",
    ).expand(prompt=prompts())
