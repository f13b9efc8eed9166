from __future__ import annotations

import pytest

from airflow_provider_runway.hooks.callbacks import callback_base_url
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.errors import InvalidRequestError

OPTION = "AIRFLOW__RUNWAY__CALLBACK_BASE_URL"


def url(of_the_connection: str | None) -> str | None:
    address = Address(api_key="k3y-of-mine")
    return callback_base_url(Settings(address=address, upload_address=None, callback_base_url=of_the_connection))


def test_the_connection_names_the_url_before_the_configuration_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert url(None) is None
    monkeypatch.setenv(OPTION, " https://of-the-configuration.example/air/ ")
    assert url(None) == "https://of-the-configuration.example/air"
    assert url("https://of-the-connection.example") == "https://of-the-connection.example"


@pytest.mark.parametrize(
    "text",
    ["airflow.example", "ftp://x", "https://", "https://a?b", "https://a#b", "https://u@a", "https://é.example",
     "https://a b", "https://" + "a" * 300],
)  # fmt: skip
def test_what_no_path_can_be_added_to_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(OPTION, text)
    with pytest.raises(InvalidRequestError, match=r"\[runway\] callback_base_url"):
        url(None)
