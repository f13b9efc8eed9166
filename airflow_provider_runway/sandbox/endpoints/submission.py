"""What all submissions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.messages import Refusal, answer
from airflow_provider_runway.sandbox.rules import INVALID

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Reply, SandboxRequest
    from airflow_provider_runway.sandbox.order import Order
    from airflow_provider_runway.sandbox.state import SandboxState


def body_of(request: SandboxRequest) -> dict[str, Any]:
    """The body as a JSON object.

    :raises Refusal: code 422 when it is none.
    """
    if request.payload is None:
        raise Refusal(INVALID, "The request body must be a JSON object")
    return request.payload


def accept(sandbox: SandboxState, request: SandboxRequest, body: dict[str, Any], order: Order) -> Reply:
    """Make the task and answer its id."""
    task = sandbox.submit(request, body, order)
    data = {"taskId": task.id}
    if order.api != "aleph":
        data["recordId"] = task.id
    return answer(data, task_id=task.id)
