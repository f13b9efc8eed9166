from __future__ import annotations

import pytest

from airflow_provider_runway.kie.proxies import proxy_for


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_one_in_the_environment_there_is_none() -> None:
    assert proxy_for("https://api.kie.ai") is None


@pytest.mark.parametrize(
    ("variable", "given", "url", "place"),
    [
        ("HTTPS_PROXY", "http://proxy.example:3128", "http://proxy.example:3128", "proxy.example:3128"),
        ("https_proxy", "proxy.example:3128", "http://proxy.example:3128", "proxy.example:3128"),
        ("ALL_PROXY", "http://bob:p%40w@proxy.example", "http://bob:p%40w@proxy.example", "proxy.example"),
        ("HTTPS_PROXY", "http://bob:p@w@proxy.example:1", "http://bob:p@w@proxy.example:1", "proxy.example:1"),
        ("HTTPS_PROXY", "http://bob:pw@[::1]:3128", "http://bob:pw@[::1]:3128", "[::1]:3128"),
    ],
)
def test_the_environment_names_it_and_only_its_place_is_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, given: str, url: str, place: str
) -> None:
    monkeypatch.setenv(variable, given)
    proxy = proxy_for("https://api.kie.ai")
    assert proxy is not None
    assert (proxy.url, proxy.place) == (url, place)
    assert "bob" not in repr(proxy)


def test_one_for_another_scheme_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert proxy_for("http://api.kie.ai") is None


@pytest.mark.parametrize(
    "exempt", ["*", "kie.ai", ".kie.ai", "api.kie.ai", "other.example, api.kie.ai", "api.kie.ai:8443"]
)
def test_hosts_that_are_exempt_have_none(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert proxy_for("https://api.kie.ai:8443") is None
