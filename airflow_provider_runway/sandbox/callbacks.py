"""Callbacks: sent when a task ends, up to three times, signed when a key is set."""

from __future__ import annotations

import asyncio
import base64
import hmac
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from airflow_provider_runway.sandbox.endpoints.families import FAMILIES, View
from airflow_provider_runway.sandbox.ledger import CallbackEntry
from airflow_provider_runway.sandbox.messages import encode

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import httpx

    from airflow_provider_runway.sandbox.account import Account
    from airflow_provider_runway.sandbox.settings import SandboxSettings
    from airflow_provider_runway.sandbox.tasks import Task

ATTEMPTS = 3
TIMEOUT = 15.0
_TICK = 0.1
_AT_ONCE = frozenset({"early", "forged"})
_ALL_WELL = range(200, 300)


class World(Protocol):
    """What has to be known to call back."""

    settings: SandboxSettings
    account: Account

    def now(self) -> float:
        """The time, in seconds since the epoch."""


class CallbackSender:
    """Delivers callbacks. The only part of the sandbox that acts by itself, and only while some are due.

    :param world: what it works in.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._expected: list[Task] = []
        self._running: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def expect(self, task: Task) -> None:
        """Call back when this task ends, if its host may be called."""
        if task.call == "never" or not self._may_call(task.callback_url):
            return
        if task.call in _AT_ONCE:
            self._start(self._deliver(task))
        if task.call != "early":
            self._expected.append(task)
            if len(self._expected) == 1:
                self._start(self._deliver_due())

    def send_again(self, task: Task) -> None:
        """Deliver a task's callback once more, as KIE.AI may do.

        :raises ValueError: its host may not be called.
        """
        if not self._may_call(task.callback_url):
            raise ValueError(f"callback_hosts: {urlsplit(task.callback_url).hostname} may not be called back")
        self._start(self._deliver(task))

    def clear(self) -> None:
        """Deliver nothing any more."""
        self._expected.clear()
        for running in self._running:
            running.cancel()

    async def aclose(self) -> None:
        """Stop, and close what is open."""
        self.clear()
        if self._client:
            await self._client.aclose()

    def _may_call(self, url: str) -> bool:
        hosts = self._world.settings.callback_hosts
        return "*" in hosts or urlsplit(url).hostname in hosts

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver_due(self) -> None:
        while self._expected:
            now = self._world.now()
            for task in [task for task in self._expected if task.finish_at + task.call_delay <= now]:
                self._expected.remove(task)
                for _ in range(2 if task.call == "twice" else 1):
                    self._start(self._deliver(task))
            await asyncio.sleep(_TICK)

    async def _deliver(self, task: Task) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._post(task)
            entry = CallbackEntry(self._world.now(), task.id, task.callback_url, attempt, status)
            self._world.account.callbacks.append(entry)
            if status in _ALL_WELL:
                return
            await asyncio.sleep(self._world.settings.callback_retry)

    async def _post(self, task: Task) -> int:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        now, url, key = self._world.now(), task.callback_url, self._world.settings.webhook_key
        if task.call == "forged" and now < task.finish_at:
            task, key = replace(task, id=uuid4().hex), "another key"
        headers = {"content-type": "application/json"}
        if key:
            stamp = str(int(now))
            headers["X-Webhook-Timestamp"] = stamp
            headers["X-Webhook-Signature"] = signature(key, task.id, stamp)
        shown_at = max(now, task.finish_at) if task.call in _AT_ONCE else now
        body = encode(FAMILIES[task.api].callback(View(task, shown_at, task.base_url)))
        with suppress(httpx.HTTPError):
            return (await self._client.post(url, content=body, headers=headers)).status_code
        return 0


def signature(key: str, task_id: str, timestamp: str) -> str:
    """HMAC-SHA256 of ``<task id>.<timestamp>``, in base64, as KIE.AI signs its callbacks."""
    mac = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), "sha256")
    return base64.b64encode(mac.digest()).decode()
