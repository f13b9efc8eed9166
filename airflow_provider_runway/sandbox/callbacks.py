"""Callbacks: sent when a task ends, up to three times, signed when a key is set."""

from __future__ import annotations

import asyncio
import base64
import heapq
import hmac
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.callback_bodies import callback_body
from airflow_provider_runway.sandbox.ledger import CallbackEntry
from airflow_provider_runway.sandbox.messages import encode

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import httpx

    from airflow_provider_runway.sandbox.state import SandboxState
    from airflow_provider_runway.sandbox.tasks import Task

ATTEMPTS = 3
TIMEOUT = 15.0
_TICK = 0.1
_ALL_WELL = range(200, 300)


class Courier:
    """Delivers callbacks. The only part of the sandbox that acts by itself, and only while some are due."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._due: list[tuple[float, int, Task]] = []
        self._count = 0
        self._running: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def expect(self, task: Task) -> None:
        """Call back when this task ends, if its host may be called."""
        if not self._may_call(task.callback_url):
            return
        self._count += 1
        heapq.heappush(self._due, (task.finish_at, self._count, task))
        if len(self._due) == 1:
            self._start(self._watch())

    def send_again(self, task: Task) -> None:
        """Deliver a task's callback once more, as KIE.AI may do.

        :raises ValueError: its host may not be called.
        """
        if not self._may_call(task.callback_url):
            raise ValueError(f"callback_hosts: {urlsplit(task.callback_url).hostname} may not be called back")
        self._start(self._deliver(task))

    def clear(self) -> None:
        """Deliver nothing any more."""
        self._due.clear()
        for running in self._running:
            running.cancel()

    async def aclose(self) -> None:
        """Stop, and close what is open."""
        self.clear()
        if self._client:
            await self._client.aclose()

    def _may_call(self, url: str) -> bool:
        hosts = self._state.settings.callback_hosts
        return "*" in hosts or urlsplit(url).hostname in hosts

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _watch(self) -> None:
        while self._due:
            now = self._state.clock.now()
            while self._due and self._due[0][0] <= now:
                task = heapq.heappop(self._due)[2]
                self._start(self._deliver(task))
            await asyncio.sleep(_TICK)

    async def _deliver(self, task: Task) -> None:
        state = self._state
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._post(task)
            state.account.note_callback(CallbackEntry(state.clock.now(), task.id, task.callback_url, attempt, status))
            if status in _ALL_WELL:
                return
            await asyncio.sleep(state.settings.callback_retry)

    async def _post(self, task: Task) -> int:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        body = encode(callback_body(task, self._state.clock.now()))
        headers = {"content-type": "application/json"}
        if key := self._state.settings.webhook_key:
            stamp = str(int(self._state.clock.now()))
            headers["X-Webhook-Timestamp"] = stamp
            headers["X-Webhook-Signature"] = signature(key, task.id, stamp)
        with suppress(httpx.HTTPError):
            return (await self._client.post(task.callback_url, content=body, headers=headers)).status_code
        return 0


def signature(key: str, task_id: str, timestamp: str) -> str:
    """HMAC-SHA256 of ``<task id>.<timestamp>``, in base64, as KIE.AI signs its callbacks."""
    mac = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), "sha256")
    return base64.b64encode(mac.digest()).decode()
