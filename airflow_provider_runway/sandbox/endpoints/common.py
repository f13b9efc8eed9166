"""The common API: credits and direct download links."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.endpoints.links import direct_link
from airflow_provider_runway.sandbox.replies import Refusal, answer
from airflow_provider_runway.sandbox.rules import parts_of
from airflow_provider_runway.sandbox.tasks import Phase, task_id_of

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Reply, Request
    from airflow_provider_runway.sandbox.state import SandboxState


async def credit(state: SandboxState, _: Request) -> Reply:
    """``GET /api/v1/chat/credit``."""
    balance = state.balance
    return answer(int(balance) if balance == int(balance) else round(balance, 2))


async def download_url(state: SandboxState, request: Request) -> Reply:
    """``POST /api/v1/common/download-url``: a link of its own, for a while, to a result of this service."""
    payload = request.payload or {}
    parts = parts_of(payload.get("url"))
    base_url = state.base_url(request)
    here = {urlsplit(base_url).netloc, urlsplit(request.base_url).netloc}
    if parts is None or parts.netloc not in here or not parts.path.startswith("/media/"):
        raise Refusal(422, "url is wrong")
    task = state.tasks.get(task_id_of(parts.path))
    if task is None or task.phase(request.at) is not Phase.SUCCEEDED or task.expired(request.at):
        raise Refusal(422, "url is wrong")
    until = request.at + state.settings.link_ttl
    return answer(f"{base_url}{direct_link(parts.path, until)}", task_id=task.id)
