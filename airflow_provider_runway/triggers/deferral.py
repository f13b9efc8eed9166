"""How long a deferral lasts: the timeout to defer with, and the shortest time that Airflow can follow.

A scheduler learns from the executor, with some delay, that the process of a task has ended. If the task has come back
from its trigger and is queued by then, Airflow before 3.4 takes that for a process that died without a word, and fails
the task. So deferrals have a shortest length there: what would be over sooner is waited for in the worker, and a
trigger that is done sooner fires later. This works around a race in the scheduler.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.utils.config import SHORTEST_DEFERRAL, read_shortest_deferral
from airflow_provider_runway.utils.versions import airflow_version

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

# Airflow's own trigger timeout stands this many seconds behind the deadline that the trigger keeps by itself.
_MARGIN = 60.0
_FIRST_WITHOUT_THE_RACE = (3, 4)


def trigger_timeout(seconds_left: float, poll_interval: float) -> timedelta:
    """The timeout to defer with: late enough that the trigger's own deadline always comes first."""
    return timedelta(seconds=max(seconds_left, shortest_deferral()) + poll_interval + _MARGIN)


def shortest_deferral() -> float:
    """Seconds that a deferral lasts at least.

    Nonsense in the option counts as left out here, where something may be paid already; before that it is refused.
    """
    if airflow_version() >= _FIRST_WITHOUT_THE_RACE:
        return 0.0
    try:
        return read_shortest_deferral()
    except InvalidRequestError:
        return SHORTEST_DEFERRAL


async def outlast_shortest_deferral(trigger: BaseTrigger, since: float, clock: Clock = CLOCK) -> None:
    """Pause until a trigger has been running for long enough to fire.

    :param trigger: The trigger. One that no triggerer runs (``dag.test``, a unit test) need not wait.
    :param since: When it began, on the clock that does not jump.
    :param clock: What time it is, and how it passes.
    """
    if trigger.trigger_id is None:
        return
    left = since + shortest_deferral() - clock.monotonic()
    if left > 0:
        await clock.asleep(left)
