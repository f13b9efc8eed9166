"""The endpoints that change nothing: the balance, and the records of tasks, bent by what shall go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.endpoints.families import FAMILIES
from airflow_provider_runway.sandbox.faults import Expire, Fail, Missing, NoUrl, States
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer
from airflow_provider_runway.sandbox.tasks import ApiGroup, crowded

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState


async def credit(sandbox: SandboxState, _: SandboxRequest) -> Reply:
    """``GET /api/v1/chat/credit``."""
    balance = sandbox.balance
    return answer(int(balance) if balance == int(balance) else round(balance, 2))


async def record(sandbox: SandboxState, request: SandboxRequest, *, api: ApiGroup) -> Reply:
    """The record of the task that the query ``taskId=`` asks for.

    Where there is none each family says so in its own way, as recorded.

    :param api: the API whose tasks this endpoint knows.
    """
    task, now, fault, family = request.task, request.at, request.fault, FAMILIES[api]
    task_id = request.query_params.get("taskId")
    if not task_id:
        raise Refusal(422, "taskId is required")
    if task is None or task.api != api or now < task.visible_at or isinstance(fault, Missing):
        if family.absent:
            raise Refusal(422, family.absent.format(task_id=task_id))
        return answer(None)
    if crowded(task.polls, now, limit=family.polls_per_second, seconds=1):
        raise Refusal(429)
    task.polls.append(now)
    instead = tuple[str | int | None, ...]()
    match fault:
        case States():
            instead = (fault.states[request.turn % len(fault.states)],)
        case Expire():
            sandbox.expire(task, now)
        case Fail():
            sandbox.fail(task, family.failure(fault), now)
        case _:
            pass
    view = family.view(task, now, sandbox.base_url(request), instead=instead, linkless=isinstance(fault, NoUrl))
    return answer(family.record(view), task_id=task.id)
