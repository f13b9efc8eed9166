"""Files go where their host is known."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from airflow_provider_runway.exceptions import (
    ConnectionSettingsError,
)
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.sandbox import Sandbox


def test_a_file_goes_nowhere_where_the_host_is_not_kies_and_no_other_is_named(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection = {"conn_type": "runway", "host": kie.url, "password": kie.key}
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", json.dumps(connection))
    requests = list[httpx.Request]()

    def take(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(500)

    with pytest.raises(ConnectionSettingsError, match=r"Connection 'clips': .*'upload_url'.* Nothing was sent"):
        RunwayHook("clips", transport=httpx.MockTransport(take)).upload(str(tmp_path / "fox.png"))

    assert requests == []
