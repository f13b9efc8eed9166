from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.address import USER_AGENT, Address
from airflow_provider_runway.kie.client import AsyncKieClient, KieClient
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    AuthenticationError,
    ConnectionSettingsError,
    NoAnswerError,
    NotSentError,
    RateLimitedError,
    RunwayError,
    ServerError,
    UnreadableAnswerError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.over_httpx import transport_error
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.web_pages import page

from .clients import KEY, AsyncService, Handler, HandlerSender, Service, SyncService
from .support import CODES, EXTEND, GENERATE, KEYS, NO_JITTER, READY, STATUSES, body, record

ADDRESS = Address(api_key=KEY, base_url="https://kie.example/api/v1/")

Make = Callable[..., Service]


@pytest.fixture(params=[SyncService, AsyncService], ids=["sync", "async"])
def client(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Make clients of one of the two kinds, closed in the end."""
    made: list[Service] = []

    def make(handler: Handler, **options: Any) -> Service:
        made.append(request.param(options.pop("address", ADDRESS), handler, **{"retry_rules": NO_JITTER, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def answers(*script: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    """A handler that goes through a script, and the requests it was sent."""
    requests: list[httpx.Request] = []
    events = iter(script)

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        event = next(events)
        if isinstance(event, Exception):
            raise event
        return event

    return handle, requests


CLIENTS: tuple[Make, ...] = (SyncService, AsyncService)


def ask(service: Service, what: str) -> object:
    """Do one of the things a client can do."""
    calls: dict[str, Callable[[], object]] = {
        "submit": lambda: service.submit(GENERATE),
        "get_task": lambda: service.get_task("t-1"),
        "credits": service.credits,
        "wait": lambda: service.wait("t-1", poll_interval=1.0, timeout=500.0),
    }
    return calls[what]()


def ok(data: Any = None, **envelope: Any) -> httpx.Response:
    return httpx.Response(200, content=body(data, **envelope))


# --- what goes out


def test_a_submission_is_one_post_of_json_with_key_and_user_agent(client: Make) -> None:
    handle, requests = answers(ok({"taskId": "t-1"}))
    assert client(handle).submit(GENERATE) == "t-1"
    (request,) = requests
    assert (request.method, str(request.url)) == ("POST", "https://kie.example/api/v1/runway/generate")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"] == USER_AGENT
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content.decode()) == {
        "prompt": "A fox in the snow",
        "duration": 5,
        "quality": "720p",
        "aspectRatio": "16:9",
    }


def test_a_poll_is_a_get_with_the_id_in_the_query_and_no_body(client: Make) -> None:
    handle, requests = answers(ok({**READY, "taskId": "a&b=c/d+é"}))
    task = client(handle).get_task("a&b=c/d+é")
    assert task.task_id == "a&b=c/d+é"
    (request,) = requests
    assert request.method == "GET"
    assert request.url.path == "/api/v1/runway/record-detail"
    assert dict(request.url.params) == {"taskId": "a&b=c/d+é"}
    assert request.content == b""
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_the_balance_is_asked_for(client: Make) -> None:
    handle, requests = answers(ok(5916.25))
    assert client(handle).credits() == 5916.25
    assert str(requests[0].url) == "https://kie.example/api/v1/chat/credit"


@pytest.mark.parametrize("task_id", ["x" * 300, "../../v1/chat/credit", "a/b?c=d#e", "%2e%2e%2f", "jobs:a/b"])
def test_an_id_of_any_form_stays_within_the_query(client: Make, task_id: str) -> None:
    handle, requests = answers(ok(READY))
    with pytest.raises(UnreadableAnswerError):
        client(handle).get_task(task_id)
    assert requests[0].url.path in {"/api/v1/runway/record-detail", "/api/v1/jobs/recordInfo"}
    assert dict(requests[0].url.params) == {"taskId": task_id.removeprefix("jobs:")}


def test_a_timeout_counts_for_connecting_sending_and_each_read(client: Make) -> None:
    handle, requests = answers(ok(1))
    client(handle, timeout=7.0).credits()
    assert requests[0].extensions["timeout"] == dict.fromkeys(("connect", "read", "write", "pool"), 7.0)


# --- what comes back


def test_a_wait_polls_until_the_video_is_there(client: Make) -> None:
    handle, requests = answers(ok(record("wait")), httpx.ReadTimeout("slow"), ok(record("generating")), ok(READY))
    news: list[tuple[str, float]] = []
    service = client(handle)
    task = service.wait("t-1", poll_interval=5.0, on_change=lambda *change: news.append(change))
    assert task.video_url == "https://files.example/v.mp4"
    assert len(requests) == 4
    assert [state for state, _ in news] == ["queued", "generating"]
    assert all(5.0 <= pause <= 6.0 for pause in service.slept)


def test_a_wait_ends_at_its_timeout(client: Make) -> None:
    handle, requests = answers(*[ok(record("generating")) for _ in range(99)])
    service = client(handle)
    with pytest.raises(WaitTimeoutError, match="It is paid and goes on being made"):
        service.wait("t-1", poll_interval=10.0, timeout=60.0)
    assert sum(service.slept) == pytest.approx(60.0)
    assert 6 <= len(requests) <= 7


def test_a_post_is_sent_again_after_a_rate_limit_for_as_long_as_it_asks(client: Make) -> None:
    limited = httpx.Response(200, content=body(code=429), headers={"Retry-After": "12"})
    handle, requests = answers(limited, httpx.ConnectError("refused"), ok({"taskId": "t-1"}))
    service = client(handle)
    assert service.submit(EXTEND) == "t-1"
    assert service.slept == [12.0, 2.0]
    assert len(requests) == 3


def test_one_submission_can_have_its_own_retry_rules() -> None:
    handle, requests = answers(ok(code=429))
    with SyncService(ADDRESS, handle) as sync, pytest.raises(RateLimitedError):
        KieClient.submit(sync, GENERATE, retry_rules=ONE_TRY)
    assert len(requests) == 1


def test_one_async_poll_can_have_its_own_retry_rules() -> None:
    handle, requests = answers(ok(code=500))

    async def poll() -> None:
        async with AsyncKieClient(ADDRESS, HandlerSender(ADDRESS, handle)) as kie:
            with pytest.raises(ServerError):
                await kie.get_task("t-1", retry_rules=ONE_TRY)

    asyncio.run(poll())
    assert len(requests) == 1


# --- below http


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ConnectError("refused"), NotSentError),
        (httpx.ConnectTimeout("slow"), NotSentError),
        (httpx.PoolTimeout("full"), NotSentError),
        (httpx.ProxyError("407 Proxy Authentication Required"), NotSentError),
        (httpx.ReadError("reset"), NoAnswerError),
        (httpx.ReadTimeout("slow"), NoAnswerError),
        (httpx.WriteError("broken pipe"), NoAnswerError),
        (httpx.WriteTimeout("slow"), NoAnswerError),
        (httpx.CloseError("x"), NoAnswerError),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), NoAnswerError),
        (httpx.LocalProtocolError("the stream was closed"), NoAnswerError),
        (httpx.DecodingError("corrupt gzip"), NoAnswerError),
        (httpx.TimeoutException("of some kind"), NoAnswerError),
        (httpx.NetworkError("of some kind"), NoAnswerError),
        (httpx.TooManyRedirects("x"), NoAnswerError),
        (httpx.UnsupportedProtocol("gopher"), ConnectionSettingsError),
        (httpx.InvalidURL("x"), ConnectionSettingsError),
        (RuntimeError("the loop is closed"), NoAnswerError),
        (TimeoutError(), NoAnswerError),
        (OSError(5, "input/output error"), NoAnswerError),
        (ValueError("x"), NoAnswerError),
    ],
    ids=lambda value: value.__class__.__name__ if isinstance(value, Exception) else "",
)
def test_a_fault_below_http_counts_as_not_sent_only_where_that_is_certain(
    client: Make, fault: Exception, kind: type[RunwayError]
) -> None:
    assert type(transport_error(fault, Address(api_key=KEY))) is kind
    handle, requests = answers(fault, ok({"taskId": "t-1"}))
    service = client(handle)
    if kind is NotSentError:
        assert service.submit(GENERATE) == "t-1"
        assert len(requests) == 2
        return
    with pytest.raises(AmbiguousSubmissionError if kind is NoAnswerError else kind) as caught:
        service.submit(GENERATE)
    assert len(requests) == 1
    assert type(fault).__name__ in str(caught.value)


def test_a_fault_is_named_and_nothing_that_a_library_says_is_quoted(client: Make) -> None:
    handle, _ = answers(httpx.ReadTimeout("http://bob:hush@proxy"))
    with pytest.raises(NoAnswerError) as caught:
        client(handle, retry_rules=ONE_TRY).get_task("t-1")
    assert str(caught.value) == "No whole answer came back from KIE.AI at kie.example:443 (ReadTimeout)."
    assert "hush" not in "".join(traceback.format_exception(caught.value))


# --- what cannot be sent


@pytest.mark.parametrize("url", ["http://-.example\x7f", "http://xn--a"])
def test_a_host_that_is_none_is_an_error_of_the_settings(client: Make, url: str) -> None:
    handle, requests = answers()
    with pytest.raises(ConnectionSettingsError, match="Nothing was sent"):
        client(handle, address=Address(api_key=KEY, base_url=url)).submit(GENERATE)
    assert requests == []


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_an_error_of_the_settings(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with (
        SyncService(Address(api_key=KEY, base_url="http://kie.example")) as service,
        pytest.raises(ConnectionSettingsError, match="The request could not be formed"),
    ):
        service.submit(GENERATE)


# --- lifetimes


def test_a_closed_client_opens_anew_when_it_is_used_again() -> None:
    handle, _ = answers(ok(1), ok(2), ok({"taskId": "t"}))
    with SyncService(ADDRESS, handle) as sync:
        assert sync.credits() == 1
        sync.close()
        assert sync.credits() == 2
        assert sync.submit(GENERATE) == "t"
    sync.close()


def test_an_async_client_closes_at_the_end_of_its_block() -> None:
    handle, _ = answers(ok(1), ok({"taskId": "t"}))

    async def ask() -> None:
        sender = HandlerSender(ADDRESS, handle)
        async with AsyncKieClient(ADDRESS, sender) as kie:
            assert await kie.credits() == 1
            assert await kie.submit(GENERATE) == "t"
            assert not sender.is_closed
        assert sender.is_closed

    asyncio.run(ask())


# --- secrets


@given(
    key=KEYS,
    status=STATUSES,
    code=CODES,
    place=st.sampled_from(["html", "message", "data", "id", "reply header"]),
)
def test_a_key_that_is_sent_back_is_in_no_error(key: str, status: int, code: Any, place: str) -> None:
    content = {
        "html": f"<html>Authorization: Bearer {key}</html>".encode(),
        "message": body(code=code, msg=f"bad key {key}"),
        "data": body({"you": key, "sent": [key]}, code=code),
        "id": body({"taskId": key}, code=code if code != 200 else 500),
        "reply header": b"",
    }[place]
    reply = httpx.Response(
        status, content=content, headers={"Retry-After": key, "Location": f"https://a.example/{key}"}
    )
    errors: list[RunwayError] = []
    for make in CLIENTS:
        service = make(Address(api_key=key), lambda _: reply, retry_rules=ONE_TRY)
        for what in ("submit", "get_task", "credits"):
            try:
                ask(service, what)
            except RunwayError as error:
                errors.append(error)
        assert "Zq7#" not in repr(service)
        service.close()
    for each in errors:
        assert "Zq7#" not in f"{each} {each!r} {vars(each)} {each.__cause__!r}"
        assert b"Zq7#" not in pickle.dumps(each)


# --- two clients, one behaviour

DATA = st.sampled_from([None, {"taskId": "t"}, READY, record("fail", failMsg="NSFW"), record("x"), 5])
FAULTS: list[Exception] = [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.PoolTimeout("x"), RuntimeError("x")]
EVENTS = st.tuples(STATUSES, st.builds(body, DATA, code=CODES) | st.binary(max_size=8)) | st.sampled_from(FAULTS)


@given(st.lists(EVENTS, min_size=4, max_size=4), st.sampled_from(["submit", "get_task", "credits", "wait"]))
def test_the_sync_and_the_async_client_do_the_same(script: list[tuple[int, bytes] | Exception], what: str) -> None:
    outcomes = []
    for make in CLIENTS:
        events = [httpx.Response(e[0], content=e[1]) if isinstance(e, tuple) else e for e in script]
        handle, requests = answers(*events, *[ok(READY) for _ in range(20)])
        service = make(ADDRESS, handle, retry_rules=NO_JITTER)
        outcome: Any
        try:
            outcome = ask(service, what)
        except RunwayError as error:
            outcome = (type(error), str(error), vars(error))
        pauses = [] if what == "wait" else service.slept  # a wait's have jitter
        outcomes.append((outcome, [(r.method, r.url, r.content, r.headers) for r in requests], pauses))
        service.close()
    assert outcomes[0] == outcomes[1]


def test_a_wrong_key_is_one_clear_sentence_and_no_retry(client: Make) -> None:
    handle, requests = answers(ok(code=401, msg="You do not have access permissions"))
    with pytest.raises(AuthenticationError) as caught:
        client(handle).submit(GENERATE)
    assert str(caught.value) == (
        "KIE.AI answered with code 401, the API key is missing, wrong or without access: "
        "You do not have access permissions. Nothing was paid. Correct the API key of the connection. "
        f"See {page('errors.md#kieai-refuses')}."
    )
    assert len(requests) == 1


def test_the_service_layer_imports_no_airflow_and_no_aiohttp() -> None:
    program = (
        "import sys, airflow_provider_runway.kie.client, airflow_provider_runway.exceptions\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'airflow', 'aiohttp'}))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
