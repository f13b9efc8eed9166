"""Callbacks: sent when a task ends, and of songs before, too; each up to three times, signed when a key is set."""

from __future__ import annotations

import asyncio
import base64
import hmac
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from airflow_provider_runway.sandbox.endpoints.families import FAMILIES
from airflow_provider_runway.sandbox.ledger import CallbackEntry
from airflow_provider_runway.sandbox.messages import encode

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import httpx

    from airflow_provider_runway.sandbox.account import Account
    from airflow_provider_runway.sandbox.settings import SandboxSettings
    from airflow_provider_runway.sandbox.tasks import Phase, Task

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


class _Due(NamedTuple):
    """A callback to come.

    :param phase: the phase that it tells of; None: the end.
    """

    task: Task
    phase: Phase | None

    def is_due(self, now: float) -> bool:
        """Whether it is to be sent by now."""
        task = self.task
        if self.phase is None:
            return task.finish_at + task.call_delay <= now
        return min(task.starts(self.phase), task.finish_at) <= now


class CallbackSender:
    """Delivers callbacks. The only part of the sandbox that acts by itself, and only while some are due.

    :param world: what it works in.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._expected: list[_Due] = []
        self._running: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def expect(self, task: Task) -> None:
        """Call back when this task ends, if its host may be called; if not, that is noted on the task."""
        if not self._may_call(task.callback_url):
            task.undelivered = True
            return
        end, idle = _Due(task, None), not self._expected
        if task.call in _AT_ONCE:
            self._start(self._deliver([end]))
        if task.call not in ("early", "never"):
            self._expected += [*(_Due(task, phase) for phase in FAMILIES[task.api].told), end]
        if idle and self._expected:
            self._start(self._deliver_due())

    def send_again(self, task: Task) -> None:
        """Deliver a task's callback once more, as KIE.AI may do.

        :raises ValueError: its host may not be called.
        """
        if not self._may_call(task.callback_url):
            raise ValueError(f"callback_hosts: {urlsplit(task.callback_url).hostname} may not be called back")
        self._start(self._deliver([_Due(task, None)]))

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
            due = [each for each in self._expected if each.is_due(now)]
            self._expected = [each for each in self._expected if not each.is_due(now)]
            for task in {each.task.id: each.task for each in due}.values():
                for _ in range(2 if task.call == "twice" else 1):
                    self._start(self._deliver([each for each in due if each.task is task]))
            await asyncio.sleep(_TICK)

    async def _deliver(self, calls: list[_Due]) -> None:
        """Deliver the callbacks of a task, one after another."""
        for due in calls:
            if due.phase is not None and due.task.failure:
                continue
            delivered = await self._deliver_one(due)
            if due.phase is None:
                due.task.undelivered = not delivered

    async def _deliver_one(self, due: _Due) -> bool:
        task = due.task
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._post(due)
            entry = CallbackEntry(self._world.now(), task.id, task.callback_url, attempt, status)
            self._world.account.callbacks.append(entry)
            if status in _ALL_WELL:
                return True
            await asyncio.sleep(self._world.settings.callback_retry)
        return False

    async def _post(self, due: _Due) -> int:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        task, now, key = due.task, self._world.now(), self._world.settings.webhook_key
        url = task.callback_url
        if task.call == "forged" and now < task.finish_at:
            task, key = replace(task, id=uuid4().hex), "another key"
        headers = {"content-type": "application/json"}
        if key:
            stamp = str(int(now))
            headers["X-Webhook-Timestamp"] = stamp
            headers["X-Webhook-Signature"] = signature(key, task.id, stamp)
        family, shown_at = FAMILIES[task.api], max(now, task.finish_at) if task.call in _AT_ONCE else now
        view = (
            family.view(task, shown_at, task.base_url)
            if due.phase is None
            else family.view_at(due.phase, task, shown_at, task.base_url)
        )
        body = encode(family.callback(view))
        with suppress(httpx.HTTPError):
            return (await self._client.post(url, content=body, headers=headers)).status_code
        return 0


def signature(key: str, task_id: str, timestamp: str) -> str:
    """HMAC-SHA256 of ``<task id>.<timestamp>``, in base64, as KIE.AI signs its callbacks."""
    mac = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), "sha256")
    return base64.b64encode(mac.digest()).decode()
