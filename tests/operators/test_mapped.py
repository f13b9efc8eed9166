"""Tasks that are mapped, over values that are known only when they run."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayGenerateOperator
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

from .support import FOX, JOB, SNOW, Task, is_waiting, rendered, rendering


def mapped(operator: Any, over: str, **partial: Any) -> MappedOperator:
    """A task that is mapped over what another one returns."""
    with DAG("clips", schedule=None):
        task: MappedOperator = operator.partial(**partial).expand(**{over: ["one", "two"]})
    return task


@pytest.mark.parametrize(
    ("operator", "partial", "over", "wrong"),
    [
        (RunwayGenerateOperator, {"task_id": "video", "prompt": "A fox"}, "aspect_ratio", "17:9"),
        (RunwayGenerateOperator, FOX, "save_to", ""),
        (RunwayGenerateOperator, FOX, "timeout", "long"),
        (RunwayAlephOperator, SNOW, "seed", -5.5),
        (KieJobOperator, {"task_id": "hare", "model": "a/b"}, "input", None),
        (RunwayVideoSensor, {"task_id": "wait"}, "runway_task_id", ""),
        (RunwayToObjectStorageOperator, {"task_id": "store", "save_to": "/tmp/fox.mp4"}, "runway_task_id", ""),
    ],
)
def test_a_wrong_value_that_a_task_is_mapped_over_is_final(
    operator: Any, partial: dict[str, Any], over: str, wrong: Any
) -> None:
    given = {name: value for name, value in partial.items() if name != over}

    with pytest.raises(AirflowFailException, match=r"InvalidRequestError: .*Nothing was paid\. Correct what"):
        mapped(operator, over, **given).unmap({over: wrong})
    with pytest.raises(InvalidRequestError):
        operator(**{**given, over: wrong})


def test_a_place_that_a_task_is_mapped_over_must_be_one(kie: Sandbox) -> None:
    task = mapped(RunwayGenerateOperator, "save_to", **FOX)

    with pytest.raises(AirflowFailException, match="save_to must name a place"):
        Task(lambda: rendered(task.unmap({"save_to": None}))).start()
    assert kie.ledger.submissions == ()


def test_a_place_that_nobody_gives_need_not_be_one(kie: Sandbox) -> None:
    given = {name: value for name, value in FOX.items() if name != "prompt"}
    task = mapped(RunwayGenerateOperator, "prompt", save_to=None, **given)

    assert is_waiting(Task(lambda: rendered(task.unmap({"prompt": "A fox"}))).start())


class Returned(XComArg):
    """What another task has returned."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Returned({self._value!r})"  # what names a test case has to be the same in every process

    def resolve(self, context: object) -> Any:
        return self._value

    def iter_references(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    "given",
    [
        Returned(None),
        Returned({}),
        Returned({"prompt": None}),
        Returned({"prompt": " "}),
        {"prompt": Returned(None)},
        {"prompt": Returned("")},
        {"scenes": [{"prompt": Returned(None)}]},
        "{{ params.nothing }}",
        "{{ params.empty }}",
        {"prompt": "{{ params.nothing }}"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("native", [True, False])
def test_an_input_that_comes_to_nothing_is_not_submitted(kie: Sandbox, given: Any, native: bool) -> None:
    with pytest.raises(AirflowFailException, match="must not come to nothing"):
        rendering(lambda: KieJobOperator(**{**JOB, "input": given}), native).start()
    assert kie.ledger.submissions == ()


def test_an_input_without_a_prompt_is_the_models_to_judge(kie: Sandbox) -> None:
    assert is_waiting(rendering(lambda: KieJobOperator(**{**JOB, "input": Returned({"steps": None})})).start())
    with pytest.raises(AirflowFailException, match="prompt"):
        Task(lambda: KieJobOperator(**{**JOB, "input": {"prompt": None}})).start()
