"""All tasks and all uploaded files."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_runway.sandbox.tasks import Failure, Task

if TYPE_CHECKING:
    from collections.abc import Iterator


class TaskStore(dict[str, Task]):
    """Tasks by id, oldest first, and those that are going to fail by the time when they do."""

    def __init__(self) -> None:
        super().__init__()
        self._failing: list[tuple[float, str]] = []

    def add(self, task: Task) -> None:
        """Keep a new task."""
        self[task.id] = task
        if task.failure:
            heapq.heappush(self._failing, (task.finish_at, task.id))

    def fail(self, task: Task, failure: Failure, at: float) -> None:
        """Let a task fail at a time."""
        task.failure, task.finish_at = failure, at
        heapq.heappush(self._failing, (at, task.id))

    def newly_failed(self, now: float) -> Iterator[Task]:
        """The tasks that have failed since this was asked last."""
        while self._failing and self._failing[0][0] <= now:
            task = self[heapq.heappop(self._failing)[1]]
            if not task.refunded and task.failure and task.finish_at <= now:
                yield task


class Upload(NamedTuple):
    """An uploaded file.

    :param expires_at: until when it is served, in seconds since the epoch.
    """

    data: bytes
    content_type: str
    expires_at: float


class UploadStore(dict[str, Upload]):
    """Uploaded files by path."""

    def find(self, path: str, now: float) -> Upload | None:
        """The file of a path, unless its time is over."""
        found = self.get(path)
        return found if found and now < found.expires_at else None


def crowded(times: deque[float], now: float, *, limit: int, seconds: float) -> bool:
    """Whether ``limit`` of these times lie within the last ``seconds``; older ones are dropped."""
    while times and times[0] <= now - seconds:
        times.popleft()
    return len(times) >= limit
