"""The whole of the sandbox's world: settings, time, tasks, money and faults in one place."""

from __future__ import annotations

import math
import random
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.account import Account
from airflow_provider_runway.sandbox.callbacks import CallbackSender
from airflow_provider_runway.sandbox.clock import Clock
from airflow_provider_runway.sandbox.fault_book import FaultBook
from airflow_provider_runway.sandbox.messages import Refusal, SandboxRequest, digest
from airflow_provider_runway.sandbox.store import TaskStore, UploadStore, crowded
from airflow_provider_runway.sandbox.tasks import Failure, Phase, Task, task_id_of
from airflow_provider_runway.sandbox.video.clip import RATIOS
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
            self.tasks.add(task)
            self.account.charge(task)

    def _begin(self) -> None:
        self.clock = Clock()
        self.faults = FaultBook()
        self.tasks = TaskStore()
        self.uploads = UploadStore()
        self._submitted: deque[float] = deque()
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

    def refund_failed(self, now: float) -> None:
        """Give back the credits of what has failed by now."""
        for task in self.tasks.newly_failed(now):
            self.account.refund(task)

    def fail(self, task: Task, failure: Failure, now: float) -> None:
        """Let a running task fail now."""
        self.tasks.fail(task, failure, now)
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
        self.tasks.add(task)
        self._write(task)
        self.account.charge(task)
        self._submitted.append(task.created_at)
        if task.callback_url:
            self.callbacks.expect(task)

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

    def shape_of(self, url: str, request: SandboxRequest) -> str | None:
        """The aspect ratio of a picture that the sandbox holds itself; None for any other."""
        parts = urlsplit(url)
        if parts.netloc != urlsplit(self.base_url(request)).netloc:
            return None
        upload = self.uploads.find(parts.path.removeprefix("/uploads/"), request.at)
        if upload:
            from airflow_provider_runway.sandbox.video.film import nearest_ratio

            return nearest_ratio(upload.data)
        task = self.tasks.get(task_id_of(parts.path))
        return task.clip.ratio if task and task.clip.ratio in RATIOS else None

    def out_of_reach(self, url: str, request: SandboxRequest) -> bool:
        """Whether an input cannot be fetched: it is set to be so, or the sandbox itself has no such file."""
        if any(part in url for part in self.settings.unreachable):
            return True
        parts, now = urlsplit(url), request.at
        if parts.netloc not in {urlsplit(request.origin).netloc, urlsplit(self.base_url(request)).netloc}:
            return False
        if parts.path.startswith("/uploads/"):
            return self.uploads.find(parts.path.removeprefix("/uploads/"), now) is None
        task = self.tasks.get(task_id_of(parts.path))
        return task is None or task.phase(now) is not Phase.SUCCEEDED or task.expired(now)

    def _write(self, task: Task) -> None:
        if self._journal:
            self._journal.write(task)
