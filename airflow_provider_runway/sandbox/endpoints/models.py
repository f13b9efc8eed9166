"""The endpoints that tell which models there are, what they take and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.endpoints.catalogue import EVERY_MODEL, UNDESCRIBED, Model
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer
from airflow_provider_runway.sandbox.tasks import crowded

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

_CALLS_PER_SECOND = 1


async def models(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/models``: those that have the texts of ``q``, ``provider`` and ``taskType``, all of them."""
    _check_pace(sandbox, request)
    asked = {name: request.query_params.get(name, "").lower() for name in ("q", "provider", "taskType")}
    found = [each.listed() for each in EVERY_MODEL.values() if _fits(each, **asked)]
    return answer({"models": found, "total": len(found)})


async def model(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /api/v1/models/<id>/schema``, ``/price`` and ``/success-rate``; a slash in an id is not escaped."""
    _check_pace(sandbox, request)
    name, _, what = str(request.path_params["name"]).rpartition("/")
    found = EVERY_MODEL.get(name)
    if found is None or what not in ("schema", "price", "success-rate"):
        raise Refusal(404, "Model not found")
    if what == "schema":
        return answer({"model": name, "openapi": None if found is UNDESCRIBED else found.document()})
    if what == "price":
        return answer({"model": name, "pricingDesc": found.price})
    return answer({"model": name, "successRate": 1.0})


def _fits(each: Model, q: str, provider: str, taskType: str) -> bool:  # noqa: N803 - the query's own name
    return (
        (q in each.name.lower() or q in each.title.lower())
        and provider in each.provider.lower()
        and (not taskType or taskType in each.task_types)
    )


def _check_pace(sandbox: SandboxState, request: SandboxRequest) -> None:
    """All of these share one call a second.

    :raises Refusal: code 429.
    """
    if crowded(sandbox.model_calls, request.at, limit=_CALLS_PER_SECOND, seconds=1):
        raise Refusal(429)
    sandbox.model_calls.append(request.at)
