"""Letting Airflow take note of a deferral before it is over.

A scheduler learns from the executor, with some delay, that the process of a task has ended. If the task has come back
from its trigger by then, Airflow 3.3 takes that for a process that died without a word, and fails the task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

# Seconds that a scheduler with a thousand tasks on its hands has been seen to need, and half as much again.
SETTLED_AFTER = 5.0


async def settle(trigger: BaseTrigger, since: float) -> None:
    """Pause until a trigger has been running for long enough to fire.

    :param trigger: The trigger. One that no triggerer runs (``dag.test``, a unit test) need not wait.
    :param since: When it began, on the event loop's clock.
    """
    if trigger.trigger_id is None:
        return
    left = since + SETTLED_AFTER - asyncio.get_running_loop().time()
    if left > 0:
        await asyncio.sleep(left)
