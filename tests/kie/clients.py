"""The sync and the async client behind one face, so that each test holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import httpx
from fakes import GivenTime

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.client import DEFAULT_WAIT, AsyncKieClient, AsyncSender, KieClient
from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.over_aiohttp import AiohttpSender
from airflow_provider_runway.kie.over_httpx import HttpxSender
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.kie.wait_flow import OnChange

Handler = Callable[[httpx.Request], httpx.Response]
KEY = "Zq7#a-very-secret-key"


class Service(Protocol):
    """What both clients can do."""

    slept: list[float]

    def submit(self, request: Request) -> str: ...
    def get_task(self, task_id: str, kind: Kind = ...) -> VideoTask: ...
    def wait(
        self,
        task_id: str,
        kind: Kind = ...,
        *,
        poll_interval: float = ...,
        timeout: float = ...,
        on_change: OnChange | None = ...,
    ) -> VideoTask: ...
    def credits(self) -> float: ...
    def close(self) -> None: ...


class SyncService(KieClient):
    """The sync client as it is, with time given."""

    def __init__(self, address: Address, handler: Handler | None = None, **options: Any) -> None:
        time = GivenTime()
        self.slept = time.pauses
        transport = httpx.MockTransport(handler) if handler else None
        super().__init__(address, **{"transport": transport, "clock": time.clock, **options})


class HandlerSender:
    """Carries an async client's calls to a handler, in the way that the sync client's go."""

    def __init__(self, address: Address, handler: Handler, timeout: float = 30.0) -> None:
        self._sender = HttpxSender(address, timeout, httpx.MockTransport(handler))
        self.is_closed = False

    async def send(self, call: Call) -> Answer:
        return self._sender.send(call)

    async def aclose(self) -> None:
        self._sender.close()
        self.is_closed = True


class AsyncService:
    """The async client on a loop of its own, over a handler or, without one, over aiohttp as a triggerer uses it."""

    def __init__(
        self, address: Address, handler: Handler | None = None, *, timeout: float = 5.0, **options: Any
    ) -> None:
        time = GivenTime()
        self.slept = time.pauses
        self._loop = asyncio.new_event_loop()
        sender: AsyncSender
        if handler:
            sender = HandlerSender(address, handler, timeout)
        else:
            sender = self._loop.run_until_complete(AiohttpSender.open(address, timeout=timeout, sockets=5))
        self.client = AsyncKieClient(address, sender, **{"clock": time.clock, **options})

    def submit(self, request: Request) -> str:
        return self._loop.run_until_complete(self.client.submit(request))

    def get_task(self, task_id: str, kind: Kind = "runway") -> VideoTask:
        return self._loop.run_until_complete(self.client.get_task(task_id, kind))

    def wait(
        self,
        task_id: str,
        kind: Kind = "runway",
        *,
        poll_interval: float = 10.0,
        timeout: float = DEFAULT_WAIT,
        on_change: OnChange | None = None,
    ) -> VideoTask:
        waiting = self.client.wait(task_id, kind, poll_interval=poll_interval, timeout=timeout, on_change=on_change)
        return self._loop.run_until_complete(waiting)

    def credits(self) -> float:
        return self._loop.run_until_complete(self.client.credits())

    def close(self) -> None:
        self._loop.run_until_complete(self.client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
