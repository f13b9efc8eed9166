from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.errors import InvalidRequestError, UnreadableAnswerError
from airflow_provider_runway.kie.models import Field, Model, fields_of, read_input_schema, read_models, schema_call

from .support import JSON

PROMPT = {"type": "string", "maxLength": 1000}


def document(given: Any, components: Any = None, path: str = "/api/v1/jobs/createTask") -> dict[str, Any]:
    """What KIE answers where the input of a model has this schema."""
    body = {"type": "object", "properties": {"model": {"enum": ["a/b"]}, "input": given}}
    post = {"requestBody": {"content": {"application/json": {"schema": body}}}}
    whole = {"openapi": "3.1.0", "paths": {path: {"post": post}}, "components": components}
    return {"model": "a/b", "openapi": whole}


def test_a_list_is_read_and_what_is_no_model_left_out() -> None:
    listed = [
        {"model": "a/b", "title": "A B", "provider": "A", "taskType": ["x", None, ""], "pricingDesc": "5 credits\nup"},
        {"model": "c", "taskType": "y", "title": 7},
        {"model": ""},
        {"title": "nameless"},
        None,
        "text",
    ]

    assert read_models({"models": listed, "total": 6}) == (
        Model("a/b", "A B", "A", ("x",), "5 credits up"),
        Model("c", task_types=("y",)),
    )


@pytest.mark.parametrize("data", [None, {}, {"models": None}, {"models": {}}, "text", 3])
def test_what_is_no_list_is_said_to_be_none(data: object) -> None:
    with pytest.raises(UnreadableAnswerError, match="list of models"):
        read_models(data)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("runway", "/api/v1/models/runway/schema"),
        ("kling-2.6/text-to-video", "/api/v1/models/kling-2.6/text-to-video/schema"),
        ("odd?x=1#y", "/api/v1/models/odd%3Fx%3D1%23y/schema"),
        ("ü", "/api/v1/models/%C3%BC/schema"),
    ],
)
def test_a_slash_in_a_name_is_sent_as_it_is_and_all_else_escaped(model: str, path: str) -> None:
    assert schema_call(model).path == path


@pytest.mark.parametrize("model", ["", " ", "two words", None, 5, "a\nb", "\udcff"])
def test_what_is_no_name_is_not_asked_for(model: Any) -> None:
    with pytest.raises(InvalidRequestError, match="model"):
        schema_call(model)


def test_an_input_is_read_where_it_stands() -> None:
    schema = {"type": "object", "properties": {"prompt": PROMPT}, "required": ["prompt"]}

    assert read_input_schema(document(schema)) == schema


def test_what_an_input_refers_to_is_put_in_its_place() -> None:
    components = {
        "schemas": {
            "Input of it ": {"type": "object", "properties": {"prompt": {"$ref": "#/components/schemas/a~1b"}}},
            "a/b": PROMPT,
        }
    }
    given = {"$ref": "#/components/schemas/Input%20of%20it%20", "description": "kept"}

    assert read_input_schema(document(given, components)) == {
        "type": "object",
        "properties": {"prompt": PROMPT},
        "description": "kept",
    }


@pytest.mark.parametrize(
    "reference", ["https://example.com/x", "#/nowhere", "#/components/schemas/A", "", None, 7, "#/"]
)
def test_a_reference_that_leads_nowhere_or_in_a_circle_says_nothing(reference: object) -> None:
    components = {"schemas": {"A": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}}}
    schema = read_input_schema(document({"type": "object", "properties": {"a": {"$ref": reference}}}, components))

    assert schema is not None
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"a": {"a": {"a": {}}}}, schema)


def test_references_that_double_at_each_step_are_not_followed_to_the_end() -> None:
    both = [{"allOf": [{"$ref": f"#/components/schemas/{n + 1}"}] * 2} for n in range(26)]
    components = {"schemas": {str(n): each for n, each in enumerate(both)}}

    schema = read_input_schema(document({"$ref": "#/components/schemas/0"}, components))

    assert len(json.dumps(schema)) < 2_000_000


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"openapi": None},
        {"openapi": {"paths": []}},
        document({}),
        document("text"),
        document({"type": "object"}, path="/gpt-5-2/v1/chat/completions"),
    ],
)
def test_a_model_may_have_no_schema(data: object) -> None:
    assert read_input_schema(data) is None


def test_the_required_fields_come_first() -> None:
    schema = {"properties": {"seed": {"type": "integer"}, "prompt": PROMPT, "odd": None}, "required": ["prompt", 7]}

    assert fields_of(schema) == (Field("prompt", True, PROMPT), Field("seed", False, {"type": "integer"}))


def test_of_several_shapes_a_field_is_required_that_is_so_in_each() -> None:
    one = {"properties": {"prompt": PROMPT, "a": {}}, "required": ["prompt", "a"]}
    other = {"properties": {"prompt": PROMPT, "b": {}}, "required": ["prompt", "b"]}
    schema = {"allOf": [{"properties": {"c": {}}, "required": ["c"]}], "oneOf": [one, other]}

    assert [(field.name, field.is_required) for field in fields_of(schema)] == [
        ("c", True),
        ("prompt", True),
        ("a", False),
        ("b", False),
    ]


@given(st.dictionaries(st.sampled_from(["properties", "required", "oneOf", "anyOf", "allOf", "$ref", "type"]), JSON))
def test_whatever_a_schema_is_its_fields_are_read(schema: dict[str, Any]) -> None:
    for each in fields_of(schema):
        assert isinstance(each.name, str)


@given(JSON, JSON, JSON)
def test_whatever_comes_is_read_or_refused(data: Any, given: Any, components: Any) -> None:
    for each in (data, document(given, components)):
        schema = read_input_schema(each)
        assert schema is None or json.dumps(schema)
        try:
            models = read_models(each)
        except UnreadableAnswerError:
            continue
        assert all(model.name for model in models)
