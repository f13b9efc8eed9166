"""Letting Airflow take note of a deferral before it is over; see :func:`.deferral.shortest_deferral`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from airflow_provider_runway.triggers.events import shortest_deferral

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger


async def settle(trigger: BaseTrigger, since: float) -> None:
    """Pause until a trigger has been running for long enough to fire.

    :param trigger: The trigger. One that no triggerer runs (``dag.test``, a unit test) need not wait.
    :param since: When it began, on the event loop's clock.
    """
    if trigger.trigger_id is None:
        return
    left = since + shortest_deferral() - asyncio.get_running_loop().time()
    if left > 0:
        await asyncio.sleep(left)
