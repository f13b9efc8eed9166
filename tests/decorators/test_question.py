"""Whether a function is asked the same again, which a retry on another machine has to know."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import attr
import pendulum
import pytest
from airflow.sdk import DAG, BaseOperator, ObjectStoragePath, task
from pydantic import BaseModel

from airflow_provider_runway.decorators.question import question
from airflow_provider_runway.exceptions import InvalidRequestError


@dataclass
class Scene:
    words: Any


@attr.define
class Shot:
    words: Any


class Cut(BaseModel):
    words: set[str]


class Light(Enum):
    DAWN = "dawn"


class Anything:
    """It is known by its address alone."""


def video(*_args: object, **_kwargs: object) -> str:
    return "A fox"


def asked(*args: Any, **kwargs: Any) -> str:
    return question(video, args, kwargs)


WORDS = ["fox", "snow", "dawn", "slow", "tram"]
ONE_OF_EACH: list[Any] = [
    {*WORDS},
    {1: "a", "b": {2}},
    {(1, 2): None},
    {"b": 1, "a": [{"c"}]},
    MappingProxyType({"a": 1}),
    Scene({*WORDS}),
    Cut(words={*WORDS}),
    Shot("fox"),
    Light.DAWN,
    b"fox",
    Path("/srv/fox.png"),
    ObjectStoragePath("s3://bucket/fox.png"),
    date(2026, 1, 2),
    datetime(2026, 1, 2, tzinfo=timezone.utc),
    pendulum.datetime(2026, 1, 3),
    timedelta(hours=1),
    Decimal("1.5"),
    UUID(int=7),
    0.5,
    2**70,
    "\ud800",
    None,
]
PROBE = """
import sys
sys.path.insert(0, "tests")
from decorators.test_question import ONE_OF_EACH, asked
print([asked(each) for each in ONE_OF_EACH])
"""


def test_the_same_arguments_are_the_same_in_every_process() -> None:
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", PROBE]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
        found.add(done.stdout.splitlines()[-1])

    assert found == {str([asked(each) for each in ONE_OF_EACH])}


def test_different_arguments_are_different() -> None:
    more = [{"fox"}, {1: "a"}, {"1": "a"}, {2: "a"}, [1, 2], {1, 2}, "s3://bucket/fox.png", Scene({1}), "dawn", 1, "1"]
    found: dict[str, Any] = {}
    for each in [*ONE_OF_EACH, *more]:
        assert asked(each) not in found, f"{each!r} is taken for {found[asked(each)]!r}"
        found[asked(each)] = each
    assert len({asked(1, 2), asked(2, 1), asked(a=2, b=1), asked(a=1, b=2)}) == 4


def test_the_order_of_sets_and_mappings_does_not_count() -> None:
    assert asked({1: "a", "b": 2}) == asked({"b": 2, 1: "a"})
    assert asked({"b": 2, "a": 1}) == asked(MappingProxyType({"a": 1, "b": 2}))
    assert asked({*WORDS}) == asked({*WORDS[::-1]}) == asked(frozenset(WORDS))


def test_plain_questions_stay_what_they_were_as_they_outlive_releases() -> None:
    named: Mapping[str, Any] = {"b": [1, {"c": None}], "a": 2.5}
    assert question(eval, ["fox", 1, True], named) == "4d68e4a96ead211f"


class Endless(list[Any]):
    """It holds itself."""

    def __init__(self) -> None:
        super().__init__([self])


@pytest.mark.parametrize(
    "value", [Anything(), [Anything()], {"a": Anything()}, {Anything(): 1}, video, Anything, Endless(), iter([])]
)
def test_what_cannot_be_told_from_another_is_refused_at_once(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"the argument 'idea' of video must be made of .*Nothing was sent"):
        asked(idea=value)
    with pytest.raises(InvalidRequestError, match=r"the argument 2 of video must be made of"):
        asked("fox", value)
    with DAG("clips", schedule=None), pytest.raises(InvalidRequestError, match="the argument 1 of video"):
        task.runway(aspect_ratio="16:9")(video)(value)


def test_what_is_still_to_come_is_not_judged_while_the_dag_is_read() -> None:
    @task
    def idea() -> set[str]:
        return {"fox"}

    def operator(made: Any) -> BaseOperator:
        found: BaseOperator = made.operator
        return found

    with DAG("clips", schedule=None):
        made = task.runway(aspect_ratio="16:9")(video)(idea(), ["{{ ds }}", idea()], words={"a": idea()})
        mapped = task.runway(aspect_ratio="16:9")(video).partial(a={1: {2}}).expand(b=idea())

    assert operator(made).upstream_task_ids == {"idea", "idea__1", "idea__2"}
    assert operator(mapped).upstream_task_ids == {"idea__3"}
