"""A task as it is to be shown, and what a family of the API is to say of its tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.tasks import Failure, Phase, Task

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.faults import Fail

State = str | int | None


class View:
    """A task as it is to be shown.

    :param phase: how far it is.
    :param state: the name of that, true or not.
    :param base_url: what media URLs begin with.
    :param linkless: show no URLs, although it may be ready.
    """

    def __init__(
        self, task: Task, now: float, base_url: str, *, phase: Phase, state: State, linkless: bool = False
    ) -> None:
        self.task, self.now, self.phase, self.state, self.base_url = task, now, phase, state, base_url
        self.linkless = linkless
        self.succeeded = phase is Phase.SUCCEEDED
        self.failure = task.failure if phase is Phase.FAILED else None
        self.urls, self.poster = task.urls(base_url) if self.succeeded and not linkless else ([], "")
        self.url = self.urls[0] if self.urls else ""
        self.created_at = milliseconds(task.created_at)
        self.finished_at = milliseconds(task.finish_at) if phase >= Phase.SUCCEEDED else None
        self.body_json = json.dumps(task.body)

    @property
    def progress(self) -> float:
        """How much of the time has passed, from 0 to 1."""
        if self.phase >= Phase.SUCCEEDED:
            return 1.0
        return min((self.now - self.task.created_at) / (self.task.finish_at - self.task.created_at), 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What one API says of its tasks.

    :param path: the endpoint that has its records.
    :param states: the names that it has for the phases.
    :param failure_code: the code of a failure that has none of its own.
    :param record: the record, from ``data`` on.
    :param callback: the body of a callback.
    :param absent: what is said, with code 422, of a task that is not there; empty: code 200 with ``data: null``.
    :param polls_per_second: how often it may be asked for one task.
    :param undelivered: the state of a success whose callback could not be delivered, if it has one for that.
    :param told: the phases before the end that are called back too.
    """

    path: str
    states: tuple[State, ...]
    failure_code: int
    record: Callable[[View], dict[str, Any]]
    callback: Callable[[View], dict[str, Any]]
    absent: str = ""
    polls_per_second: int = 10
    undelivered: State = None
    told: tuple[Phase, ...] = ()

    def failure(self, fault: Fail) -> Failure:
        """The failure that a fault makes of a task."""
        return Failure(fault.msg, self.failure_code if fault.code is None else fault.code)

    def view(
        self, task: Task, now: float, base_url: str, *, instead: tuple[State, ...] = (), linkless: bool = False
    ) -> View:
        """A task as it stands.

        :param instead: the state to say instead of the true one, if it is to be another.
        """
        phase = task.phase(now)
        state = self.states[phase]
        if phase is Phase.SUCCEEDED and task.undelivered and self.undelivered is not None:
            state = self.undelivered
        state = instead[0] if instead else state
        return View(task, now, base_url, phase=phase, state=state, linkless=linkless)

    def view_at(self, phase: Phase, task: Task, now: float, base_url: str) -> View:
        """A task as it was in a phase."""
        return View(task, now, base_url, phase=phase, state=self.states[phase])


def envelope(view: View, data: object, success: str, *, failed: int = 400) -> dict[str, Any]:
    """The body of a callback."""
    if view.failure:
        return {"code": failed, "msg": view.failure.msg, "data": data}
    return {"code": 200, "msg": success, "data": data}


def milliseconds(at: float) -> int:
    """A time, as records have it."""
    return int(at * 1000)
