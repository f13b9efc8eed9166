"""DAGs that use the provider in the ways people do."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, dag, task

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

FOX: dict[str, Any] = {"prompt": "A fox in the snow", "aspect_ratio": "16:9"}


def output(operator: Any, key: str) -> Any:
    """``operator.output[key]``, whose type Airflow keeps more general than it is."""
    return operator.output[key]


WAYS: dict[str, dict[str, Any]] = {"deferrable": {"deferrable": True}, "in_worker": {"deferrable": False}}

for name, waits in WAYS.items():
    with DAG(f"chain_{name}", schedule=None):
        generate = RunwayGenerateOperator(task_id="generate", **FOX, **waits)
        extend = RunwayExtendOperator(
            task_id="extend", runway_task_id=output(generate, "task_id"), prompt="It looks up", **waits
        )
        RunwayVideoSensor(task_id="wait", runway_task_id=output(extend, "task_id"), **waits)

    with DAG(f"submit_then_wait_{name}", schedule=None):
        submit = RunwayGenerateOperator(task_id="submit", **FOX, wait_for_completion=False, **waits)
        RunwayVideoSensor(task_id="wait", runway_task_id=output(submit, "task_id"), **waits)

    with DAG(f"failing_{name}", schedule=None):
        RunwayGenerateOperator(task_id="generate", **FOX, **waits)


@task
def titles(results: Any) -> list[str]:
    """What reaches a task downstream of mapped ones."""
    return [f"{each['task_id']} {each['video_url']}" for each in results]


@task
def publish(video_url: str, task_id: str, everything: dict[str, Any]) -> dict[str, Any]:
    """What reaches a task by key, and whole."""
    return {"video_url": video_url, "task_id": task_id, "everything": everything}


with DAG("mapped", schedule=None):
    videos = RunwayGenerateOperator.partial(task_id="each", aspect_ratio="1:1").expand(
        prompt=["A fox", "A bear", "A {{ params.animal }}"]
    )
    titles(videos.output)

with DAG("mapped_pairs", schedule=None):
    RunwayGenerateOperator.partial(task_id="each").expand_kwargs(
        [
            {"prompt": "A fox", "aspect_ratio": "16:9", "duration": 10},
            {"prompt": "A bear", "aspect_ratio": "9:16", "duration": "5"},
        ]
    )

with DAG("by_key", schedule=None):
    made = RunwayGenerateOperator(task_id="generate", **FOX)
    every: Any = made.output
    publish(every["video_url"], every["task_id"], every)

with DAG(
    "templated",
    schedule=None,
    params={
        "animal": Param("fox", type="string"),
        "seconds": Param(10, type="integer"),
        "shape": Param("9:16", type="string"),
        "picture": Param(None, type=["string", "null"]),
        "style": Param("ink", type="string"),
    },
):
    RunwayGenerateOperator(
        task_id="generate",
        prompt="A {{ params.animal }} on {{ ds }}",
        duration="{{ params.seconds }}",
        aspect_ratio="{{ params.shape }}",
        image_url="{{ params.picture }}",
        watermark="{{ '' }}",
        extra_fields={"style": "{{ params.style }}"},
    )


@dag(schedule=None)
def taskflow() -> None:
    """The hook by itself."""

    @task
    def make() -> str:
        with RunwayHook() as hook:
            return hook.submit(GenerateRequest(**FOX))

    @task
    def wait(task_id: str) -> str | None:
        with RunwayHook() as hook:
            return hook.wait(task_id).video_url

    @task
    async def left() -> float:
        async with RunwayHook().a_get_conn() as client:
            return await client.credits()

    video: Any = make()
    wait(video) >> left()


taskflow()

with DAG("decorated", schedule=None):

    @task.runway(aspect_ratio="1:1")
    def each(animal: str, ti: Any = None) -> dict[str, Any]:
        """What a mapped function returns."""
        return {"prompt": f"A {animal}, number {ti.map_index}", "duration": 10}

    of_functions: Any = each.expand(animal=["fox", "bear"])
    titles(of_functions)

with DAG("skipping", schedule=None):
    RunwayVideoSensor(task_id="wait", runway_task_id="{{ params.video }}", soft_fail=True)

with DAG("unknown_video", schedule=None):
    RunwayVideoSensor(task_id="wait", runway_task_id="no-such-task")
