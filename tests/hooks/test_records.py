from __future__ import annotations

import pytest

from airflow_provider_runway.hooks.records import records_folder
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address

OPTION = "AIRFLOW__RUNWAY__RECORDS"


def url(records: str | None) -> str | None:
    settings = Settings(address=Address(api_key="k3y-of-mine"), upload_address=None, records=records)
    folder = records_folder(settings)
    return None if folder is None else folder.url


def test_the_connection_names_the_folder_before_the_configuration_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert url(None) is None
    assert url("/of/the/connection") == "/of/the/connection"
    monkeypatch.setenv(OPTION, "s3://of-the-configuration/records")
    assert url(None) == "s3://of-the-configuration/records"
    assert url("/of/the/connection") == "/of/the/connection"
