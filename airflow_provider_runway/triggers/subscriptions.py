"""What the shared poller keeps: the tasks that are polled, and each trigger's subscription to one of them."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field

from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.poll_state import PollState
from airflow_provider_runway.kie.wait_flow import OnChange


@dataclass(slots=True, eq=False)
class Subscription:
    """One trigger's interest in a task.

    :param deadline: Seconds on the poller's clock, at which it ends.
    :param ended: Done when it has ended.
    :param on_change: Called with each new state.
    :param submitted: Seconds on the poller's clock, at which the task was submitted; ``None`` if that is not known.
    :param began: Seconds on the poller's clock, at which it began.
    """

    deadline: float
    ended: asyncio.Future[None]
    on_change: OnChange
    submitted: float | None
    began: float
    # Changes are reported in the trigger's own context: Airflow files log lines by it.
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def report(self, change: str, now: float) -> None:
        """Report that the state has changed."""
        self.context.run(self.on_change, change, now - (self.began if self.submitted is None else self.submitted))

    def end(self, error: Exception | None) -> None:
        """End it, with an error or without. One that was cancelled may not have had its turn yet."""
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)


@dataclass(slots=True, eq=False)
class PolledTask:
    """One task that is polled, for however many subscriptions.

    :param poll: The poll that is under way, if one is.
    """

    task_id: str
    kind: Kind
    poll_state: PollState
    subscriptions: list[Subscription] = field(default_factory=list)
    entry: int = -1
    due: float = 0.0
    poll: asyncio.Task[None] | None = None

    def add(self, subscription: Subscription, seen: str | None) -> None:
        """Add a subscription, which may know more of the task than the others.

        :param seen: What KIE has said of the task to whoever subscribes, if anything.
        """
        if self.poll_state.submitted is None:
            self.poll_state.submitted = subscription.submitted
        self.poll_state.state = self.poll_state.state or seen
        self.subscriptions.append(subscription)

    def head_start(self, now: float) -> float:
        """See :class:`~airflow_provider_runway.kie.poll_queue.Polled`."""
        return self.poll_state.head_start(now)
