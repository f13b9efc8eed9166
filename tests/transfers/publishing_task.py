"""A task that publishes, through its tries."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from airflow.sdk import Context
from fakes import FakeStore, fake_context
from poster import Fault, Handler

from airflow_provider_runway.publishing.publication import RECORD_KEY
from airflow_provider_runway.transfers.video_to_http import VideoToHttpOperator

# How a service is asked for what was published there.
FIND: dict[str, Any] = {"fields": {"external_id": "{kie_task_id}"}, "find": "/posts?external_id={kie_task_id}"}


def video_file(folder: Path, name: str = "fox.mp4", content: bytes = b"a fox in the snow", size: int = 0) -> Path:
    """A file that begins as a video does."""
    file = folder / name
    file.write_bytes(b"\0\0\0\x18ftypmp42" + content + bytes(max(size - len(content) - 12, 0)))
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Publishing:
    """One task instance. What a try leaves behind is found by the next, as in Airflow.

    :param has_store: Airflow before 3.3 has no task state store.
    """

    def __init__(self, *, has_store: bool = True, **parameters: Any) -> None:
        self.parameters = {"task_id": "publish", "http_conn_id": "poster", "endpoint": "/posts", **parameters}
        self.store = FakeStore()
        self.try_number = 0
        self.max_tries = 2
        self._has_store = has_store
        self._left: list[str] = []

    def run(self, **changed: Any) -> Any:
        """One try to its end."""
        self.try_number += 1
        context = self._context()
        self.operator = VideoToHttpOperator(**{**self.parameters, **changed})
        try:
            return self.operator.execute(context)
        except Exception:
            for callback in self.operator.on_retry_callback:
                callback(context)
            raise
        finally:
            ti: Any = context["ti"]
            self._left = list(ti.xcoms)

    def clear(self) -> None:
        """What Airflow does when a person clears the task."""
        self.max_tries = self.try_number + 2

    @property
    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.store.rows[RECORD_KEY])
        return record

    def _context(self) -> Context:
        context = fake_context(self.store if self._has_store else None, max_tries=self.max_tries)
        ti: Any = context["ti"]
        ti.try_number = self.try_number
        ti._ti_context_from_server.xcom_keys_to_clear = self._left if self.try_number > 1 else []
        return context


class Crash(BaseException):
    """The process has died, without a chance to do anything about it."""


def task(folder: Path, recorded: str = "store", **parameters: Any) -> Publishing:
    video = {"task_id": "task-1", "saved_to": str(video_file(folder))}
    return Publishing(has_store=recorded == "store", video=video, **parameters)


def answer_nothing(handler: Handler) -> None:
    handler.answer(200, [])


def answer(status: int, said: Any) -> Fault:
    return lambda handler: handler.answer(status, said)
