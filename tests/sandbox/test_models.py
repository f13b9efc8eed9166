"""Which models there are, what they take and what they cost."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import Api


def asked(api: Api, path: str, **query: str) -> Any:
    """An answer, a second after the one before."""
    api.sandbox.advance(1.1)
    return api.get(f"/api/v1/models{path}", **query)


def input_schema(document: dict[str, Any]) -> dict[str, Any]:
    [post] = document["paths"]["/api/v1/jobs/createTask"].values()
    found: dict[str, Any] = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["input"]
    if "$ref" in found:
        *_, name = found["$ref"].split("/")
        found = document["components"]["schemas"][unquote(name)]
    return found


def test_models_are_listed_and_found_by_a_text(api: Api) -> None:
    everything = asked(api, "")["data"]
    found = asked(api, "", q="NANO")["data"]["models"]
    of_a_sort = asked(api, "", taskType="text-to-speech")["data"]["models"]

    assert everything["total"] == len(everything["models"]) > 10
    assert [each["model"] for each in found] == ["google/nano-banana"]
    assert set(found[0]) == {"model", "title", "provider", "taskType", "description", "pricingDesc"}
    assert [each["provider"] for each in of_a_sort] == ["ElevenLabs"]
    assert asked(api, "", q="nothing like it")["data"] == {"models": [], "total": 0}


def test_every_model_has_a_schema_that_is_one_or_none(api: Api) -> None:
    without = []
    for each in asked(api, "")["data"]["models"]:
        found = asked(api, f"/{each['model']}/schema")["data"]
        assert found["model"] == each["model"]
        if found["openapi"] is None:
            without.append(each["model"])
            continue
        schema = input_schema(found["openapi"])
        jsonschema.Draft202012Validator.check_schema(schema)
        assert set(schema["required"]) <= set(schema["properties"])
        assert asked(api, f"/{each['model']}/price")["data"]["pricingDesc"] == each["pricingDesc"]

    assert without == ["ideogram/v3-reframe"]


def test_an_unknown_model_has_no_schema(api: Api) -> None:
    assert [asked(api, f"/{path}")["code"] for path in ("nobody/1/schema", "runway/odd", "schema", "")] == [404] * 4


def test_a_second_call_within_a_second_is_refused(api: Api) -> None:
    assert [api.get("/api/v1/models")["code"] for _ in range(3)] == [200, 429, 429]
    assert asked(api, "/runway/schema")["code"] == 200


def test_the_key_is_needed_and_faults_strike(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Refuse(500), on="models", times=1)

    assert asked(api, "")["code"] == 500
    assert [entry.purpose for entry in runway_sandbox.ledger.requests] == ["models"]
    api.http.headers["Authorization"] = "Bearer wrong"
    assert asked(api, "")["code"] == 401


@pytest.mark.parametrize("name", ["%00", "a//b", "..", "ü", "a" * 5000])
def test_odd_names_are_answered_too(api: Api, name: str) -> None:
    assert asked(api, f"/{name}/schema")["code"] == 404
