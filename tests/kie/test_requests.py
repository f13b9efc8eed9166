from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.rules import (
    plain_fields,
)

from .support import JSON, aleph, call_of, extend, generate, job, refused


def test_an_extension_checks_its_callback_url_too() -> None:
    refused("callback_url", extend, callback_url="nowhere")


@pytest.mark.parametrize("make", [generate, extend, aleph])
@pytest.mark.parametrize(
    "extra",
    [
        None,
        [],
        "text",
        {1: "number as name"},
        {"set": {1}},
        {"nan": float("nan")},
        {"infinity": float("inf")},
        {"bytes": b""},
        {"half": "\ud800"},
        {"\ud800": 1},
    ],
)
def test_extra_fields_are_names_and_json_values(make: Any, extra: Any) -> None:
    refused("extra_fields", make, extra_fields=extra)
    with pytest.raises(InvalidRequestError):
        plain_fields("extra_fields", extra)


def test_extra_fields_that_contain_themselves_are_refused() -> None:
    extra: dict[str, Any] = {}
    extra["self"] = extra
    refused("extra_fields", generate, extra_fields=extra)


def test_extra_fields_nested_too_deeply_are_refused() -> None:
    extra: dict[str, Any] = {}
    for _ in range(5_000):
        extra = {"in": extra}
    refused("extra_fields", generate, extra_fields=extra)


def test_changing_the_mapping_afterwards_does_not_change_the_request() -> None:
    extra = {"seed": 1, "inner": {"a": [1]}}
    request = generate(extra_fields=extra)
    before = fingerprint(request)
    extra["seed"] = 2
    extra["inner"]["a"].append(2)  # type: ignore[index]
    assert request.extra_fields == {"seed": 1, "inner": {"a": [1]}}
    assert fingerprint(request) == before


def test_names_inside_extra_fields_become_texts_as_json_makes_them() -> None:
    assert generate(extra_fields={"inner": {1: "a", "b": (2, 3)}}).extra_fields == {"inner": {"1": "a", "b": [2, 3]}}


@pytest.mark.parametrize("given", [None, [], "text", {1: "x"}, {"set": {1}}, {"nan": float("nan")}, {"n": 10**5000}])
def test_the_fields_for_a_model_are_names_and_json_values(given: Any) -> None:
    refused("input", job, input=given)


def test_the_fields_for_a_model_are_kept_as_they_were() -> None:
    given = {"image_urls": ["https://example.com/a.png"], "n": 2}
    request = job(input=given)
    before = fingerprint(request)
    given["image_urls"].append("x")  # type: ignore[attr-defined]
    assert request.input == {"image_urls": ["https://example.com/a.png"], "n": 2}
    assert fingerprint(request) == before


@pytest.mark.parametrize(("given", "prompt"), [({"prompt": "A hare"}, "A hare"), ({}, ""), ({"prompt": 7}, "")])
def test_the_prompt_of_a_job_is_told_where_it_has_one(given: dict[str, Any], prompt: str) -> None:
    assert job(input=given).prompt == prompt


def test_a_job_checks_its_callback_url_and_extra_fields_too() -> None:
    refused("callback_url", job, callback_url="nowhere")
    refused("extra_fields", job, extra_fields={"nan": float("nan")})


@pytest.mark.parametrize("request_", [generate(), extend(), aleph(), job()])
def test_a_request_cannot_be_changed(request_: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        request_.callback_url = "another"


@given(
    prompt=st.text(max_size=60) | st.text(st.characters(), min_size=1795, max_size=1805),
    watermark=st.none() | st.text(max_size=20),
    extra=st.dictionaries(st.text(max_size=8), JSON, max_size=3),
)
def test_a_request_that_is_accepted_can_be_sent_and_any_other_names_its_field(
    prompt: str, watermark: str | None, extra: dict[str, Any]
) -> None:
    try:
        request = generate(prompt=prompt, watermark=watermark, extra_fields=extra)
        call = call_of(request)
    except InvalidRequestError as refusal:
        named = refusal.field
    else:
        sent = json.loads(json.dumps(call.body, ensure_ascii=False, allow_nan=False).encode())
        assert sent["prompt"] == prompt
        assert len(fingerprint(request)) == 16
        return
    assert named in {"prompt", "watermark", "extra_fields"}


@given(
    model=st.text(max_size=20) | st.just("veo-3-1"),
    fields=st.dictionaries(st.text(max_size=8), JSON | st.just("https://b/a?sig=1"), max_size=4) | JSON,
)
def test_a_job_that_is_accepted_can_be_sent_and_any_other_names_its_field(model: str, fields: Any) -> None:
    try:
        request = job(model=model, input=fields)
    except InvalidRequestError as refusal:
        named = refusal.field
    else:
        sent = json.loads(json.dumps(call_of(request).body, ensure_ascii=False, allow_nan=False).encode())
        assert sent == {"model": model, "input": request.input}
        assert len(fingerprint(request)) == 16
        return
    assert named in {"model", "input"}
