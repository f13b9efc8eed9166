"""Finding a model, and the operator for it."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.cli.models import literal, operator_for, rule_of, value_for
from airflow_provider_runway.kie.models import Field, fields_of
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import Call

pytestmark = pytest.mark.usefixtures("given_time", "server_context")
KLING = "kling-2.6/text-to-video"


def made_of(code: str) -> KieJobOperator:
    """The operator that some code makes."""
    names: dict[str, Any] = {}
    *others, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(others, []), "code", "exec"), names)
    operator = eval(compile(ast.Expression(last.value), "code", "eval"), names)
    assert isinstance(operator, KieJobOperator)
    return operator


def test_all_models_are_listed_with_their_prices(call: Call, kie: Sandbox) -> None:
    done = call("models")

    assert done.code == 0
    [head, *rows] = done.out.splitlines()
    assert head.split() == ["model", "does", "price"]
    assert any(row.split() == ["google/nano-banana", "text-to-image", "4", "credits", "per", "image"] for row in rows)
    assert len(kie.ledger.requests) == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("NANO",), ["google/nano-banana"]),
        (("google", "image"), ["veo-3-1", "google/nano-banana"]),
        (("text-to-speech",), ["elevenlabs/text-to-speech-multilingual-v2"]),
        (("kling-2.6/",), [KLING, "kling-2.6/image-to-video"]),
    ],
)
def test_models_are_found_by_words(call: Call, kie: Sandbox, words: tuple[str, ...], found: list[str]) -> None:
    done = call("models", *words, "-o", "json")

    assert [each["model"] for each in json.loads(done.out)] == found
    assert kie.ledger.charges == ()


def test_a_named_model_is_shown_with_its_fields_and_an_operator_that_works(call: Call, kie: Sandbox) -> None:
    done = call("models", KLING)

    assert "Price: 5s 55 credits" in done.out
    assert 'duration      yes       one of "5", "10", usually "5"' in done.out
    operator = made_of(done.out.partition("\n\n")[2].partition("\n\n")[2])
    assert operator.model == KLING
    assert operator.input == {"prompt": "...", "sound": False, "aspect_ratio": "16:9", "duration": "5"}
    assert [entry.path.rpartition("/")[2] for entry in kie.ledger.requests] == ["models", "schema"]


def test_a_name_that_others_begin_with_shows_that_model(call: Call, kie: Sandbox) -> None:
    done = call("models", "runway", "-o", "json")

    assert done.result["model"] == "runway"
    assert [each["name"] for each in done.result["fields"] if each["required"]] == ["prompt", "duration", "quality"]
    assert made_of(done.result["operator"]).input["duration"] == 5


def test_a_model_without_a_document_is_shown_and_said_to_have_none(call: Call, kie: Sandbox) -> None:
    done = call("models", "ideogram/v3-reframe")

    assert done.code == 0
    assert "KIE.AI does not tell what ideogram/v3-reframe takes" in done.err
    assert "Price: 7 credits" in done.out


@pytest.mark.parametrize("words", [("nobody/has-it",), ("nothing", "like", "it"), ("..",), ("\u200b",)])
def test_what_is_not_found_is_said_so(call: Call, kie: Sandbox, words: tuple[str, ...]) -> None:
    done = call("models", *words)

    assert (done.code, done.out) == (ExitCode.GONE, "")
    assert "KIE.AI lists no model" in done.err


@pytest.mark.parametrize("words", [("",), (" ", "\t")])
def test_nothing_but_white_space_lists_all(call: Call, kie: Sandbox, words: tuple[str, ...]) -> None:
    assert len(call("models", *words).out.splitlines()) > 10


def test_an_error_of_the_service_is_a_line_and_a_code(call: Call, kie: Sandbox) -> None:
    kie.fault(Refuse(401), on="models")

    done = call("models")

    assert (done.code, done.out) == (ExitCode.REFUSED, "")
    assert "AuthenticationError" in done.err


@pytest.mark.parametrize(
    ("schema", "rule", "value"),
    [
        ({}, "anything", "..."),
        ({"type": "string", "maxLength": 9}, "text, at most 9 characters", "..."),
        ({"type": "boolean"}, "true or false", False),
        ({"type": ["null", "integer"], "minimum": 3}, "whole number, at least 3", 3),
        ({"type": "number", "default": 0.5}, "number, usually 0.5", 0.5),
        ({"enum": ["b", "a"], "default": "a"}, 'one of "b", "a", usually "a"', "a"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, "list of texts, at most 2 of them", ["..."]),
        ({"type": "array"}, "list", ["..."]),
        ({"type": "object"}, "object", {}),
        ({"type": "string", "examples": ["", "x"]}, "text", "x"),
    ],
)
def test_each_field_has_a_rule_and_a_value(schema: dict[str, Any], rule: str, value: object) -> None:
    assert rule_of(schema) == rule
    assert value_for(Field("prompt", is_required=True, schema=schema)) == value


def test_a_field_for_a_link_gets_one() -> None:
    fields = fields_of({"properties": {"image_urls": {"type": "array"}, "image_url ": {"type": "string"}}})

    assert [value_for(field) for field in fields] == [["https://example.com/file"], "https://example.com/file"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_value_is_code_that_says_the_same(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(
    st.text(min_size=1),
    st.dictionaries(st.text(), st.dictionaries(st.sampled_from(["type", "default", "enum", "items", "minimum"]), JSON)),
)
def test_whatever_a_schema_says_the_operator_is_one_call_and_no_other_code(
    model: str, properties: dict[str, dict[str, Any]]
) -> None:
    fields = [Field(name, is_required=True, schema=about) for name, about in properties.items()]

    [_, call] = ast.parse(operator_for(model, fields)).body

    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert [ast.literal_eval(each.value) for each in call.value.keywords if each.arg == "model"] == [model]
    assert all(rule_of(about) for about in properties.values())
