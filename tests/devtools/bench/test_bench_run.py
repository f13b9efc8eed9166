"""A tiny run of the benchmark itself: its server, its processes, its counting."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from devtools.bench.certificate import make_certificate
from devtools.bench.download import measure_download
from devtools.bench.film import measure_join
from devtools.bench.server import Server, server_process
from devtools.bench.storm import Storm, measure_storms
from devtools.bench.waiting import measure_waiting


@pytest.fixture
def server() -> Iterator[Server]:
    with server_process(None) as process:
        yield Server(process, tls=False)


@pytest.mark.parametrize("contender", ["bare", "runway"])
def test_waits_are_started_polled_and_counted(server: Server, contender: str) -> None:
    measured = measure_waiting(contender, server, waits=20, interval=0.3, stretch=1.5)
    assert measured.error is None
    assert (measured.waits, measured.polled, measured.ended) == (20, 20, 0)
    assert measured.polls >= 20 // 2, "pauses may be three intervals long"
    assert measured.cpu_ms_per_poll > 0
    assert 0 < measured.sockets <= 20
    assert measured.longest_gap_s < 5


def test_errors_are_answered_until_they_are_forgotten(server: Server) -> None:
    def asked() -> httpx.Response:
        return httpx.get(f"{server.base_url}/api/v1/runway/record-detail?taskId=x", trust_env=False)

    server.forget(401)
    assert [asked().json()["code"] for _ in range(3)] == [401] * 3
    server.forget()
    assert asked().json()["code"] == 200
    assert server.counts().requests == 1


def test_a_storm_is_measured_for_each_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devtools.bench.storm.ERRORS", (401,))
    monkeypatch.setattr("devtools.bench.storm.HTTP_SENSOR", NOT_THERE)
    storms = measure_storms(server, waits=4, interval=1.0, seconds=0.5)
    assert list(storms) == ["runway"]
    assert storms["runway"].by_error.keys() == {401}


@pytest.mark.parametrize(("by_error", "never_more"), [({401: 1.0, 500: 0.5}, True), ({401: 2.0, 500: 0.5}, False)])
def test_no_error_may_bring_more_requests_than_a_video_that_is_being_made(
    by_error: dict[int, float], never_more: bool
) -> None:
    assert Storm(waits=1, healthy=1.0, by_error=by_error).never_more is never_more


class NOT_THERE:  # noqa: N801 - stands for a contender
    installed = False


def test_both_downloads_bring_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    monkeypatch.setenv("SSL_CERT_FILE", certificate.certificate)
    measured = measure_download(certificate, size=3_000_000, times=1)
    if measured is None:
        pytest.skip("there is no curl")
    assert measured.size == 3_000_000
    assert measured.ratio > 0


def test_a_film_is_joined_in_all_ways_that_are_compared() -> None:
    measured = measure_join(times=1, size="64x36", seconds=200)

    assert measured.clips == 10
    assert measured.size > 10_000
    assert min(measured.film_s, measured.ours_s, measured.ffmpeg_s, measured.rest_s, measured.ratio) > 0
    assert measured.ffmpeg_alone_s <= measured.ffmpeg_s
    assert measured.growth_mib > 0
