from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from airflow_provider_runway.hooks.callbacks import callback_base_url, send_probe
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.callback_tokens import CallbackToken, UnverifiedToken
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.signatures import is_signed

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


KEY, NOW = "k3y-of-mine", 1_800_000_000.0
TOKEN = CallbackToken(conn_id="one", dag_id="d", run_id="r", task_id="t", nonce="0" * 32, expires_at=int(NOW))
WATCHED = httpx.Response(200, json={"status": "watched"})


def answered(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response], secret: str | None = None
) -> bool:
    """Whether a probe is said to have arrived."""

    def stream(method: str, url: str, *, timeout: float, follow_redirects: bool, **content: Any) -> Any:
        assert timeout <= 15
        client = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=follow_redirects)
        return client.stream(method, url, **content)

    monkeypatch.setattr(httpx, "stream", stream)
    settings = Settings(
        address=Address(api_key=KEY),
        upload_address=None,
        callback_base_url="https://airflow.example",
        webhook_secret=secret,
    )
    return send_probe(settings, TOKEN, NOW)


@pytest.mark.parametrize("secret", [None, "whsec"])
def test_a_probe_goes_where_kies_calls_go_and_is_signed_as_they_are(
    monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    sent = list[httpx.Request]()

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return WATCHED

    assert answered(monkeypatch, take, secret)
    [request] = sent
    base, _, text = str(request.url).rpartition("/")
    assert base == "https://airflow.example/runway/callback"
    token = UnverifiedToken.read(text).verify(KEY, NOW)
    assert token.probes == TOKEN.nonce
    assert token.expires_at > NOW
    task_id = json.loads(request.content)["data"]["task_id"]
    headers = request.headers
    signed = (headers.get("x-webhook-timestamp"), headers.get("x-webhook-signature"))
    assert is_signed("whsec", [task_id], *signed) == (secret is not None)


def gone(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    "answer",
    [
        gone,
        lambda _request: httpx.Response(200, json={"status": "ignored"}),
        lambda _request: httpx.Response(200, text="<html>"),
        lambda _request: httpx.Response(200, text="[]"),
        lambda _request: httpx.Response(200, content=b""),
        lambda _request: httpx.Response(503, json={"status": "watched"}),
        lambda _request: httpx.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
)
def test_whatever_else_is_answered_it_has_not_arrived(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    assert not answered(monkeypatch, answer)


def test_names_too_long_for_a_token_are_not_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_runway.kie.callback_tokens.LONGEST_TOKEN", 50)
    assert not answered(monkeypatch, lambda _request: WATCHED)


def test_without_an_address_nothing_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPTION, raising=False)
    assert not send_probe(Settings(address=Address(api_key=KEY), upload_address=None), TOKEN, NOW)
