"""Use the service from a plain Python task: look at the balance before spending it.

Shows ``RunwayHook`` in TaskFlow tasks. The first asks for the balance, which is free, and skips the rest of the run if
it is too low; the last one, which is async, gets the finished task.

A run costs 30 credits (US$0.15): 5 seconds in 1080p.
"""

import logging

from airflow.sdk import dag, task

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

log = logging.getLogger(__name__)


@task.short_circuit
def can_pay(price: int) -> bool:
    with RunwayHook() as hook:
        balance = hook.credits()
    log.info("%s credits are left.", balance)
    return balance >= price


@task  # of an `async def`: Airflow 3.2 and later
async def describe(task_id: str) -> None:
    async with RunwayHook().a_get_conn() as kie:
        video = await kie.get_task(task_id)
    log.info("Video %s of task %s is %s.", video.video_id, video.task_id, video.state)


@dag(schedule=None, tags=["runway"])
def runway_hook_in_task() -> None:
    video = RunwayGenerateOperator(
        task_id="make_video",
        prompt="An old typewriter writes by itself, in the light of a candle.",
        quality="1080p",
        aspect_ratio="4:3",
        retries=2,
    )
    can_pay(30) >> video
    describe(video.output["task_id"])


runway_hook_in_task()
