"""A file that lets tasks, and so the books, outlive the sandbox's process."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.tasks import Failure, Task
from airflow_provider_runway.sandbox.video.clip import Clip, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Journal:
    """One line of JSON for each new task, and another whenever its fate changes; the last one counts.

    :param path: the file; made when there is something to write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, task: Task) -> None:
        """Note a task as it is."""
        values = asdict(task)
        del values["polls"], values["refunded"]
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(values, separators=(',', ':'))}\n")

    def read(self) -> Iterator[Task]:
        """The tasks as they were noted last, oldest first.

        :raises ValueError: the file is not a journal.
        """
        if not self._path.exists():
            return
        latest: dict[str, Task] = {}
        try:
            with self._path.open(encoding="utf-8") as file:
                for line in file:
                    if line.endswith("\n"):  # a last line without its end was cut by a kill
                        task = _task(json.loads(line))
                        latest[task.id] = task
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(f"{self._path} does not hold the state of a sandbox") from error
        yield from latest.values()

    def clear(self) -> None:
        """Forget all."""
        self._path.unlink(missing_ok=True)


def _task(values: dict[str, Any]) -> Task:
    clip, failure = values["clip"], values["failure"]
    clip["segments"] = tuple(Segment(**each) for each in clip["segments"])
    return Task(**{**values, "clip": Clip(**clip), "failure": Failure(**failure) if failure else None})
