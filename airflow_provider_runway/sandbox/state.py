"""The whole of the sandbox's world: settings, time, tasks, money and faults in one place."""

from __future__ import annotations

import math
import random
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.account import Account
from airflow_provider_runway.sandbox.callbacks import Courier
from airflow_provider_runway.sandbox.clock import Clock
from airflow_provider_runway.sandbox.fault_book import FaultBook
from airflow_provider_runway.sandbox.faults import Fail
from airflow_provider_runway.sandbox.messages import Refusal, digest
from airflow_provider_runway.sandbox.store import SlidingWindow, TaskStore
from airflow_provider_runway.sandbox.tasks import Failure, Task, failure_by, task_id_of
from airflow_provider_runway.sandbox.uploads import UploadStore
from airflow_provider_runway.sandbox.video.clip import RATIOS, Clip, Segment
from airflow_provider_runway.sandbox.video.studio import Studio

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.journal import Journal
    from airflow_provider_runway.sandbox.messages import SandboxRequest
    from airflow_provider_runway.sandbox.order import Order
    from airflow_provider_runway.sandbox.settings import SandboxSettings


# What a task fails with whose input turns out to be out of reach, as recorded of Aleph.
_FETCH_FAILED = ("internal error, please try again later.", 500)


class SandboxState:
    """Everything that the endpoints work on.

    :param settings: the settings at the start, to which ``reset`` returns.
    :param clock: where the time comes from.
    :param journal: brings back the tasks of an earlier run, and keeps those of this one.
    """

    def __init__(
        self, settings: SandboxSettings, *, clock: Clock | None = None, journal: Journal | None = None
    ) -> None:
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
        self._journal = journal
        for task in journal.read() if journal else ():
            self.tasks.add(task)
            self.account.charge(task)

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
        if self._journal:
            self._journal.clear()

    def refund_failed(self, now: float) -> None:
        """Give back the credits of what has failed by now."""
        for task in self.tasks.newly_failed(now):
            self.account.refund(task)

    def fail(self, task: Task, failure: Failure, now: float) -> None:
        """Let a running task fail now."""
        self.tasks.doom(task, failure, now)
        self._note(task)
        self.refund_failed(now)

    def expire(self, task: Task, now: float) -> None:
        """Let a task's media be gone now."""
        task.expires_at = now
        self._note(task)

    def check_pace(self, now: float) -> None:
        """Refuse a submission that comes too soon.

        :raises Refusal: code 429.
        """
        limit, seconds = self.settings.submissions_per_window, self.settings.window_seconds
        if self.window.full(now, limit=limit, seconds=seconds):
            raise Refusal(429)

    def submit(self, request: SandboxRequest, body: dict[str, Any], order: Order) -> Task:
        """Make a task and charge it.

        :raises Refusal: code 451 when an input cannot be fetched, 402 when the balance is not enough.
        """
        failure = order.failure
        if any(self._unreachable(url, request.origin, request.at) for url in order.inputs):
            if not order.fetched_later:
                raise Refusal(451)
            failure = Failure(*_FETCH_FAILED)
        if order.cost > self.balance:
            raise Refusal(402)
        now = request.at
        took = self._seconds(order.prompt)
        if isinstance(request.fault, Fail):
            failure = failure_by(request.fault, order.api)
        task_id = uuid.uuid4().hex
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
        self._note(task)
        self.account.charge(task)
        self.window.add(now)
        if task.callback_url:
            self.courier.expect(task)
        return task

    def base_url(self, request: SandboxRequest) -> str:
        """What media URLs begin with."""
        return (self.settings.public_url or request.origin).rstrip("/")

    def key_fingerprint(self, key: str) -> str:
        """What the ledger writes for a key; empty for none."""
        return (self.keys.get(key) or digest(key.encode())) if key else ""

    def shape_of(self, url: str, request: SandboxRequest) -> str | None:
        """The aspect ratio of a picture that the sandbox holds itself; None for any other."""
        parts = urlsplit(url)
        if parts.netloc != urlsplit(self.base_url(request)).netloc:
            return None
        upload = self.uploads.get(parts.path.removeprefix("/uploads/"), request.at)
        if upload:
            from airflow_provider_runway.sandbox.video.shape import nearest_ratio

            return nearest_ratio(upload.data)
        task = self.tasks.get(task_id_of(parts.path))
        return task.clip.ratio if task and task.clip.ratio in RATIOS else None

    def _note(self, task: Task) -> None:
        if self._journal:
            self._journal.write(task)

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
