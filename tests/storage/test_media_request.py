from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fakes import GivenTime

from airflow_provider_runway.kie.errors import DownloadError, NotAVideoError
from airflow_provider_runway.storage.download import Downloader
from airflow_provider_runway.storage.public_hosts import resolve
from airflow_provider_runway.storage.sink import Sink

from .support import EAGER, VIDEO, media_host, reply, save, video_reply


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


PUBLIC = "http://93.184.216.34/fox.mp4"


NAMES = {"cdn.example": ["93.184.216.35"], "inside.example": ["10.0.0.7"], "both.example": ["93.184.216.35", "::1"]}


def resolved(host: str, port: int) -> list[str]:
    """The system's own rules for addresses, and names that only this test knows."""
    return NAMES[host] if host in NAMES else resolve(host, port)


def redirected_to(location: str, tmp_path: Path, asked: list[str], start: str = PUBLIC) -> None:
    """Note where a download goes that is redirected once."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if len(asked) == 1:
            return httpx.Response(302, headers={"Location": location})
        return httpx.Response(200, stream=httpx.ByteStream(VIDEO))

    downloader = Downloader(
        task_id="t",
        timeout=1.0,
        retry_rules=EAGER,
        renew=None,
        transport=httpx.MockTransport(answer),
        clock=GivenTime().clock,
        largest=1_000_000,
        resolve=resolved,
    )
    with (tmp_path / "fox.mp4").open("w+b") as file, Sink(file) as sink:
        downloader.fetch(start, sink)


PRIVATE = [
    "http://127.0.0.1/x", "http://localhost:8080/x", "http://LOCALHOST./x", "http://10.1.2.3/x", "http://172.16.0.1/x",
    "http://192.168.1.1/x", "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/x", "http://0.0.0.0/x",
    "http://0/x", "http://2130706433/x", "http://0x7f000001/x", "http://0x7f.1/x", "http://017700000001/x",
    "http://127.1/x", "http://[::1]/x", "http://[::]/x", "http://[fe80::1]/x", "http://[fd00::1]/x", "http://224.0.0.1/x",
    "http://[::ffff:127.0.0.1]/x", "http://[::ffff:a00:1]/x", "http://[64:ff9b::7f00:1]/x", "http://[2002:7f00:1::]/x",
    "http://user@127.0.0.1/x", "//127.0.0.1/x", "https://inside.example/x", "http://both.example/x",
]  # fmt: skip


@pytest.mark.parametrize("location", PRIVATE)
def test_a_redirect_into_a_private_network_is_not_followed(tmp_path: Path, location: str) -> None:
    asked: list[str] = []
    with pytest.raises(DownloadError, match="redirects into a private network") as caught:
        redirected_to(location, tmp_path, asked)
    assert asked == [PUBLIC]
    assert location not in str(caught.value)


@pytest.mark.parametrize("location", ["http://8.8.8.8/x", "https://cdn.example/x", "/x", "http://[2606:4700::1]/x"])
def test_a_redirect_on_the_internet_is_followed(tmp_path: Path, location: str) -> None:
    asked: list[str] = []
    redirected_to(location, tmp_path, asked)
    assert len(asked) == 2


@pytest.mark.parametrize("location", ["http://10.1.2.3/x", "http://127.0.0.1:9/x", "https://cdn.example/x"])
@pytest.mark.parametrize("start", ["http://127.0.0.1/fox.mp4", "http://inside.example/fox.mp4"])
def test_a_link_into_ones_own_network_may_redirect(tmp_path: Path, start: str, location: str) -> None:
    asked: list[str] = []
    redirected_to(location, tmp_path, asked, start)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("start", "quoted"),
    [("http://127.0.0.1/a", True), (PUBLIC, True), ("http://10.0.0.7/a", False), ("http://inside.example/a", False)],
)
def test_nothing_of_what_another_machine_inside_says_is_quoted(tmp_path: Path, start: str, quoted: bool) -> None:
    page = httpx.ByteStream(b"internal secrets " * 50)
    downloader = Downloader(
        task_id="t",
        timeout=1.0,
        retry_rules=EAGER,
        renew=None,
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, stream=page, headers={"Content-Type": "x/secrets"})
        ),
        clock=GivenTime().clock,
        largest=1_000_000,
        resolve=resolved,
    )
    with (tmp_path / "fox").open("w+b") as file, Sink(file) as sink, pytest.raises(NotAVideoError) as caught:
        downloader.fetch(start, sink)
    assert ("secrets" in str(caught.value)) is quoted


def test_what_a_redirect_among_ones_own_machines_leads_to_is_not_quoted(tmp_path: Path) -> None:
    with (
        media_host(lambda ask: reply(200, b"secret " * 100) if ask.number else reply(302, location="/x")) as host,
        pytest.raises(NotAVideoError) as caught,
    ):
        save(host.link, str(tmp_path / "fox.mp4"))
    assert "secret" not in str(caught.value)
