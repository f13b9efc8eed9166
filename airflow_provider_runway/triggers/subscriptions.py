"""What a waiter knows: what each trigger wants, and each video that is looked at for them."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field

from airflow_provider_runway.kie.poll_state import PollState
from airflow_provider_runway.kie.rules import check_kind, check_moment, check_task_id
from airflow_provider_runway.kie.tasks import Kind
from airflow_provider_runway.kie.wait_flow import OnChange


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRequest:
    """What a trigger waits for.

    :param task_id: The task.
    :param kind: ``"runway"`` or ``"aleph"``.
    :param poll_interval: Seconds, the shortest pause between two looks.
    :param deadline: Epoch seconds at which the wait ends.
    :param submitted_at: Epoch seconds at which the task was submitted; ``None`` if that is not known.
    :param profile: What sort of video it is, as in the price list: those of one sort are ready after similar times.
    """

    task_id: str
    kind: Kind
    poll_interval: float
    deadline: float
    submitted_at: float | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no wait can come of, before it meets the waits of others.

        :raises InvalidRequestError: If the id or the kind is none, or a moment no finite number.
        """
        check_task_id("runway_task_id", self.task_id)
        check_kind(self.kind)
        check_moment("deadline", self.deadline)
        if self.submitted_at is not None:
            check_moment("submitted_at", self.submitted_at)


@dataclass(slots=True, eq=False)
class Subscription:
    """One trigger that waits.

    :param deadline: Seconds on the waiter's clock, at which it ends.
    :param ended: Done when it has ended.
    :param on_change: Told of each new state.
    :param submitted: Seconds on the waiter's clock, at which the task was submitted; ``None`` if that is not known.
    :param began: Seconds on the waiter's clock, at which it began.
    """

    deadline: float
    ended: asyncio.Future[None]
    on_change: OnChange
    submitted: float | None
    began: float
    # News are told in the trigger's own context: Airflow files log lines by it.
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def tell(self, news: str, now: float) -> None:
        """Tell it that the state has changed."""
        self.context.run(self.on_change, news, now - (self.began if self.submitted is None else self.submitted))

    def end(self, error: Exception | None) -> None:
        """Let it go, with an error or without. One that was cancelled may not have had its turn yet."""
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)


@dataclass(slots=True, eq=False)
class Video:
    """One task that is looked at, for however many triggers.

    :param look: The look that is under way, if one is.
    """

    task_id: str
    kind: Kind
    watch: PollState
    waits: list[Subscription] = field(default_factory=list)
    entry: int = -1
    due: float = 0.0
    look: asyncio.Task[None] | None = None

    def head_start(self, now: float) -> float:
        """See :class:`~airflow_provider_runway.kie.poll_queue.Polled`."""
        return self.watch.head_start(now)
