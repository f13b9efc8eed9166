"""The flow of a wait: poll, decide, pause, until the video is there or the wait is over."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.flows import Flow, OnPoll, Pause, get_task, told
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.poll_state import Finished, GaveUp, PollState, Step
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import VideoTask

OnChange = Callable[[str, float], None]


def wait(
    poll_state: PollState,
    kind: Kind,
    *,
    clock: Callable[[], float],
    on_change: OnChange | None = None,
    on_poll: OnPoll | None = None,
    api: Api = "runway",
) -> Flow[VideoTask]:
    """Wait until the task has ended.

    :param poll_state: The poll state of the task, with its deadline.
    :param kind: The task's kind.
    :param clock: The clock of the deadline.
    :param on_change: Called with the new state and the seconds waited each time the state changes.
    :param on_poll: Called after each poll, with its error if it went wrong.
    :param api: The connection's API, where the id does not say which one made the task.
    :return: The finished task, with its video's link.
    :raises RunwayError: The error that the wait ends with.
    """
    started = clock()
    first = poll_state.begin(started)
    if first > 0:
        yield Pause(first)
    while True:
        step: Step
        try:
            task = yield from told(get_task(poll_state.task_id, kind, ONE_TRY, api), on_poll)
        except RunwayError as error:
            step = poll_state.failed(error, clock())
        else:
            step = poll_state.saw(task, clock())
        if isinstance(step, Finished):
            return step.task
        if isinstance(step, GaveUp):
            raise step.error
        waited = clock() - started
        if step.change is not None and on_change is not None:
            on_change(step.change, waited)
        yield Pause(step.pause)
