"""KIE's dedicated endpoints: submitted once, waited for, stored, as the rest."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.kie_task import KieTaskOperator

from .support import rendered

VEO: dict[str, Any] = {
    "task_id": "fox",
    "endpoint": "veo/generate",
    "body": {"prompt": "A fox in the snow", "model": "veo3_fast", "aspect_ratio": "16:9"},
}


def operator(**parameters: Any) -> KieTaskOperator:
    return KieTaskOperator(**{**VEO, **parameters})


def test_the_endpoint_says_the_kind() -> None:
    assert operator().kind == "veo"
    assert operator(endpoint="generate").kind == "suno"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"endpoint": "veo/make"}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"body": ["a"]}, "body"),
        ({"body": {"callBackUrl": "https://a.example"}}, "body"),
        ({"extra_fields": {"callBackUrl": "https://a.example"}}, "extra_fields"),
        ({"save_to": "/videos/fox.mp4"}, "save_to"),
    ],
)
def test_what_cannot_work_is_refused_while_the_dag_is_parsed(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        operator(**wrong)
    assert caught.value.field == field


def test_endpoint_and_body_are_templates() -> None:
    made = rendered(operator(endpoint="{{ 'lyrics' }}", body={"prompt": "In {{ params.year }}"}))
    request = made.build_request()
    assert (request.endpoint, request.body, made.kind) == ("lyrics", {"prompt": "In 1984"}, "suno-lyrics")


def test_an_endpoint_that_comes_to_another_one_is_refused_with_those_that_there_are() -> None:
    made = rendered(operator(endpoint="{{ params.text }}"))
    with pytest.raises(InvalidRequestError, match="endpoint must be one of veo/generate"):
        made.build_request()
    assert made.kind == "answer"


def test_what_it_goes_on_from_is_its_parent() -> None:
    assert operator().parent_task_id is None
    assert operator(endpoint="veo/extend", body={"taskId": "v-1", "prompt": "On"}).parent_task_id == "v-1"
