from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_runway.hooks.extras import NAMES, check_names
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import ConnectionSettingsError


def refusal(extra: dict[str, Any]) -> str:
    with pytest.raises(ConnectionSettingsError) as refused:
        check_names(extra)
    return str(refused.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("credit_flor", "credit_floor"),
        ("creditfloor", "credit_floor"),
        ("credit-floor", "credit_floor"),
        ("Credit_Floor", "credit_floor"),
        (" credit_floor", "credit_floor"),
        ("credit floor", "credit_floor"),
        ("record", "records"),
        ("time_out", "timeout"),
        ("submissions_limit", "submission_limit"),
        ("uploadUrl", "upload_url"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_one_that_is_meant(given: str, meant: str) -> None:
    assert refusal({"timeout": 5, given: 10}) == f"extra {given!r} means nothing: is {meant!r} meant?"


@pytest.mark.parametrize("given", ["", "headers", "x", "api_key", "заметка", "extra__runway__timeout"])
def test_a_name_like_none_is_refused_with_all_that_there_are(given: str) -> None:
    assert refusal({given: 1}) == f"extra {given!r} means nothing; its names are {', '.join(NAMES)}."


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef", "a\x00b", "\x1b[31m", "x" * 100_000])
def test_what_may_be_a_key_in_the_wrong_place_is_not_shown(given: str) -> None:
    assert f"extra name of {len(given)} characters means nothing;" in refusal({given: ""})


@pytest.mark.parametrize("value", [None, "", 0, [], {}])
def test_a_name_without_a_value_is_refused_as_well(value: object) -> None:
    assert "is 'credit_floor' meant?" in refusal({"credit_flor": value})


def test_every_field_of_the_form_is_a_name() -> None:
    check_names(NAMES)
    assert {"api", "credit_floor", "records", "submission_limit", "timeout", "upload_url"} <= {*NAMES}


@pytest.mark.parametrize("uri", [False, True])
def test_the_connections_test_says_so_and_names_the_connection(monkeypatch: pytest.MonkeyPatch, uri: bool) -> None:
    fields = {"conn_type": "runway", "password": "key-of-mine", "extra": {"credit_flor": 100}}
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", "runway://:key-of-mine@/?credit_flor=100" if uri else json.dumps(fields))
    is_fine, message = RunwayHook("clips").test_connection()
    assert not is_fine
    assert message.startswith("Connection 'clips': extra 'credit_flor' means nothing: is 'credit_floor' meant?")
