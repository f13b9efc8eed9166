"""Waiting for a video, as a conversation: look, decide, pause, until the video is there or the wait is over."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.flows import Flow, Pause, get_task
from airflow_provider_runway.kie.poll_state import Finished, GaveUp, PollAgain, PollState, Step
from airflow_provider_runway.kie.retry_rules import ONE_TRY
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import Kind, VideoTask

OnChange = Callable[[str, float], None]


def wait(
    watch: PollState,
    kind: Kind,
    *,
    clock: Callable[[], float],
    on_change: OnChange | None = None,
    api: Api = "runway",
) -> Flow[VideoTask]:
    """Wait until the task has ended.

    :param watch: What is waited for, how patiently and until when.
    :param kind: The task's kind.
    :param clock: The clock of the watch's deadline.
    :param on_change: Called with the new state and the seconds waited each time the state changes.
    :param api: The connection's API, where the id does not say which one made the task.
    :return: The finished task, with its video's link.
    :raises RunwayError: The error the watch ends with.
    """
    started = clock()
    first = watch.begin(started)
    if first > 0:
        yield Pause(first)
    while True:
        step: Step
        try:
            task = yield from get_task(watch.task_id, kind, ONE_TRY, api)
        except RunwayError as error:
            step = watch.failed(error, clock())
        else:
            step = watch.saw(task, clock())
        if isinstance(step, Finished):
            return step.task
        if isinstance(step, GaveUp):
            raise step.error
        _report(step, on_change, clock() - started)
        yield Pause(step.pause)


def _report(step: PollAgain, on_change: OnChange | None, waited: float) -> None:
    if step.news is not None and on_change is not None:
        on_change(step.news, waited)
