"""A connection that works is read once and masked; any other is refused before anything is sent."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from airflow.sdk._shared.secrets_masker import _secrets_masker as secrets_masker

from airflow_provider_runway.exceptions import (
    AuthenticationError,
    ConnectionSettingsError,
)
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.sandbox import Sandbox

from .support import KEY, REQUEST, Method


@pytest.mark.parametrize("password", [f"{KEY}\n", f" {KEY}", f"\t{KEY} \r\n", KEY])
def test_what_is_sent_is_masked_in_logs_whatever_stands_around_it_in_the_connection(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, call: Method, password: str
) -> None:
    masker = secrets_masker()
    monkeypatch.setattr(masker, "patterns", set())
    monkeypatch.setattr(masker, "replacer", None)
    connection = {"conn_type": "runway", "host": kie.url, "password": password}
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", json.dumps(connection))

    with pytest.raises(AuthenticationError):
        call(RunwayHook("clips"), "credits")

    assert KEY not in masker.redact(f"Bearer {KEY}!")


def test_a_connection_without_a_key_is_refused_before_anything_is_sent(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, call: Method
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", json.dumps({"conn_type": "runway", "host": kie.url}))

    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': There is no API key"):
        call(RunwayHook("clips"), "submit", REQUEST)

    assert kie.ledger.requests == ()


def test_a_connection_that_does_not_exist_is_named(call: Method) -> None:
    with pytest.raises(ConnectionSettingsError, match="There is no connection 'no_such_conn' that Airflow can read"):
        call(RunwayHook("no_such_conn"), "credits")


def test_the_connection_is_read_once_and_the_client_built_once(kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunwayHook() as hook:
        client = hook.get_conn()
        monkeypatch.delenv("AIRFLOW_CONN_RUNWAY_DEFAULT")
        assert hook.get_conn() is client
        assert hook.credits() == 5000
    assert hook.get_conn() is not client
    hook.close()
    hook.close()


def test_nothing_shows_the_key(
    kie: Sandbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), RunwayHook() as hook:
        client = hook.get_conn()
        hook.submit(REQUEST)
        shown = [repr(hook), repr(hook.settings), repr(client), repr(client.address), str(vars(client)), caplog.text]

    assert all(kie.key not in text for text in [*shown, *capfd.readouterr()])


@pytest.mark.parametrize(
    "text",
    [
        "runway://:abcd/efgh1234@",
        "runway://:abcd#efgh1234@",
        "runway://:abcdefgh@host:port",
        "{",
        '{"conn_type": "runway", "password": 5}',
        '{"conn_type": "runway", "password": "abcdefgh1234", "host": ["h"]}',
        '{"conn_type": "runway", "password": "abcdefgh1234", "port": "x"}',
        '{"conn_type": "runway", "password": "abcdefgh1234", "nonsense": 5}',
    ],
)
def test_a_connection_that_is_there_and_cannot_be_read_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", text)

    with pytest.raises(ConnectionSettingsError, match="cannot read what AIRFLOW_CONN_CLIPS says") as caught:
        _ = RunwayHook("clips").settings
    assert "abcd" not in str(caught.value)
    with pytest.raises(ConnectionSettingsError, match="cannot read what AIRFLOW_CONN_CLIPS says"):
        asyncio.run(RunwayHook("clips").a_get_settings())
