"""A file that lets tasks, and so the books, outlive the sandbox's process."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.tasks import Failure, Task
from airflow_provider_runway.sandbox.video.clip import Clip, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_KEPT = ("polls", "refunded")


class Journal:
    """One line of JSON for each new task, and another whenever its fate changes; the last one counts.

    :param path: the file; made when there is something to write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, task: Task) -> None:
        """Note a task as it is."""
        line = json.dumps(_plain(task), separators=(",", ":"))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def read(self) -> Iterator[Task]:
        """The tasks as they were noted last, oldest first.

        :raises ValueError: the file is not a journal.
        """
        if not self._path.exists():
            return
        latest: dict[str, dict[str, Any]] = {}
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):  # a last line without its end was cut by a kill
                    value = json.loads(line)
                    latest[value["id"]] = value
        for value in latest.values():
            yield _task(value)

    def clear(self) -> None:
        """Forget all."""
        self._path.unlink(missing_ok=True)


def _plain(task: Task) -> dict[str, Any]:
    clip, failure = task.clip, task.failure
    values = {each.name: getattr(task, each.name) for each in fields(task) if each.name not in _NOT_KEPT}
    values["clip"] = {
        "ratio": clip.ratio,
        "quality": clip.quality,
        "watermark": clip.watermark,
        "segments": [[each.seed, each.title, each.prompt, each.seconds] for each in clip.segments],
    }
    values["failure"] = [failure.msg, failure.code] if failure else None
    return values


def _task(value: dict[str, Any]) -> Task:
    segments = tuple(Segment(*each) for each in value["clip"]["segments"])
    clip = Clip(**{**value["clip"], "segments": segments})
    failure = Failure(*value["failure"]) if value["failure"] else None
    return Task(**{**value, "clip": clip, "failure": failure})
