"""A look at a task's record: what is true at the moment, bent by what shall go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.faults import Expire, Fail, Missing, NoUrl, States
from airflow_provider_runway.sandbox.messages import Refusal
from airflow_provider_runway.sandbox.store import crowded
from airflow_provider_runway.sandbox.tasks import Phase, failure_by

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import SandboxRequest
    from airflow_provider_runway.sandbox.state import SandboxState
    from airflow_provider_runway.sandbox.tasks import Api, Task


# What Aleph's and the unified records call ``successFlag``; anything else is 0.
FLAGS = {Phase.SUCCEEDED: 1, Phase.FAILED: 3}


@dataclass(frozen=True, slots=True)
class Look:
    """What a record says.

    :param instead: the state to say instead of the true one, if it is to be another.
    :param urls: of the results; empty until there are any.
    :param poster: URL of the first picture.
    """

    task: Task
    phase: Phase
    instead: tuple[str | int | None, ...]
    expired: bool
    urls: list[str]
    poster: str

    def said(self, state: str | int) -> str | int | None:
        """What the record says for this state."""
        return self.instead[0] if self.instead else state


def look_at(sandbox: SandboxState, request: SandboxRequest, api: Api) -> Look | None:
    """Look at the task that the query asks for.

    :returns: None when there is no such record and the API says so by code 200 with ``data: null``, as recorded.
    :raises Refusal: code 422 when there is no such record and the API says so, 429 when it is looked at too often.
    """
    task_id = request.query_params.get("taskId", "")
    if not task_id:
        raise Refusal(422, "taskId is required")
    task = sandbox.tasks.get(task_id)
    now = request.at
    if task is None or task.api != api or now < task.visible_at or isinstance(request.fault, Missing):
        if api == "jobs":
            raise Refusal(422, "recordInfo is null")
        return None
    if crowded(task.looks, now, limit=sandbox.settings.record_looks_per_second, seconds=1):
        raise Refusal(429)
    task.looks.append(now)
    return _look(sandbox, request, task)


def milliseconds(at: float) -> int:
    """A time as records tell it."""
    return int(at * 1000)


def _look(sandbox: SandboxState, request: SandboxRequest, task: Task) -> Look:
    now, fault, hidden = request.at, request.fault, False
    instead: tuple[str | int | None, ...] = ()
    match fault:
        case States():
            instead = (fault.states[request.turn % len(fault.states)],)
        case NoUrl():
            hidden = True
        case Expire():
            sandbox.expire(task, now)
        case Fail():
            sandbox.fail(task, failure_by(fault, task.api), now)
        case _:
            pass
    phase = task.phase(now)
    base = f"{sandbox.base_url(request)}/media/"
    ready = phase is Phase.SUCCEEDED and not hidden
    return Look(
        task=task,
        phase=phase,
        instead=instead,
        expired=phase is Phase.SUCCEEDED and task.expired(now),
        urls=[base + name for name in task.files()] if ready else [],
        poster=f"{base}{task.id}.png" if ready else "",
    )
