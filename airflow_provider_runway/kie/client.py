"""KIE.AI over HTTP, sync and async: two drivers for the same conversations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing, closing
from functools import cached_property
from types import TracebackType
from typing import Any, TypeVar, cast

import httpx
from typing_extensions import Self

from airflow_provider_runway.kie import exchange
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.api import Call
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import (
    ConnectionSettingsError,
    NoAnswerError,
    NotSentError,
    RunwayError,
)
from airflow_provider_runway.kie.exchange import Exchange, Patience, Pause
from airflow_provider_runway.kie.polling import Watch, WatchRules
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import Kind, VideoTask
from airflow_provider_runway.kie.waiting import OnChange, wait

DEFAULT_TIMEOUT = 30.0
DEFAULT_WAIT = 1800.0
# Bytes after which an answer is read no further. KIE's have a few thousand.
LONGEST_ANSWER = 4_194_304
# A submission never rides on a connection that has lain idle: the server may just have closed it, and the cut
# would leave it unknown whether the request was read.
_FRESH = httpx.Limits(max_keepalive_connections=0)

T = TypeVar("T")


class KieClient:
    """A sync client. Use as a context manager, or call :meth:`close`.

    :param address: The account and where it is.
    :param timeout: Seconds for connecting, sending and each read.
    :param patience: How often, and after what pauses, a call is sent again when that is safe.
    :param transport: An httpx transport in place of the network, for tests.
    :param sleep: What pauses.
    :param clock: Seconds on a clock that does not jump.
    """

    def __init__(
        self,
        address: Address,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self.patience = patience or Patience()
        self._timeout = httpx.Timeout(timeout)
        self._transport = transport
        self._sleep = sleep
        self._clock = clock

    def submit(self, request: Request, *, patience: Patience | None = None) -> str:
        """Submit a request. This is what costs money.

        :param request: A :class:`~airflow_provider_runway.kie.requests.GenerateRequest` or ``ExtendRequest``.
        :param patience: In place of the client's own; only refusals that prove that nothing was taken are retried.
        :return: The id of the task that KIE made.
        :raises AmbiguousSubmissionError: If KIE may have taken the request; it must not simply be sent again.
        :raises RunwayError: Any other error means that KIE took nothing.
        """
        return self._run(exchange.submit(request, patience or self.patience))

    def look(self, task_id: str, kind: Kind = "runway") -> VideoTask:
        """Look at a task once.

        :raises TaskNotFoundError: If KIE has no record of it (a new one may take a moment to show).
        """
        return self._run(exchange.look(task_id, kind, self.patience))

    def wait(
        self,
        task_id: str,
        kind: Kind = "runway",
        *,
        poll_interval: float = 10.0,
        timeout: float = DEFAULT_WAIT,
        on_change: OnChange | None = None,
    ) -> VideoTask:
        """Wait for a task to end, and return it with its video's link.

        :param task_id: The task.
        :param kind: ``"runway"`` or ``"aleph"``.
        :param poll_interval: Seconds, the shortest pause between two looks.
        :param timeout: Seconds to wait at most.
        :param on_change: Called with the state and the seconds waited whenever the state changes.
        :raises GenerationFailedError: If KIE failed the task.
        :raises WaitTimeoutError: If it was not ready in time; it goes on at KIE.
        :raises RunwayError: If it is gone, or too many looks in a row went wrong.
        """
        watch = Watch(task_id, deadline=self._clock() + timeout, rules=WatchRules(poll_interval=poll_interval))
        return self._run(wait(watch, kind, clock=self._clock, on_change=on_change))

    def credits(self) -> float:
        """The account's balance in credits (1 credit is about US$0.005). Free of charge."""
        return self._run(exchange.credits_left(self.patience))

    def close(self) -> None:
        """Close the connections."""
        for name in ("_reading", "_submitting"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def _reading(self) -> httpx.Client:
        return httpx.Client(timeout=self._timeout, transport=self._transport)

    @cached_property
    def _submitting(self) -> httpx.Client:
        return httpx.Client(timeout=self._timeout, transport=self._transport, limits=_FRESH)

    def _send(self, call: Call) -> Answer:
        try:
            http = self._reading if call.method == "GET" else self._submitting
            request = http.build_request(**_arguments(call, self.address))
        except Exception as error:
            raise _unsendable(error) from error
        try:
            with closing(http.send(request, stream=True)) as response:
                body = bytearray()
                for part in response.iter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        break
        except Exception as error:
            raise transport_error(error) from error
        return _answer(response, body, self.address)

    def _run(self, conversation: Exchange[T]) -> T:
        return _drive(conversation, self._send, self._sleep)


class AsyncKieClient:
    """The async twin of :class:`KieClient`: the same methods, awaited.

    :param address: The account and where it is.
    :param timeout: Seconds for connecting, sending and each read.
    :param patience: How often, and after what pauses, a call is sent again when that is safe.
    :param transport: An httpx transport in place of the network, for tests or for speed.
    :param sleep: What pauses.
    :param clock: Seconds on a clock that does not jump.
    """

    def __init__(
        self,
        address: Address,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self.patience = patience or Patience()
        self._timeout = httpx.Timeout(timeout)
        self._transport = transport
        self._sleep = sleep
        self._clock = clock

    async def submit(self, request: Request, *, patience: Patience | None = None) -> str:
        """Submit a request; see :meth:`KieClient.submit`."""
        return await self._run(exchange.submit(request, patience or self.patience))

    async def look(self, task_id: str, kind: Kind = "runway", *, patience: Patience | None = None) -> VideoTask:
        """Look at a task once; see :meth:`KieClient.look`."""
        return await self._run(exchange.look(task_id, kind, patience or self.patience))

    async def wait(
        self,
        task_id: str,
        kind: Kind = "runway",
        *,
        poll_interval: float = 10.0,
        timeout: float = DEFAULT_WAIT,
        on_change: OnChange | None = None,
    ) -> VideoTask:
        """Wait for a task to end; see :meth:`KieClient.wait`."""
        watch = Watch(task_id, deadline=self._clock() + timeout, rules=WatchRules(poll_interval=poll_interval))
        return await self._run(wait(watch, kind, clock=self._clock, on_change=on_change))

    async def credits(self) -> float:
        """The account's balance in credits; see :meth:`KieClient.credits`."""
        return await self._run(exchange.credits_left(self.patience))

    async def aclose(self) -> None:
        """Close the connections."""
        for name in ("_reading", "_submitting"):
            if name in self.__dict__:
                await self.__dict__.pop(name).aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @cached_property
    def _reading(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._timeout, transport=self._transport)

    @cached_property
    def _submitting(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._timeout, transport=self._transport, limits=_FRESH)

    async def _send(self, call: Call) -> Answer:
        try:
            http = self._reading if call.method == "GET" else self._submitting
            request = http.build_request(**_arguments(call, self.address))
        except Exception as error:
            raise _unsendable(error) from error
        try:
            async with aclosing(await http.send(request, stream=True)) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        break
        except Exception as error:
            raise transport_error(error) from error
        return _answer(response, body, self.address)

    async def _run(self, conversation: Exchange[T]) -> T:
        return await _adrive(conversation, self._send, self._sleep)


def transport_error(error: Exception) -> RunwayError:
    """Say in our terms how a request failed below HTTP: before it went out, or after.

    What is not known to be from before counts as from after, as does what no transport should raise.
    """
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
        return _unsendable(error)
    if isinstance(error, (httpx.PoolTimeout, httpx.ProxyError)) or (
        isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)) and not _had_connected(error)
    ):
        return NotSentError(f"KIE.AI could not be reached ({_named(error)}). Nothing was sent.")
    return NoAnswerError(f"No whole answer came back from KIE.AI ({_named(error)}).")


def _had_connected(error: httpx.TransportError) -> bool:
    """Whether a connection had been made: httpx-aiohttp calls one that is cut later a ``ConnectTimeout`` too."""
    cause = error.__cause__
    if cause is None or not type(cause).__module__.startswith("aiohttp."):
        return False
    import aiohttp

    return not isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))


def _unsendable(error: Exception) -> ConnectionSettingsError:
    return ConnectionSettingsError(f"The request could not be formed ({_named(error)}). Nothing was sent.")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _arguments(call: Call, address: Address) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "method": call.method,
        "url": address.base_url + call.path,
        "headers": dict(address.headers),
    }
    if call.query is not None:
        arguments["params"] = dict(call.query)
    if call.body is not None:
        arguments["json"] = dict(call.body)
    return arguments


def _answer(response: httpx.Response, body: bytes | bytearray, address: Address) -> Answer:
    return Answer(response.status_code, address.conceal(bytes(body)), response.headers.get("Retry-After"))


def _drive(conversation: Exchange[T], send: Callable[[Call], Answer], sleep: Callable[[float], None]) -> T:
    try:
        step = next(conversation)
        while True:
            if isinstance(step, Pause):
                sleep(step.seconds)
                step = next(conversation)
                continue
            try:
                answer = send(step.call)
            except RunwayError as error:
                step = conversation.throw(error)
            else:
                step = conversation.send(answer)
    except StopIteration as end:
        return cast("T", end.value)


async def _adrive(
    conversation: Exchange[T],
    send: Callable[[Call], Awaitable[Answer]],
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    try:
        step = next(conversation)
        while True:
            if isinstance(step, Pause):
                await sleep(step.seconds)
                step = next(conversation)
                continue
            try:
                answer = await send(step.call)
            except RunwayError as error:
                step = conversation.throw(error)
            else:
                step = conversation.send(answer)
    except StopIteration as end:
        return cast("T", end.value)
