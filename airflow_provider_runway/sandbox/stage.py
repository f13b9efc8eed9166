"""The whole of the sandbox's world: settings, time, tasks, money and faults in one place."""

from __future__ import annotations

import math
import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.account import Account
from airflow_provider_runway.sandbox.callbacks import Courier
from airflow_provider_runway.sandbox.clock import Clock
from airflow_provider_runway.sandbox.envelope import Refusal
from airflow_provider_runway.sandbox.fault_book import FaultBook
from airflow_provider_runway.sandbox.faults import Fail
from airflow_provider_runway.sandbox.messages import digest
from airflow_provider_runway.sandbox.store import SlidingWindow, TaskStore
from airflow_provider_runway.sandbox.tasks import Failure, Task
from airflow_provider_runway.sandbox.uploads import UploadStore
from airflow_provider_runway.sandbox.video.clip import Clip, Segment
from airflow_provider_runway.sandbox.video.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_runway.sandbox.messages import Request
    from airflow_provider_runway.sandbox.settings import SandboxSettings
    from airflow_provider_runway.sandbox.tasks import Api, Kind

NO_SOURCE = "Get image info failed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A checked submission, ready to become a task.

    :param seconds: length of the new stretch of video.
    :param source: the task whose video is extended.
    :param inputs: URLs that the service would have to fetch.
    :param failure: set when it is known to fail.
    """

    api: Api
    kind: Kind
    model: str
    prompt: str
    cost: float
    seconds: float
    ratio: str
    quality: str = "720p"
    watermark: str = ""
    callback_url: str = ""
    image_url: str = ""
    parent_id: str = ""
    source: Task | None = None
    inputs: tuple[str, ...] = ()
    failure: Failure | None = None
    extension: str = "mp4"
    outputs: int = 1


class Stage:
    """Everything that the endpoints work on.

    :param settings: the settings at the start, to which ``reset`` returns.
    """

    def __init__(self, settings: SandboxSettings, clock: Clock | None = None) -> None:
        self._initial = settings
        self.clock = clock or Clock()
        self.started_at = self.clock.now()
        self.faults = FaultBook()
        self.tasks = TaskStore()
        self.uploads = UploadStore()
        self.window = SlidingWindow()
        self.studio = Studio()
        self.configure(settings)
        self.account = Account(settings.ledger_requests_kept)
        self.courier = Courier(self)

    @property
    def balance(self) -> float:
        """Credits left."""
        return self.settings.credits - self.account.spent

    def configure(self, settings: SandboxSettings) -> None:
        """Go on with other settings."""
        self.settings = settings
        self.keys = {key: digest(key.encode()) for key in settings.keys}
        self._dice = random.Random(settings.seed)  # noqa: S311 - times of a test, to be repeated

    def reset(self) -> None:
        """Back to the start: no tasks, no faults, empty books, the first settings, the true time."""
        self.courier.clear()
        self.faults.clear()
        self.tasks.clear()
        self.uploads.clear()
        self.window.clear()
        self.studio.clear()
        self.clock.reset()
        self.configure(self._initial)
        self.account = Account(self.settings.ledger_requests_kept)

    def settle(self, now: float) -> None:
        """Give back the credits of what has failed by now."""
        for task in self.tasks.newly_failed(now):
            self.account.refund(task)

    def check_pace(self, now: float) -> None:
        """Refuse a submission that comes too soon.

        :raises Refusal: code 429.
        """
        limit, seconds = self.settings.submissions_per_window, self.settings.window_seconds
        if self.window.full(now, limit=limit, seconds=seconds):
            raise Refusal(429)

    def submit(self, request: Request, body: dict[str, Any], order: Order) -> Task:
        """Make a task and charge it.

        :raises Refusal: code 451 when an input cannot be fetched, 402 when the balance is not enough.
        """
        for url in order.inputs:
            if self._unreachable(url, request.base_url, request.at):
                raise Refusal(451)
        if order.cost > self.balance:
            raise Refusal(402)
        now = request.at
        took = self._seconds(order.prompt)
        failure = order.failure
        if isinstance(request.fault, Fail):
            failure = Failure(request.fault.msg, request.fault.code)
        task_id = uuid.uuid4().hex if order.api != "jobs" else f"task_{uuid.uuid4().hex}"
        own = Segment(task_id, order.kind, order.prompt, order.seconds)
        before = order.source.clip.segments if order.source else ()
        task = Task(
            id=task_id,
            api=order.api,
            kind=order.kind,
            model=order.model,
            body=body,
            prompt=order.prompt,
            fingerprint=request.fingerprint(),
            key=self.key_fingerprint(request.key),
            clip=Clip(order.ratio, order.quality, (*before, own), order.watermark),
            cost=order.cost,
            created_at=now,
            visible_at=now + self.settings.visible_after,
            finish_at=now + took,
            expires_at=now + took + self.settings.media_ttl,
            base_url=self.base_url(request),
            parent_id=order.parent_id,
            image_url=order.image_url,
            callback_url=order.callback_url,
            extension=order.extension,
            outputs=order.outputs,
            failure=failure,
        )
        self.tasks.add(task)
        self.account.charge(task)
        self.window.add(now)
        if task.callback_url:
            self.courier.expect(task)
        return task

    def base_url(self, request: Request) -> str:
        """What media URLs begin with."""
        return (self.settings.public_url or request.base_url).rstrip("/")

    def key_fingerprint(self, key: str) -> str:
        """What the ledger writes for a key; empty for none."""
        return (self.keys.get(key) or digest(key.encode())) if key else ""

    def _seconds(self, prompt: str) -> float:
        settings = self.settings
        for part, seconds in settings.seconds_by_prompt.items():
            if part in prompt:
                return seconds
        if settings.distribution == "lognormal":
            return settings.seconds * math.exp(self._dice.gauss(0, settings.sigma))
        return settings.seconds

    def _unreachable(self, url: str, base_url: str, now: float) -> bool:
        if any(part in url for part in self.settings.unreachable):
            return True
        here = {urlsplit(base_url).netloc, urlsplit(self.settings.public_url or base_url).netloc}
        parts = urlsplit(url)
        return parts.netloc in here and not self._served(parts.path, now)

    def _served(self, path: str, now: float) -> bool:
        if path.startswith("/uploads/"):
            return self.uploads.get(path.removeprefix("/uploads/"), now) is not None
        task = self.tasks.get(task_id_of(path))
        return task is not None and task.failure is None and task.finish_at <= now and not task.expired(now)


def task_id_of(path: str) -> str:
    """The task that a media path belongs to."""
    return path.rpartition("/")[2].partition(".")[0].partition("-")[0]


def summary(task: Task, now: float, base_url: str) -> Mapping[str, Any]:
    """A task as ``GET /_sandbox/tasks`` lists it."""
    width, height = task.clip.size()
    return {
        "task_id": task.id,
        "api": task.api,
        "kind": task.kind,
        "model": task.model,
        "phase": task.phase(now).name.lower(),
        "prompt": task.prompt,
        "parent_id": task.parent_id,
        "cost": task.cost,
        "refunded": task.refunded,
        "created_at": task.created_at,
        "finish_at": task.finish_at,
        "expires_at": task.expires_at,
        "seconds": task.clip.seconds,
        "width": width,
        "height": height,
        "fingerprint": task.fingerprint,
        "fail_msg": task.failure.msg if task.failure else "",
        "fail_code": task.failure.code if task.failure else None,
        "media_urls": [f"{base_url}/media/{name}" for name in task.files()],
    }
