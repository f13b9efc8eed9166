from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.callback_tokens import (
    LONGEST_TOKEN,
    CallbackToken,
    ExpiredTokenError,
    ForgedTokenError,
    MalformedTokenError,
    UnverifiedToken,
    _encode,
    callback_url,
)

KEY = "k3y-of-mine"
TOKEN = CallbackToken(
    conn_id="runway_default",
    dag_id="clips",
    run_id="scheduled__2026-11-26T00:00:00+00:00",
    task_id="video",
    map_index=3,
    region="0123/4",
    nonce="0123456789abcdef0123456789abcdef",
    expires_at=2000,
)


def test_a_token_comes_back_whole_and_names_its_connection_before_it_is_verified() -> None:
    unverified = UnverifiedToken.read(TOKEN.sign(KEY))

    assert unverified.conn_id == "runway_default"
    assert unverified.verify(KEY, 1999.9) == TOKEN


def test_a_usual_token_is_short_and_needs_no_escaping() -> None:
    text = TOKEN.sign(KEY)

    assert re.fullmatch(r"[A-Za-z0-9._-]+", text)
    assert len(text) < 400


def test_a_token_without_a_dag_is_a_check() -> None:
    assert replace(TOKEN, dag_id="").is_check
    assert not TOKEN.is_check


def test_the_key_is_none_that_signs_anything_else_and_not_in_the_token() -> None:
    assert KEY not in TOKEN.sign(KEY)
    assert TOKEN.sign(KEY) != TOKEN.sign(KEY + "x")


@pytest.mark.parametrize(
    "change",
    [
        {"conn_id": "another"}, {"dag_id": "other"}, {"run_id": "other"}, {"task_id": "other"}, {"map_index": 4},
        {"region": None}, {"nonce": "f" * 32}, {"expires_at": 10**12},
    ],
)  # fmt: skip
def test_a_token_whose_payload_was_changed_is_forged(change: dict[str, Any]) -> None:
    mine, other = TOKEN.sign(KEY).split("."), replace(TOKEN, **change).sign(KEY).split(".")

    with pytest.raises(ForgedTokenError):
        UnverifiedToken.read(".".join((*other[:2], mine[2]))).verify(KEY, 0)


@pytest.mark.parametrize("key", ["another", "k3y-of-mine ", "K3y-of-mine"])
def test_a_token_of_another_key_is_forged(key: str) -> None:
    with pytest.raises(ForgedTokenError):
        UnverifiedToken.read(TOKEN.sign(KEY)).verify(key, 0)


def test_a_token_expires() -> None:
    with pytest.raises(ExpiredTokenError):
        UnverifiedToken.read(TOKEN.sign(KEY)).verify(KEY, 2000)


def test_that_a_forged_token_has_expired_is_not_told() -> None:
    with pytest.raises(ForgedTokenError):
        UnverifiedToken.read(TOKEN.sign(KEY)).verify("another", 2000)


@pytest.mark.parametrize("key", [""])
def test_without_a_key_nothing_is_signed(key: str) -> None:
    with pytest.raises(ValueError, match="no API key"):
        TOKEN.sign(key)
    with pytest.raises(ValueError, match="no API key"):
        UnverifiedToken.read(TOKEN.sign(KEY)).verify(key, 0)


def test_names_that_are_too_long_make_no_token() -> None:
    longest = dict.fromkeys(("dag_id", "run_id", "task_id"), "a" * 250)
    assert len(replace(TOKEN, **longest).sign(KEY)) <= LONGEST_TOKEN  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="longer than 1500"):
        replace(TOKEN, task_id="é" * 600).sign(KEY)


@given(st.text(max_size=100), st.text(max_size=100), st.integers(-1, 2**31), st.none() | st.text(max_size=50))
def test_no_names_are_too_odd(dag_id: str, run_id: str, map_index: int, region: str | None) -> None:
    token = replace(TOKEN, dag_id=dag_id, run_id=run_id, map_index=map_index, region=region)

    assert UnverifiedToken.read(token.sign(KEY)).verify(KEY, 0) == token


MAC = "A" * 43


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1..", f"1..{MAC}", f"1.{_encode('[]')}", f"2.{_encode('[]')}.{MAC}", f"1.{_encode('[]')}.{MAC}",
        f"1.{_encode('{}')}.{MAC}", f"1.{_encode('null')}.{MAC}", f"1.{_encode('nonsense')}.{MAC}", f"1.A.{MAC}",
        f"1.{_encode(chr(91) * 900)}.{MAC}", f"1.{_encode(bytes([255, 254]))}.{MAC}", "é" * 50,
        f"1.{_encode('[1,2,3,4,5,6,7,8]')}.{MAC}", f"1.{_encode('[' + ','.join(['null'] * 8) + ']')}.{MAC}",
        f"1.{_encode(chr(91) + ','.join(['null'] * 9) + chr(93))}.{MAC}", f"1.{'A' * LONGEST_TOKEN}.{MAC}",
        f"1.{_encode('[' + ','.join([chr(34) * 2] * 4) + ',true,null,' + chr(34) * 2 + ',1]')}.{MAC}",
        TOKEN.sign(KEY) + "=", TOKEN.sign(KEY)[:-1], " " + TOKEN.sign(KEY), TOKEN.sign(KEY) + "\n",
    ],
)  # fmt: skip
def test_what_is_no_token_is_malformed(text: str) -> None:
    with pytest.raises(MalformedTokenError):
        UnverifiedToken.read(text)


@given(st.text() | st.from_regex(r"1\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        UnverifiedToken.read(text).verify(KEY, 0)
    except (MalformedTokenError, ForgedTokenError):
        return
    raise AssertionError(text)


@pytest.mark.parametrize("base", ["https://airflow.example/air", "https://airflow.example/air/"])
def test_the_address_is_below_the_base(base: str) -> None:
    assert callback_url(base, "1.a.b") == "https://airflow.example/air/runway/callback/1.a.b"


def test_a_probe_is_for_a_submission_and_is_no_call_for_it() -> None:
    probe = TOKEN.as_probe(1234)

    assert probe.probes == TOKEN.nonce
    assert (TOKEN.probes, probe.nonce == TOKEN.nonce, probe.expires_at) == (None, False, 1234)
    assert replace(probe, nonce=TOKEN.nonce, expires_at=TOKEN.expires_at) == TOKEN
