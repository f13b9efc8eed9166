"""All tasks and all uploaded files."""

from __future__ import annotations

import heapq
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_runway.sandbox.tasks import Failure, Task


class TaskStore:
    """Tasks by id, and those that are going to fail by the time when they do."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._doomed: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(list(self._tasks.values()))

    def add(self, task: Task) -> None:
        """Keep a new task."""
        self._tasks[task.id] = task
        if task.failure:
            heapq.heappush(self._doomed, (task.finish_at, task.id))

    def get(self, task_id: str) -> Task | None:
        """The task of an id, if there is one."""
        return self._tasks.get(task_id)

    def newest(self, count: int) -> list[Task]:
        """The latest tasks, newest first."""
        return list(islice(reversed(self._tasks.values()), count))

    def doom(self, task: Task, failure: Failure, at: float) -> None:
        """Let a task fail at a time."""
        task.failure = failure
        task.finish_at = at
        heapq.heappush(self._doomed, (at, task.id))

    def newly_failed(self, now: float) -> Iterator[Task]:
        """The tasks that have failed since this was asked last."""
        while self._doomed and self._doomed[0][0] <= now:
            task = self._tasks[heapq.heappop(self._doomed)[1]]
            if not task.refunded and task.failure and task.finish_at <= now:
                yield task

    def clear(self) -> None:
        """Forget everything."""
        self._tasks.clear()
        self._doomed.clear()


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
