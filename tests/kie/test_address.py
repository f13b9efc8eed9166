from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.address import DEFAULT_BASE_URL, USER_AGENT, Address
from airflow_provider_runway.kie.errors import AuthenticationError, ConnectionSettingsError, NoAnswerError

from .support import KEYS


@pytest.mark.parametrize(
    ("given_url", "base_url"),
    [
        ("https://api.kie.ai", "https://api.kie.ai"),
        ("https://api.kie.ai/", "https://api.kie.ai"),
        ("https://api.kie.ai//", "https://api.kie.ai"),
        ("https://api.kie.ai:443", "https://api.kie.ai"),
        ("http://api.kie.ai:443", "http://api.kie.ai:443"),
        ("https://api.kie.ai/api", "https://api.kie.ai"),
        ("https://api.kie.ai/api/v1", "https://api.kie.ai"),
        ("https://api.kie.ai/api/v1/", "https://api.kie.ai"),
        ("  https://api.kie.ai/api/v1 \n", "https://api.kie.ai"),
        ("HTTPS://api.kie.ai", "https://api.kie.ai"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("http://[::1]:8123/api/v1", "http://[::1]:8123"),
        ("https://gateway.example/kie/api/v1", "https://gateway.example/kie"),
        ("https://gateway.example/myapi", "https://gateway.example/myapi"),
        ("https://bücher.example", "https://bücher.example"),
    ],
)
def test_a_base_url_is_freed_of_what_the_paths_bring_themselves(given_url: str, base_url: str) -> None:
    assert Address(api_key="key", base_url=given_url).base_url == base_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.kie.ai",
        "ftp://api.kie.ai",
        "https://",
        "https:///api/v1",
        "https://user:secret@api.kie.ai",
        "https://:secret@api.kie.ai",
        "https://api.kie.ai?key=secret",
        "https://api.kie.ai#secret",
        "https://api.kie.ai:0x50",
        "https://api.kie.ai:99999",
        "https://[::1",
        "https://a..b",
        "https://api kie.ai",
        f"https://{'a' * 64}.example",
    ],
)
def test_what_is_no_base_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConnectionSettingsError, match=re.escape(DEFAULT_BASE_URL)) as caught:
        Address(api_key="key", base_url=url)
    assert "secret" not in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("key", ["", " ", "\n"])
def test_a_missing_key_is_one_clear_sentence(key: str) -> None:
    with pytest.raises(ConnectionSettingsError) as caught:
        Address(api_key=key)
    assert str(caught.value) == "There is no API key: KIE.AI needs one (https://kie.ai/api-key)."


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "break\r\nX-Evil: 1", "schlüssel", "nul\0", "\ud800key"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConnectionSettingsError) as caught:
        Address(api_key=key)
    assert key not in str(caught.value)


def test_white_space_around_a_pasted_key_is_taken_off() -> None:
    assert Address(api_key=" abc\n").headers["Authorization"] == "Bearer abc"


def test_requests_carry_the_key_as_bearer_token_and_an_own_user_agent() -> None:
    headers = Address(api_key="abc").headers
    assert headers["Authorization"] == "Bearer abc"
    assert headers["User-Agent"] == USER_AGENT
    assert USER_AGENT.startswith("airflow-provider-runway/")
    assert "urllib" not in USER_AGENT
    assert "apikey" not in {name.lower() for name in headers}


@given(KEYS | st.text().map("Zq7#".__add__))
def test_no_repr_and_no_error_shows_a_key(key: str) -> None:
    try:
        shown = repr(Address(api_key=key))
    except ConnectionSettingsError as error:
        shown = f"{error} {error!r}"
    assert "Zq7#" not in shown


@given(st.text())
def test_any_text_is_a_base_url_or_a_settings_error(url: str) -> None:
    try:
        base_url = Address(api_key="key", base_url=url).base_url
    except ConnectionSettingsError:
        return
    assert base_url.startswith(("http://", "https://"))
    assert not base_url.endswith("/")


@pytest.mark.parametrize(
    ("base_url", "place", "is_kies"),
    [
        ("https://api.kie.ai", "api.kie.ai:443", True),
        ("https://api.kie.ai:443/api/v1", "api.kie.ai:443", True),
        ("https://kie.ai", "kie.ai:443", True),
        ("http://proxy.internal:8443", "proxy.internal:8443", False),
        ("http://[::1]", "[::1]:80", False),
        ("https://api.kie.ai.example", "api.kie.ai.example:443", False),
        ("https://notkie.ai", "notkie.ai:443", False),
    ],
)
def test_a_place_is_host_and_port_and_known_to_be_kies_or_not(base_url: str, place: str, is_kies: bool) -> None:
    address = Address(api_key="key", base_url=base_url)
    assert (address.place, address.is_kies) == (place, is_kies)


def test_an_error_about_the_account_names_the_connection_and_no_error_shows_the_key() -> None:
    address = Address(api_key="a-very-secret-key", connection="clips")
    error = AuthenticationError("No, not a-very-secret-key", service_message="A-VERY-SECRET-KEY?", task_id="t-1")
    error.__cause__ = NoAnswerError("Bearer a-very-secret-key")
    shown = address.finished(error)
    assert str(shown) == "Connection 'clips': No, not ***."
    assert (shown.service_message, shown.task_id) == ("***?", "t-1")
    assert str(shown.__cause__) == "Bearer ***."
    assert str(error) == "No, not a-very-secret-key."


@pytest.mark.parametrize(("said", "is_shown"), [("a-very-secret-key is no file", False), ("no such file", True)])
def test_a_cause_of_others_is_shown_where_it_does_not_have_the_key(said: str, is_shown: bool) -> None:
    error = NoAnswerError("Nothing came")
    error.__cause__ = OSError(said)
    shown = Address(api_key="a-very-secret-key").finished(error)
    assert (shown.__cause__ is error.__cause__) == is_shown
    assert shown.__suppress_context__


def test_an_error_about_something_else_names_no_connection() -> None:
    error = NoAnswerError("Nothing came")
    assert str(Address(api_key="a-very-secret-key", connection="clips").finished(error)) == "Nothing came."
