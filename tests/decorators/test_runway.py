from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import ObjectStoragePath
from fakes import PIXEL, GivenTime

from airflow_provider_runway.decorators.runway import RETURNED_KEY
from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.sandbox import Sandbox

from .functions import decorated, fox, running


def test_the_function_returns_the_prompt(kie: Sandbox, given_time: GivenTime) -> None:
    def video(animal: str) -> str:
        return f"A {animal} in the snow"

    made = running(video, "fox", duration=10)

    result = made.run()

    [charge] = kie.tasks
    assert (charge.prompt, charge.seconds) == ("A fox in the snow", 10)
    assert result["task_id"] == charge.task_id
    assert result["credits_estimate"] == 30
    assert made.operator.task_id == "video"
    assert made.operator.prompt == "A fox in the snow"  # type: ignore[attr-defined]


def test_the_function_returns_fields_that_take_the_place_of_the_decorators(kie: Sandbox, given_time: GivenTime) -> None:
    def video() -> dict[str, Any]:
        return {"prompt": "A fox", "duration": 10, "aspect_ratio": "9:16"}

    running(video, duration=5, quality="720p").run()

    [made] = kie.tasks
    assert (made.prompt, made.seconds) == ("A fox", 10)
    assert made.width < made.height


def test_an_image_may_come_from_the_function_or_from_the_decorator(kie: Sandbox, given_time: GivenTime) -> None:
    picture = "https://example.com/fox.png"

    def fields() -> dict[str, Any]:
        return {"prompt": "A fox", "image_url": picture}

    running(fields, aspect_ratio=None).run()
    running(fox, aspect_ratio=None, image_url=picture).run()
    running(fox).run()

    assert list(kie.ledger.charges_by_body().values()) == [2, 1]


def test_a_file_may_come_from_the_function(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(PIXEL)

    def fields() -> dict[str, Any]:
        return {"prompt": "A fox", "image_url": ObjectStoragePath(f"file://{picture}")}

    assert running(fields, aspect_ratio=None).run()["state"] == "success"
    assert len(kie.ledger.of("upload")) == 1


def test_the_function_gets_the_context_it_asks_for(kie: Sandbox, given_time: GivenTime) -> None:
    def video(animal: str, ti: Any = None, **context: Any) -> str:
        assert "task_state_store" in context
        return f"A {animal} for {ti.dag_id}"

    running(video, "fox").run()

    assert kie.tasks[0].prompt == "A fox for clips"


def test_what_is_returned_is_no_template(kie: Sandbox, given_time: GivenTime) -> None:
    """It may come from anywhere, such as from a language model."""

    def video() -> str:
        return "A {{ fox }}"

    running(video).run()

    assert kie.tasks[0].prompt == "A {{ fox }}"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "what video returns must be the prompt, or a mapping that has one; got None"),
        (["A fox"], "must be the prompt, or a mapping that has one"),
        ({"duration": 5}, "must be the prompt, or a mapping that has one"),
        ({"prompt": "A fox", "seconds": 5}, r"may have the keys prompt, image_url, .*; got \['seconds'\]"),
        ({"prompt": "A fox", "duration": 7}, "duration must be 5 or 10"),
        ({"prompt": "A fox", "extra_fields": {"x": object()}}, "extra_fields must be a mapping"),
        (" ", "prompt must be a text of 1 to 1800 characters"),
    ],
)
def test_what_cannot_be_sent_fails_for_good_and_is_not_kept(kie: Sandbox, returned: Any, said: str) -> None:
    def video() -> Any:
        return returned

    made = running(video)

    with pytest.raises(AirflowFailException, match=f"InvalidRequestError: .*{said}.*Nothing was sent"):
        made.run()
    assert kie.ledger.requests == ()
    assert made.store.rows == {}


def test_an_error_of_the_function_is_its_own_and_nothing_is_sent(kie: Sandbox) -> None:
    def video() -> str:
        raise LookupError("no idea today")

    with pytest.raises(LookupError, match="no idea today"):
        running(video).run()
    assert kie.ledger.requests == ()


def test_literal_parameters_are_judged_while_the_dag_is_read() -> None:
    with pytest.raises(InvalidRequestError, match="duration must be 5 or 10"):
        decorated(fox, duration=7)
    with pytest.raises(InvalidRequestError, match="prompt is what the function returns"):
        decorated(fox, prompt="A bear")


def test_an_async_function_returns_the_prompt(kie: Sandbox, given_time: GivenTime) -> None:
    async def video(animal: str, ti: Any = None) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"prompt": f"A {animal} for {ti.dag_id}", "duration": 10}

    async def only_a_text() -> str:
        return "A bear"

    def awaitable() -> Awaitable[str]:
        return only_a_text()

    running(video, "fox").run()
    running(only_a_text).run()
    running(awaitable).run()

    made = [(each.prompt, each.seconds) for each in kie.tasks]
    assert made == [("A fox for clips", 10), ("A bear", 5), ("A bear", 5)]


def test_an_error_of_an_async_function_is_its_own(kie: Sandbox) -> None:
    async def video() -> str:
        raise LookupError("no idea today")

    with pytest.raises(LookupError, match="no idea today"):
        running(video).run()
    assert kie.ledger.requests == ()


def test_whole_numbers_of_other_types_that_a_function_returns_are_kept(kie: Sandbox, given_time: GivenTime) -> None:
    def video() -> dict[str, Any]:
        return {"prompt": "A fox", "duration": Decimal(10), "quality": None, "extra_fields": {"a": (1, 2)}}

    made = running(video)
    made.start()

    assert made.store.get(RETURNED_KEY)["fields"] == {
        "prompt": "A fox", "duration": 10, "quality": "720p", "extra_fields": {"a": [1, 2]},
    }  # fmt: skip
