"""What is wrong with an input, by the schema of its model, and what a refusal says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.client import KieClient
from airflow_provider_runway.kie.errors import RejectedError, ServerError, ServiceError
from airflow_provider_runway.kie.input_faults import explained, input_faults
from airflow_provider_runway.kie.requests import GenerateRequest, JobRequest, TaskRequest
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import JSON

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["prompt", "image_urls "],
    "properties": {
        "prompt": {"type": "string", "maxLength": 10, "pattern": "(a+)+$"},
        "duration": {"enum": ["5", "10"]},
        "cfg": {"type": "number", "minimum": 0, "maximum": 1},
        "image_urls ": {"type": "array", "items": {"type": "string", "format": "uri"}, "maxItems": 2},
        "seed": {"type": ["integer", "string"]},
        "note": {"type": "string", "nullable": True},
        "shots": {"type": "array", "items": {"oneOf": [{"type": "object", "required": ["text"]}, {"type": "null"}]}},
    },
}
FINE: dict[str, Any] = {"prompt": "A fox", "image_urls": ["https://a.example/b.png"]}
TOO_LONG = "input['prompt'] must have at most 10 characters; got"
MODEL = "kling-2.6/text-to-video"


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        (FINE, []),
        ({**FINE, "note": None, "unheard_of": 1}, []),
        ({**FINE, "prompt": "a" * 10}, []),
        ({"image_urls": []}, ["input['prompt'] is needed"]),
        ({"prompt": "A fox"}, ["input['image_urls'] is needed"]),
        ({**FINE, "duration": 5}, ["input['duration'] must be one of '5', '10'; got 5"]),
        ({**FINE, "prompt": "A fox, asleep"}, [f"{TOO_LONG} 'A fox, asleep'"]),
        ({**FINE, "cfg": 1.5}, ["input['cfg'] must be at most 1; got 1.5"]),
        ({**FINE, "seed": 0.5}, ["input['seed'] must be of type integer or string; got 0.5"]),
        ({**FINE, "prompt": ["A fox"]}, ["input['prompt'] must be of type string; got a list of 1"]),
        ({**FINE, "prompt": "https://a.example/x?X-Amz-Signature=1"}, [f"{TOO_LONG} 'https://a.example/x'"]),
        ({**FINE, "shots": [{"text": "a"}, {}]}, ["input['shots'][1]['text'] is needed"]),
    ],
)  # fmt: skip
def test_each_fault_names_field_rule_and_value(fields: dict[str, Any], faults: list[str]) -> None:
    assert [str(fault) for fault in input_faults(SCHEMA, fields)] == faults


@pytest.mark.parametrize(
    ("schema", "fields", "fault"),
    [
        (
            {"oneOf": [{"required": ["image"]}, {"required": ["video"]}]},
            {},
            "must have one of its forms: input['image'] is needed, or input['video'] is needed; got an object of 0",
        ),
        (
            {"additionalProperties": False, "properties": {"a": {}}},
            {"b": 7},
            "input['b'] is no field of the model; got 7",
        ),
    ],
)
def test_what_no_single_rule_tells_is_told_by_its_fields(
    schema: dict[str, Any], fields: dict[str, Any], fault: str
) -> None:
    [found] = input_faults(schema, fields)
    assert str(found).removeprefix("input ") == fault


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"anyOf": [{"const": number} for number in range(20_000)]}}},
        {"properties": {"a": {"uniqueItems": True}}},
    ],
    ids=["huge", "slow"],
)
def test_what_takes_long_is_not_tried(schema: dict[str, Any]) -> None:
    assert input_faults(schema, {"a": [{}, {}]}) == ()


def test_of_many_faults_a_few_are_told() -> None:
    schema = {"properties": {f"f{number}": {"type": "string"} for number in range(50)}}
    assert len(input_faults(schema, {f"f{number}": number for number in range(50)})) == 5


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": 7},
        {"properties": {"prompt": {"minimum": "x", "type": "string"}}, "required": 7},
        {"$ref": "https://elsewhere.example/schema"},
        {"properties": {"prompt": {"$ref": "#/nowhere"}}},
        {"properties": {"prompt": {"exclusiveMinimum": True}}},
        {},
    ],
)
def test_a_schema_that_cannot_be_understood_finds_nothing(schema: dict[str, Any]) -> None:
    assert input_faults(schema, FINE) == ()


@given(st.dictionaries(st.sampled_from([*SCHEMA, "allOf", "anyOf", "enum", "items"]), JSON), JSON)
def test_any_schema_and_any_input_are_borne(schema: dict[str, Any], fields: Any) -> None:
    for fault in input_faults(schema, {"prompt": fields}):
        assert len(str(fault)) < 1000


@pytest.fixture
def client(runway_sandbox: Sandbox) -> Iterator[KieClient]:
    with KieClient(Address(api_key=runway_sandbox.key, base_url=runway_sandbox.url), retry_rules=ONE_TRY) as client:
        yield client


def schemas_asked(kie: Sandbox) -> int:
    return len([each for each in kie.ledger.requests if each.path.endswith("/schema")])


def refused(client: KieClient, request: Any) -> str:
    with pytest.raises((RejectedError, ServerError)) as caught:
        client.submit(request)
    return str(explained(caught.value, request, client))


def test_a_refused_job_says_which_field(runway_sandbox: Sandbox, client: KieClient) -> None:
    runway_sandbox.configure(check_inputs=True)
    said = refused(client, JobRequest(model=MODEL, input={"prompt": "A fox", "duration": "7"}))
    assert "By the model's schema, input['duration'] must be one of '5', '10'; got '7'. " in said
    assert said.index("code 422") < said.index("By the model") < said.index("Nothing was paid")
    assert schemas_asked(runway_sandbox) == 1


@pytest.mark.parametrize("code", [400, 422, 500])
def test_what_is_refused_for_another_reason_is_told_as_it_is(
    runway_sandbox: Sandbox, client: KieClient, code: int
) -> None:
    runway_sandbox.fault(Refuse(code), on="submit")
    request = JobRequest(model=MODEL, input={"prompt": "A fox", "duration": "5", "sound": False, "aspect_ratio": "1:1"})
    with pytest.raises(ServiceError, match=f"code {code}") as caught:
        client.submit(request)
    error: Any = caught.value
    assert str(explained(error, request, client)) == str(error)
    assert schemas_asked(runway_sandbox) == 1


def test_a_model_that_kie_does_not_list_is_told(runway_sandbox: Sandbox, client: KieClient) -> None:
    runway_sandbox.fault(Refuse(422), on="submit")
    assert "KIE.AI lists no model 'nobodys/model'." in refused(client, JobRequest(model="nobodys/model", input={}))


@pytest.mark.parametrize("code", [401, 402, 429, 455])
def test_what_is_not_about_the_request_asks_for_no_schema(
    runway_sandbox: Sandbox, client: KieClient, code: int
) -> None:
    runway_sandbox.fault(Refuse(code), on="submit")
    request = JobRequest(model=MODEL, input={"duration": "7"})
    with pytest.raises(ServiceError, match=f"code {code}") as caught:
        client.submit(request)
    error: Any = caught.value
    assert explained(error, request, client) is error
    assert schemas_asked(runway_sandbox) == 0


@pytest.mark.parametrize(
    "request_",
    [GenerateRequest(prompt="A fox", aspect_ratio="16:9"), TaskRequest(endpoint="veo/generate", body={"prompt": "A"})],
)
def test_the_dedicated_endpoints_have_no_schemas(runway_sandbox: Sandbox, client: KieClient, request_: Any) -> None:
    runway_sandbox.fault(Refuse(422), on="submit")
    refused(client, request_)
    assert schemas_asked(runway_sandbox) == 0


def test_a_schema_that_cannot_be_had_changes_nothing(runway_sandbox: Sandbox, client: KieClient) -> None:
    runway_sandbox.configure(check_inputs=True)
    request = JobRequest(model=MODEL, input={"prompt": "A fox", "duration": "7"})
    with pytest.raises(RejectedError) as caught:
        client.submit(request)
    gone = KieClient(Address(api_key="k", base_url="http://127.0.0.1:1"), retry_rules=ONE_TRY)
    assert explained(caught.value, request, gone) is caught.value
