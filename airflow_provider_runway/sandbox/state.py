"""The whole of the sandbox's world: settings, time, tasks, money and faults in one place."""

from __future__ import annotations

import math
import random
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.account import Account
from airflow_provider_runway.sandbox.callbacks import CallbackSender
from airflow_provider_runway.sandbox.fault_book import FaultBook
from airflow_provider_runway.sandbox.ledger import Entry
from airflow_provider_runway.sandbox.messages import Refusal, SandboxRequest, digest, parts_of
from airflow_provider_runway.sandbox.settings import check_number
from airflow_provider_runway.sandbox.tasks import Failure, Phase, Task, Upload, crowded, task_id_of
from airflow_provider_runway.sandbox.video.renderer import Renderer

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.journal import Journal
    from airflow_provider_runway.sandbox.settings import SandboxSettings


class SandboxState:
    """Everything that the endpoints work on.

    :param settings: the settings at the start, to which ``reset`` returns.
    :param journal: brings back the tasks of an earlier run, and keeps those of this one.
    """

    def __init__(self, settings: SandboxSettings, *, journal: Journal | None = None) -> None:
        self._initial, self._journal = settings, journal
        self.renderer = Renderer()
        self.callbacks = CallbackSender(self)
        self._begin()
        for task in journal.read() if journal else ():
            self._keep(task)

    def _begin(self) -> None:
        self._ahead = 0.0
        self.faults = FaultBook()
        self.tasks: dict[str, Task] = {}
        self.uploads: dict[str, Upload] = {}
        self._failing: dict[str, Task] = {}
        self._submitted: deque[float] = deque()
        self.model_calls: deque[float] = deque()
        self.configure(self._initial)
        self.account = Account(self.settings.ledger_requests_kept)

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
        self.callbacks.clear()
        self.renderer.clear()
        self._begin()
        if self._journal:
            self._journal.clear()

    def now(self) -> float:
        """The sandbox's time, in seconds since the epoch: that of the wall, turned forward by ``advance``."""
        return time.time() + self._ahead

    def advance(self, seconds: object) -> None:
        """Turn the clock forward.

        :param seconds: how far, 0 or more.
        :raises ValueError: it would go backwards, or nowhere.
        """
        self._ahead += check_number("seconds", seconds, least=0)
        self.refund_failed(self.now())

    def refund_failed(self, now: float) -> None:
        """Give back the credits of what has failed by now."""
        failed = [task for task in self._failing.values() if task.finish_at <= now]
        for task in sorted(failed, key=lambda task: task.finish_at):
            del self._failing[task.id]
            self.account.refund(task)

    def fail(self, task: Task, failure: Failure, now: float) -> None:
        """Let a running task fail now."""
        task.failure, task.finish_at = failure, now
        self._failing[task.id] = task
        self._write(task)
        self.refund_failed(now)

    def expire(self, task: Task, now: float) -> None:
        """Let a task's media be gone now."""
        task.expires_at = now
        self._write(task)

    def check_pace(self, now: float) -> None:
        """Refuse a submission that comes too soon.

        :raises Refusal: code 429.
        """
        settings = self.settings
        if crowded(self._submitted, now, limit=settings.submissions_per_window, seconds=settings.window_seconds):
            raise Refusal(429)

    def add(self, task: Task) -> None:
        """Take a new task on, and charge it."""
        self._keep(task)
        self._submitted.append(task.created_at)
        if task.callback_url:
            self.callbacks.expect(task)
        self._write(task)

    def charge(self, request: SandboxRequest, cost: float, prompt: str) -> None:
        """Charge what is answered at once.

        :raises Refusal: code 402 when the balance is not enough.
        """
        if cost > self.balance:
            raise Refusal(402)
        number = uuid.uuid4().hex
        entry = Entry(request.at, number, cost, prompt, request.body_hash(), self.key_hash(request.key))
        self.account.charge_call(entry)

    def base_url(self, request: SandboxRequest) -> str:
        """What media URLs begin with."""
        return (self.settings.public_url or request.origin).rstrip("/")

    def key_hash(self, key: str) -> str:
        """What the ledger writes for a key; empty for none."""
        return (self.keys.get(key) or digest(key.encode())) if key else ""

    def time_for(self, prompt: str) -> float:
        """How long a new video takes, in seconds."""
        settings = self.settings
        for part, seconds in settings.seconds_by_prompt.items():
            if part in prompt:
                return seconds
        if settings.distribution == "lognormal":
            return settings.seconds * math.exp(self._dice.gauss(0, settings.sigma))
        return settings.seconds

    def own_path(self, url: object, request: SandboxRequest) -> str | None:
        """The path of a URL that points here; None for any other, and for what is none."""
        parts = parts_of(url)
        here = {urlsplit(request.origin).netloc, urlsplit(self.base_url(request)).netloc}
        return parts.path if parts and parts.netloc in here else None

    def finished(self, task_id: str, now: float) -> Task | None:
        """The task of an id, if its media can be fetched."""
        task = self.tasks.get(task_id)
        return task if task and task.phase(now) is Phase.SUCCEEDED and not task.expired(now) else None

    def served(self, path: str, now: float) -> Task | Upload | None:
        """What can be fetched by a path of this sandbox; None if there is no such file, or not at this time."""
        if path.startswith("/uploads/"):
            upload = self.uploads.get(path.removeprefix("/uploads/"))
            return upload if upload and now < upload.expires_at else None
        return self.finished(task_id_of(path), now)

    def is_out_of_reach(self, url: str, request: SandboxRequest) -> bool:
        """Whether an input cannot be fetched: it is set to be so, or the sandbox itself has no such file."""
        if any(part in url for part in self.settings.unreachable):
            return True
        path = self.own_path(url, request)
        return path is not None and self.served(path, request.at) is None

    def _keep(self, task: Task) -> None:
        self.tasks[task.id] = task
        if task.failure:
            self._failing[task.id] = task
        self.account.charge(task)

    def _write(self, task: Task) -> None:
        if self._journal:
            self._journal.write(task)
