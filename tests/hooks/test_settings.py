from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from airflow.sdk import Connection

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.hooks.settings import Settings, read_settings
from airflow_provider_runway.kie.errors import ConnectionSettingsError

KEY = "k3y-of-the-account"


def read(**fields: Any) -> Settings:
    given = {"conn_id": "clips", "conn_type": "runway", "password": KEY, **fields}
    return read_settings("clips", Connection(**given))


def hook_of(monkeypatch: pytest.MonkeyPatch, connection: str) -> RunwayHook:
    monkeypatch.setenv("AIRFLOW_CONN_CLIPS", connection)
    return RunwayHook("clips")


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({}, "https://api.kie.ai"),
        ({"host": ""}, "https://api.kie.ai"),
        ({"host": "  "}, "https://api.kie.ai"),
        ({"host": "kie.example"}, "https://kie.example"),
        ({"host": "kie.example/"}, "https://kie.example"),
        ({"host": "kie.example", "schema": "http"}, "http://kie.example"),
        ({"host": "kie.example", "schema": "http", "port": 8123}, "http://kie.example:8123"),
        ({"host": "kie.example", "port": 8443}, "https://kie.example:8443"),
        ({"host": "https://kie.example"}, "https://kie.example"),
        ({"host": "https://kie.example/"}, "https://kie.example"),
        ({"host": "https://kie.example/api"}, "https://kie.example"),
        ({"host": "https://kie.example/api/v1"}, "https://kie.example"),
        ({"host": "https://kie.example/api/v1/"}, "https://kie.example"),
        ({"host": "https://kie.example/proxied/api/v1"}, "https://kie.example/proxied"),
        ({"host": "kie.example/api/v1"}, "https://kie.example"),
        ({"host": "kie.example/api/v1", "port": 8443}, "https://kie.example:8443"),
        ({"host": "kie.example/proxied/", "port": 8443, "schema": "http"}, "http://kie.example:8443/proxied"),
        ({"host": "http://kie.example:8123", "schema": "https"}, "http://kie.example:8123"),
        ({"host": " http://127.0.0.1:8123 "}, "http://127.0.0.1:8123"),
        ({"host": "[::1]", "schema": "http", "port": 8123}, "http://[::1]:8123"),
        ({"host": "https://kie.example", "port": 8443}, "https://kie.example:8443"),
        ({"host": "http://proxy.internal", "port": 8443}, "http://proxy.internal:8443"),
        ({"host": "http://proxy.internal/", "port": 8443, "schema": "https"}, "http://proxy.internal:8443"),
        ({"host": "http://proxy.internal/kie/api/v1", "port": 8443}, "http://proxy.internal:8443/kie"),
        ({"host": "http://proxy.internal:8443", "port": 8443}, "http://proxy.internal:8443"),
        ({"host": "proxy.internal:8443", "port": 8443}, "https://proxy.internal:8443"),
        ({"host": "http://[::1]", "port": 8443}, "http://[::1]:8443"),
        ({"host": "http://[::1]:8443", "port": 8443}, "http://[::1]:8443"),
        ({"host": "::1", "port": 8443, "schema": "http"}, "http://[::1]:8443"),
        ({"host": "2001:db8::8443", "port": 8443}, "https://[2001:db8::8443]:8443"),
        ({"host": "http://proxy.internal", "port": 0}, "http://proxy.internal"),
        ({"host": "", "port": 0}, "https://api.kie.ai"),
        ({"host": "https://api.kie.ai", "port": 443}, "https://api.kie.ai"),
        ({"host": "http://proxy.internal", "port": 443}, "http://proxy.internal:443"),
        ({"port": 8443}, "https://api.kie.ai:8443"),
        ({"schema": "https", "port": 443}, "https://api.kie.ai"),
    ],
)
def test_the_base_url_is_read_as_airflows_http_connections_read_it(fields: dict[str, Any], base_url: str) -> None:
    assert read(**fields).address.base_url == base_url


@pytest.mark.parametrize(
    "connection",
    [
        json.dumps({"conn_type": "runway", "password": KEY, "host": "http://127.0.0.1:8123", "extra": {"timeout": 12}}),
        json.dumps({"conn_type": "runway", "password": KEY, "host": "127.0.0.1", "port": 8123, "schema": "http",
                    "extra": '{"timeout": "12"}'}),
        f"runway://:{KEY}@127.0.0.1:8123/http?timeout=12",
        f"runway://:{KEY}@{quote('http://127.0.0.1:8123', safe='')}?timeout=12",
        f"runway://someone:{KEY}@{quote('http://127.0.0.1:8123/api/v1', safe='')}/?timeout=12.0",
    ],
    ids=["json", "json in parts", "uri in parts", "uri", "uri with login and path"],
)  # fmt: skip
def test_a_connection_reads_the_same_as_json_and_as_uri(monkeypatch: pytest.MonkeyPatch, connection: str) -> None:
    settings = hook_of(monkeypatch, connection).settings

    assert settings.address.base_url == "http://127.0.0.1:8123"
    assert settings.address.api_key == KEY
    assert settings.timeout == 12


def test_a_key_with_reserved_characters_survives_the_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a/b+c=d@e:f%g?h#i"

    assert hook_of(monkeypatch, f"runway://:{quote(key, safe='')}@/").settings.address.api_key == key


@pytest.mark.parametrize("password", [None, "", "   ", "\n"])
def test_a_missing_key_is_said_in_one_sentence_that_names_the_connection(password: str | None) -> None:
    with pytest.raises(ConnectionSettingsError) as caught:
        read(password=password)

    assert str(caught.value) == ("Connection 'clips': There is no API key: KIE.AI needs one (https://kie.ai/api-key).")
    assert not caught.value.retryable


@pytest.mark.parametrize("password", ["sec ret-1", "sécret-1", "sec\nret-1", "sec\tret-1", "secret-1\x00x"])
def test_an_odd_key_is_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': The API key has characters") as caught:
        read(password=password)

    assert "ret-1" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_white_space_around_a_key_is_taken_off() -> None:
    assert read(password=f"  {KEY}\n").address.api_key == KEY


@pytest.mark.parametrize("host", ["http://proxy.internal:8123", "proxy.internal:8123", "[::1]:8123"])
def test_two_ports_are_refused(host: str) -> None:
    with pytest.raises(ConnectionSettingsError, match=r"Connection 'clips': its host names a port, and .*\(8443\)"):
        read(host=host, port=8443)


@pytest.mark.parametrize("host", ["ftp://kie.example", "https://", "https://kie.example:port", "://kie.example"])
def test_a_base_url_that_cannot_work_is_refused_without_the_key(host: str) -> None:
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': The base URL must be http") as caught:
        read(host=host)

    assert KEY not in str(caught.value)


def test_a_base_url_with_a_password_in_it_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConnectionSettingsError) as caught:
        read(host="https://me:hush-hush@kie.example")

    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize("extra", ["[1]", '"text"', "7", "{", "null", "[" * 200_000, '{"a":' * 200_000])
def test_an_extra_that_is_no_object_is_refused(extra: str) -> None:
    class Row:
        host = schema = port = None
        password = KEY

    row = Row()
    row.extra = extra  # type: ignore[attr-defined]
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': the extra must be a JSON object"):
        read_settings("clips", row)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [0.5, 45, "45", "0.5", 3600])
def test_the_timeout_is_a_number_of_seconds(given: float | str) -> None:
    assert read(extra=json.dumps({"timeout": given})).timeout == float(given)


@pytest.mark.parametrize("given", [None, ""])
def test_the_timeout_is_thirty_seconds_where_the_form_left_it_empty(given: str | None) -> None:
    assert read(extra=json.dumps({"timeout": given})).timeout == 30
    assert read().timeout == 30


@pytest.mark.parametrize("given", [0, -1, 3601, "soon", True, [], {}, "nan", "inf", "-inf"])
def test_a_timeout_that_cannot_work_is_refused(given: object) -> None:
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': extra 'timeout' must be a number"):
        read(extra=json.dumps({"timeout": given}))


@pytest.mark.parametrize(("given", "api"), [("runway", "runway"), ("jobs", "jobs"), ("", "runway"), (None, "runway")])
def test_the_api_is_one_of_two_and_the_dedicated_one_where_nothing_was_chosen(given: str | None, api: str) -> None:
    assert read(extra=json.dumps({"api": given})).address.api == api
    assert read().address.api == "runway"


@pytest.mark.parametrize("given", ["Jobs", "unified", "runway ", 1, True, [], {}, ["jobs"]])
def test_any_other_api_is_refused(given: object) -> None:
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': extra 'api' must be 'runway' or 'jobs'"):
        read(extra=json.dumps({"api": given}))


@pytest.mark.parametrize(
    ("extra", "url"),
    [
        ({}, "https://kieai.redpandaai.co"),
        ({"upload_url": "https://files.example"}, "https://files.example"),
        ({"upload_url": ""}, "https://kieai.redpandaai.co"),
        ({"upload_url": None}, "https://kieai.redpandaai.co"),
        ({"upload_url": " http://127.0.0.1:8123/ "}, "http://127.0.0.1:8123"),
    ],
)
def test_files_go_to_kies_upload_host_or_another(extra: dict[str, Any], url: str) -> None:
    address = read(extra=json.dumps(extra)).require_upload_address()
    assert (address.base_url, address.api_key) == (url, KEY)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8123", "https://gateway.example", "api.kie.ai.example"])
@pytest.mark.parametrize("extra", [{}, {"upload_url": ""}, {"upload_url": None}])
def test_files_go_nowhere_where_the_host_is_not_kies_and_no_other_is_named(host: str, extra: dict[str, Any]) -> None:
    settings = read(host=host, extra=json.dumps(extra))
    with pytest.raises(ConnectionSettingsError, match=r"its host .* 'upload_url' .* Nothing was sent"):
        settings.require_upload_address()


def test_a_host_that_is_not_kies_has_the_files_it_is_told() -> None:
    settings = read(host="http://127.0.0.1:8123", extra=json.dumps({"upload_url": "http://127.0.0.1:8123"}))
    assert settings.require_upload_address().base_url == "http://127.0.0.1:8123"


@pytest.mark.parametrize("host", ["", "https://api.kie.ai", "api.kie.ai", "https://kie.ai/api/v1"])
def test_kies_own_hosts_have_its_upload_host(host: str) -> None:
    assert read(host=host).require_upload_address().base_url == "https://kieai.redpandaai.co"


@pytest.mark.parametrize(
    "value", ["http://u:p@h", "https://h?x=1", "https://h#x", "http://h:port", "https://a b", "https://u@"]
)
def test_an_upload_url_that_no_key_may_go_to_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(ConnectionSettingsError, match=r"Connection 'clips': extra 'upload_url' must .* without user"):
        read(extra=json.dumps({"upload_url": value}))


@pytest.mark.parametrize("value", ["files.example", "ftp://files.example", 7, ["https://files.example"]])
def test_an_upload_url_that_cannot_work_is_refused(value: Any) -> None:
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': extra 'upload_url' must be an absolute"):
        read(extra=json.dumps({"upload_url": value}))


@pytest.mark.parametrize(
    ("host", "upload_url", "expected"),
    [
        ("https://api.kie.ai", None, "https://kie.ai/logs"),
        ("https://kie.example", None, "https://kie.ai/logs"),
        ("https://kie.example", "https://kieai.redpandaai.co", "https://kie.ai/logs"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123", "http://127.0.0.1:8123/logs?taskId=task-1"),
        ("http://sandbox:8123/", "http://sandbox:8123", "http://sandbox:8123/logs?taskId=task-1"),
        ("http://localhost.example.com", None, "https://kie.ai/logs"),
    ],
)
def test_only_what_stands_in_for_all_of_kie_has_a_page_of_its_own(
    host: str, upload_url: str | None, expected: str
) -> None:
    assert read(host=host, extra=json.dumps({"upload_url": upload_url})).logs_link("task-1") == expected


def test_the_sandbox_is_asked_for_kies_own_id() -> None:
    settings = read(host="http://127.0.0.1:8123", extra=json.dumps({"upload_url": "http://127.0.0.1:8123"}))

    assert settings.logs_link("jobs:task_1") == "http://127.0.0.1:8123/logs?taskId=task_1"
    assert settings.logs_link() == "http://127.0.0.1:8123/logs"


@pytest.mark.parametrize("given", ["/shared/records", " s3://mine@bucket/records\n"])
def test_the_records_folder_is_an_address(given: str) -> None:
    assert read(extra=json.dumps({"records": given})).records == given.strip()


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_connection_may_leave_the_records_folder_to_the_configuration(given: str | None) -> None:
    assert read(extra=json.dumps({"records": given})).records is None
    assert read().records is None


@pytest.mark.parametrize("given", ["records", "s3://", 7, True, False, [], {}, ["/shared"]])
def test_a_records_folder_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(ConnectionSettingsError, match="Connection 'clips': extra 'records' must be the absolute path"):
        read(extra=json.dumps({"records": given}))
