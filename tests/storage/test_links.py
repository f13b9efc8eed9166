from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from airflow_provider_runway.kie.errors import DownloadError
from airflow_provider_runway.storage.fast_transport import FastTransport, best_transport
from airflow_provider_runway.storage.links import shown, usable_link

from .support import VIDEO, media_host, reply, save, video_reply


def test_redirects_are_followed_to_another_host_and_no_credentials_go_along(tmp_path: Path) -> None:
    with media_host(video_reply) as there:
        elsewhere = there.link.replace("http://", "http://user:word@").replace("127.0.0.1", "localhost")
        with media_host(
            lambda ask: reply(302, location="/second") if ask.number == 0 else reply(307, location=elsewhere)
        ) as here:
            save(here.link.replace("http://", "http://user:word@"), str(tmp_path / "fox.mp4"))
    assert (tmp_path / "fox.mp4").read_bytes() == VIDEO
    assert [ask.path for ask in here.asks] == ["/video.mp4?signature=s3cr3t", "/second"]
    for ask in [*here.asks, *there.asks]:
        assert not {"authorization", "cookie", "proxy-authorization", "referer"} & ask.headers.keys()
        assert ask.headers["user-agent"].startswith("airflow-provider-runway/")
        assert ask.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://host/fox.mp4", "gopher://host/fox"])
def test_a_redirect_to_anything_but_http_is_refused(tmp_path: Path, location: str) -> None:
    with (
        media_host(lambda ask: reply(302, location=location)) as host,
        pytest.raises(DownloadError, match="does not lead to an http or https address") as caught,
    ):
        save(host.link, str(tmp_path / "fox.mp4"))
    assert len(host.asks) == 1
    assert "s3cr3t" not in str(caught.value)


def test_redirects_without_end_are_given_up(tmp_path: Path) -> None:
    with (
        media_host(lambda ask: reply(302, location="/again")) as host,
        pytest.raises(DownloadError, match="more than 5 times"),
    ):
        save(host.link, str(tmp_path / "fox.mp4"))
    assert len(host.asks) == 4 * 6


@pytest.mark.parametrize("link", ["", "fox.mp4", "file:///etc/passwd", "http://", "ftp://host/x", "http://[::1"])
def test_a_link_that_is_none_is_refused(tmp_path: Path, link: str) -> None:
    with pytest.raises(DownloadError, match="does not lead to an http or https address"):
        save(link, str(tmp_path / "fox.mp4"))


def test_what_signs_a_link_and_who_is_named_in_it_is_not_shown() -> None:
    assert (
        shown("https://user:word@cdn.example:8443/a/fox.mp4?X-Sig=s3cr3t#top") == "https://cdn.example:8443/a/fox.mp4"
    )
    assert shown("http://[::1") == "(an unreadable link)"


def test_a_usable_link_keeps_its_query_and_loses_its_credentials() -> None:
    assert (
        str(usable_link("https://user:word@cdn.example/fox.mp4?X-Sig=a%2Fb"))
        == "https://cdn.example/fox.mp4?X-Sig=a%2Fb"
    )


@pytest.mark.parametrize(
    ("environment", "kind"),
    [({}, FastTransport), ({"no_proxy": "*"}, FastTransport), ({"https_proxy": "http://proxy:3128"}, type(None))],
)
def test_a_proxy_is_left_to_httpx(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], kind: type[object]
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert isinstance(best_transport(), kind)


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with media_host(video_reply) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        save("http://media.example/fox.mp4", str(tmp_path / "fox.mp4"))
    assert [ask.path for ask in proxy.asks] == ["http://media.example/fox.mp4"]


def test_a_read_that_takes_too_long_is_a_cut() -> None:
    import socket

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        httpx.Client(transport=FastTransport(), timeout=0.05) as http,
        pytest.raises(TimeoutError),
    ):
        http.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")
