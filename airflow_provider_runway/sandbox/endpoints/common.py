"""The common API: credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.messages import Reply, SandboxRequest, answer

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState


async def credit(sandbox: SandboxState, _: SandboxRequest) -> Reply:
    """``GET /api/v1/chat/credit``."""
    balance = sandbox.balance
    return answer(int(balance) if balance == int(balance) else round(balance, 2))
