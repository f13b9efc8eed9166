"""What a day may cost, and whose day it is."""

from __future__ import annotations

import re

import pytest

from airflow_provider_runway.hooks.budget import account_of, daily_credit_limit
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.errors import InvalidRequestError

OPTION = "AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT"


def settings(key: str = "a-key", url: str = "https://api.kie.ai", limit: float | None = None, **facts: str) -> Settings:
    address = Address(api_key=key, base_url=url, **facts)  # type: ignore[arg-type]
    return Settings(address=address, upload_address=None, daily_credit_limit=limit)


@pytest.mark.parametrize(
    ("own", "option", "limit"), [(None, "", None), (None, "240", 240.0), (12.5, "240", 12.5), (12.5, "", 12.5)]
)
def test_the_connection_comes_before_the_configuration(
    monkeypatch: pytest.MonkeyPatch, own: float | None, option: str, limit: float | None
) -> None:
    monkeypatch.setenv(OPTION, option)
    assert daily_credit_limit(settings(limit=own)) == limit


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e999", "ten", "1,000", "12 credits", "[]", "0x10"])
def test_a_limit_that_is_no_number_of_credits_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(OPTION, text)
    with pytest.raises(InvalidRequestError, match="daily_credit_limit must be a number of credits, above 0"):
        daily_credit_limit(settings())


def test_an_account_is_its_key_and_host_whatever_the_connection_is_called() -> None:
    one = account_of(settings(connection="one"))
    assert one == account_of(settings(connection="other", api="jobs", url="https://api.kie.ai/api/v1"))
    assert one != account_of(settings(key="another-key"))
    assert one != account_of(settings(url="http://localhost:8123"))
    assert re.fullmatch("[0-9a-f]{16}", one)
    assert "a-key" not in one
