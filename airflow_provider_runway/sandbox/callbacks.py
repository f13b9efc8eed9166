"""Callbacks: sent when a task ends, up to three times, signed when a key is set."""

from __future__ import annotations

import asyncio
import base64
import heapq
import hmac
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.ledger import CallbackEntry
from airflow_provider_runway.sandbox.messages import encode
from airflow_provider_runway.sandbox.tasks import Phase, Task

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import httpx

    from airflow_provider_runway.sandbox.account import Account
    from airflow_provider_runway.sandbox.clock import Clock
    from airflow_provider_runway.sandbox.settings import SandboxSettings

ATTEMPTS = 3
TIMEOUT = 15.0
_TICK = 0.1
_ALL_WELL = range(200, 300)
_JOB_FAILED = 501


class World(Protocol):
    """What has to be known to call back."""

    clock: Clock
    settings: SandboxSettings
    account: Account


class CallbackSender:
    """Delivers callbacks. The only part of the sandbox that acts by itself, and only while some are due.

    :param world: what it works in.
    """

    def __init__(self, world: World) -> None:
        self._world = world
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
        self._due.clear()
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
        while self._due:
            now = self._world.clock.now()
            while self._due and self._due[0][0] <= now:
                self._start(self._deliver(heapq.heappop(self._due)[2]))
            await asyncio.sleep(_TICK)

    async def _deliver(self, task: Task) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._post(task)
            entry = CallbackEntry(self._world.clock.now(), task.id, task.callback_url, attempt, status)
            self._world.account.callbacks.append(entry)
            if status in _ALL_WELL:
                return
            await asyncio.sleep(self._world.settings.callback_retry)

    async def _post(self, task: Task) -> int:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        now = self._world.clock.now()
        headers = {"content-type": "application/json"}
        if key := self._world.settings.webhook_key:
            stamp = str(int(now))
            headers["X-Webhook-Timestamp"] = stamp
            headers["X-Webhook-Signature"] = signature(key, task.id, stamp)
        body = encode(_BODIES[task.api](task, failed=task.phase(now) is Phase.FAILED))
        with suppress(httpx.HTTPError):
            return (await self._client.post(task.callback_url, content=body, headers=headers)).status_code
        return 0


def signature(key: str, task_id: str, timestamp: str) -> str:
    """HMAC-SHA256 of ``<task id>.<timestamp>``, in base64, as KIE.AI signs its callbacks."""
    mac = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), "sha256")
    return base64.b64encode(mac.digest()).decode()


def _runway(task: Task, *, failed: bool) -> dict[str, Any]:
    if failed and task.failure:
        blank = {} if task.operation == "extend" else {"video_id": "", "video_url": "", "image_url": ""}
        return {"code": 400, "msg": task.failure.msg, "data": {"task_id": task.id, **blank}}
    video, poster = task.urls(task.base_url)
    data = {"task_id": task.id, "video_id": task.video_id, "video_url": video[0], "image_url": poster}
    return {"code": 200, "msg": "All generated successfully.", "data": data}


def _aleph(task: Task, *, failed: bool) -> dict[str, Any]:
    if failed and task.failure:
        return {"code": 400, "msg": task.failure.msg, "data": None, "taskId": task.id}
    video, poster = task.urls(task.base_url)
    data = {"result_video_url": video[0], "result_image_url": poster}
    return {"code": 200, "msg": "success", "data": data, "taskId": task.id}


def _job(task: Task, *, failed: bool) -> dict[str, Any]:
    failure = task.failure if failed else None
    data: dict[str, Any] = {
        "taskId": task.id,
        "model": task.model,
        "state": "fail" if failed else "success",
        "param": json.dumps(task.body),
        "resultJson": "" if failed else json.dumps({"resultUrls": task.urls(task.base_url)[0]}),
        "failCode": str(failure.code) if failure else None,
        "failMsg": failure.msg if failure else None,
        "costTime": round(task.finish_at - task.created_at),
        "createTime": int(task.created_at * 1000),
        "completeTime": int(task.finish_at * 1000),
    }
    if failure:
        return {"code": _JOB_FAILED, "msg": failure.msg, "data": data}
    data["creditsConsumed"] = task.cost
    return {"code": 200, "msg": "Playground task completed successfully.", "data": data}


_BODIES = {"runway": _runway, "aleph": _aleph, "jobs": _job}
