"""Waits over the shared poller."""

from __future__ import annotations

import json
from typing import Any

from fakes import now

from airflow_provider_runway.exceptions import (
    RunwayError,
)
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger
from airflow_provider_runway.triggers.client_lease import ClientLease
from airflow_provider_runway.triggers.events import PollRequest
from airflow_provider_runway.triggers.shared_poller import shared_poller

REQUEST = GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9")


def submitted(number: int = 1) -> list[str]:
    with RunwayHook() as hook:
        return [hook.submit(REQUEST) for _ in range(number)]


def asked(task_id: str, **options: Any) -> PollRequest:
    usual = {"poll_interval": 0.2, "deadline": now() + 60}
    return PollRequest(runway_conn_id="runway_default", runway_task_id=task_id, **{**usual, **options})


async def wait(task_id: str, conn_id: str = "runway_default", **options: Any) -> str:
    """How a wait ends: in words, so that many can be compared."""
    try:
        await shared_poller(conn_id).wait(asked(task_id, **options), lambda state, waited: None)
    except RunwayError as error:
        return type(error).__name__
    return "success"


def is_closed(lease: ClientLease) -> bool:
    session: Any = lease.client._sender
    return bool(session._session.closed)


async def event_of(trigger: RunwayAdmissionTrigger) -> dict[str, Any]:
    (event,) = [event async for event in trigger.run()]
    payload: dict[str, Any] = json.loads(json.dumps(event.payload))
    return payload
