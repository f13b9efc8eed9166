from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from airflow_provider_runway.hooks import callbacks
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

    def client(url: str, patience: float) -> httpx.Client:
        assert url.startswith("https://airflow.example/")
        assert patience <= 15
        return httpx.Client(transport=httpx.MockTransport(answer))

    monkeypatch.setattr(callbacks, "_client", client)
    return send_probe(settings(callback_base_url="https://airflow.example", webhook_secret=secret), TOKEN, NOW)


def settings(**given: str | None) -> Settings:
    return Settings(address=Address(api_key=KEY), upload_address=None, **given)  # type: ignore[arg-type]


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


@pytest.mark.parametrize(
    "proxy", ["http://\u2603.invalid", "http://u:pass/word@proxy.invalid", "socks9://proxy.invalid"]
)
def test_through_a_proxy_that_is_none_it_has_not_arrived(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    assert not send_probe(settings(callback_base_url="https://airflow.invalid"), TOKEN, NOW)


def test_where_a_library_for_the_proxy_is_missing_it_has_not_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_given: object) -> httpx.Client:
        raise ImportError("socksio")

    monkeypatch.setattr(callbacks, "_client", missing)
    assert not send_probe(settings(callback_base_url="https://airflow.invalid"), TOKEN, NOW)


def test_an_answer_that_drips_is_not_waited_for_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, bytes_of_it = list[int](), 200
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % bytes_of_it)
                for _ in range(bytes_of_it):
                    connection.sendall(b" ")
                    sent.append(1)
                    time.sleep(0.05)

        dripping = threading.Thread(target=drip)
        dripping.start()
        monkeypatch.setattr(callbacks, "_PROBE_PATIENCE", 0.5)
        base = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert not send_probe(settings(callback_base_url=base), TOKEN, NOW)
        dripping.join()
    assert len(sent) < bytes_of_it


def test_httpx_logs_no_token_and_goes_on_logging_what_others_ask(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "httpx")
    assert answered(monkeypatch, lambda _request: WATCHED)
    httpx.Client(transport=httpx.MockTransport(lambda _request: WATCHED)).get("https://others.example/")
    assert [each.getMessage() for each in caplog.records if each.name == "httpx"] == [
        'HTTP Request: GET https://others.example/ "HTTP/1.1 200 OK"'
    ]


def test_names_too_long_for_a_token_are_not_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_runway.kie.callback_tokens.LONGEST_TOKEN", 50)
    assert not answered(monkeypatch, lambda _request: WATCHED)


def test_without_an_address_nothing_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPTION, raising=False)
    assert not send_probe(Settings(address=Address(api_key=KEY), upload_address=None), TOKEN, NOW)
