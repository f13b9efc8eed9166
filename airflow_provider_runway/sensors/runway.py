"""Waiting for a video that something else has submitted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    MissingVideoError,
    RunwayError,
    TaskNotFoundError,
    VideoExpiredError,
    WaitTimeoutError,
)
from airflow_provider_runway.kie.rules import check_kind, check_poll_interval, check_seconds, check_task_id
from airflow_provider_runway.kie.seconds import shortened
from airflow_provider_runway.operators.free_task import FreeTask
from airflow_provider_runway.operators.parameters import check_literal
from airflow_provider_runway.operators.templating import RenderedTexts
from airflow_provider_runway.utils.mixins import VideoLinksMixin
from airflow_provider_runway.utils.retry_defaults import RETRIES, RETRY_DELAY

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context

    from airflow_provider_runway.kie.kinds import Kind
    from airflow_provider_runway.kie.poll_state import PollState
    from airflow_provider_runway.kie.tasks import VideoTask
    from airflow_provider_runway.results import VideoResult
    from airflow_provider_runway.triggers.events import VideoEvent

_FAILURES_KEY = "runway_poll_failures"
# What says that a video does not come, and not that KIE cannot be asked for it.
_NO_VIDEO = (WaitTimeoutError, GenerationFailedError, TaskNotFoundError, VideoExpiredError, MissingVideoError)


class RunwayVideoSensor(VideoLinksMixin, FreeTask, RenderedTexts, BaseSensorOperator):
    """Wait until a video that was submitted elsewhere is ready. Pays nothing.

    But for kinds ``"veo-1080p"`` and ``"veo-4k"``: KIE takes the first look for such a copy of a Veo video for its
    order, and charges for it.

    :param runway_task_id: The KIE task to wait for. (templated)
    :param kind: ``"runway"`` (generate, extend), ``"aleph"``, ``"job"`` (any other model) or a dedicated family.
    :param deferrable: Wait in the triggerer, without a worker slot. ``False`` waits in the worker, as ``mode`` says.
    :param poke_interval: Seconds or a timedelta, the shortest pause between two polls; at least 1 s. In reschedule mode
        pauses are no shorter than ``[runway] shortest_deferral``, 30 seconds if that is not set.
    :param timeout: The longest wait, a timedelta or seconds; Airflow's ``[sensors] default_timeout`` if left out.
    :param soft_fail: Skip instead of failing where the video does not come: it is not ready in time, has failed, or is
        gone. A connection that does not work (no key, a wrong one, no answer) fails the sensor all the same.
    :param runway_conn_id: The connection, of type ``runway``.
    :param retries: As of any task; 2 where nobody says otherwise, from Airflow 3.3 on.
    :param retry_delay: As of any task; a minute where nobody says otherwise, from Airflow 3.3 on.
    :return: A small JSON object, also pushed key by key; see :class:`~airflow_provider_runway.results.VideoResult`.
    :raises airflow.exceptions.AirflowSensorTimeout: If the video is not ready in time.
    :raises airflow.exceptions.AirflowFailException: If the task has failed or is gone.
    """

    template_fields: Sequence[str] = ("runway_task_id",)
    result: VideoResult | None = None
    _seen_waiting = False

    def __init__(
        self,
        *,
        runway_task_id: str,
        kind: Kind = "runway",
        deferrable: bool = True,
        poke_interval: timedelta | float = 10,
        runway_conn_id: str = "runway_default",
        retries: int | None = RETRIES,
        retry_delay: timedelta | float = RETRY_DELAY,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        if kwargs.get("timeout") is not None:
            check_seconds("timeout", kwargs["timeout"])
        pause = check_poll_interval("poke_interval", poke_interval)
        super().__init__(poke_interval=pause, retries=retries, retry_delay=retry_delay, **kwargs)
        self.runway_task_id = runway_task_id
        self.kind: Kind = kind
        self.deferrable = deferrable
        self.runway_conn_id = runway_conn_id
        check_literal(lambda task_id: check_task_id("runway_task_id", task_id), runway_task_id)
        check_kind(kind)

    def execute(self, context: Context) -> dict[str, Any]:
        """Wait for the video."""
        from airflow_provider_runway.utils.announcements import announce
        from airflow_provider_runway.utils.config import read_shortest_deferral
        from airflow_provider_runway.utils.polls import warn_of_order

        with self._ending(context):  # soft_fail is not for a template that has not come to an id
            self.runway_task_id = self.needed("runway_task_id")
            check_task_id("runway_task_id", self.runway_task_id)
        with self.hook:
            try:
                shortest = read_shortest_deferral()
            except RunwayError as error:
                self._give_up(error, context)
            self._show(context)
            announce(context, kind=self.kind, conn_id=self.runway_conn_id, task_id=self.runway_task_id)
            warn_of_order(self.kind, self.log)
            if not self.deferrable:
                return self._poke_on(context, shortest)
            return self._wait_until(self.hook.clock.time() + self.timeout, context)

    def poke(self, context: Context) -> PokeReturnValue | bool:
        """Poll once."""
        with self._restored(context):
            polled = self._poll(context)
        if isinstance(polled, float):
            return False
        return PokeReturnValue(is_done=True, xcom_value=self._result(context, polled))

    def execute_complete(
        self, context: Context, event: dict[str, Any], deadline: float | None = None, *, seen_waiting: bool = False
    ) -> dict[str, Any]:
        """Go on after the trigger: poll once more, then return the result or say what happened.

        :param event: The trigger's event: how the wait has ended.
        :param deadline: Epoch seconds at which the wait ends.
        :param seen_waiting: Whether a poll before the deferral has shown the video being made.
        """
        from airflow_provider_runway.triggers.events import VideoEvent

        self._seen_waiting = seen_waiting
        ended = VideoEvent.from_event(event)
        self.runway_task_id = ended.task_id  # by now its template may give another one, or none
        self._poll_state.settled = True
        with self.hook:
            self._show(context)
            return self._wait_until(deadline or 0.0, context, ended)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after the trigger. A trigger that has died of a fault is nothing to skip for."""
        if next_method == "__fail__" and (next_kwargs or {}).get("error") != "Trigger timeout":
            self.soft_fail = False
        return super().resume_execution(next_method, next_kwargs, context)

    def _wait_until(self, deadline: float, context: Context, ended: VideoEvent | None = None) -> dict[str, Any]:
        """Poll, and wait until the deadline: in the triggerer, if that leaves enough time for a deferral.

        :param ended: How the wait in the triggerer has ended, if this comes back from there.
        """
        from airflow_provider_runway.kie.poll_state import timed_out
        from airflow_provider_runway.triggers.deferral import shortest_deferral

        while True:
            polled = self._poll(context)
            if not isinstance(polled, float):
                return self._result(context, polled)
            if ended is not None and ended.state in {"gone", "fault"}:
                self._give_up(ended.as_error(self._poll_state.state), context)
            left = 0.0 if ended is not None and ended.state == "timeout" else deadline - self.hook.clock.time()
            if left <= 0:
                self._give_up(timed_out(self.runway_task_id, self._poll_state.state, submitted=self._was_seen), context)
            if left >= shortest_deferral():
                self._defer(deadline)
            self.hook.clock.sleep(min(polled, left))

    def _poke_on(self, context: Context, shortest: float) -> dict[str, Any]:
        """Poll until the video is there, in the mode that Airflow's sensors have; no reschedule is of fewer seconds."""
        from airflow.exceptions import AirflowRescheduleException

        from airflow_provider_runway.results import utc_now

        try:
            result: dict[str, Any] = super().execute(context)
        except AirflowRescheduleException as pause:
            soonest = utc_now() + timedelta(seconds=shortest)
            raise AirflowRescheduleException(max(pause.reschedule_date, soonest)) from None
        return result

    def _get_next_poke_interval(self, *given: Any) -> float:
        """Airflow's own, unless a test wants it shorter."""
        return shortened(super()._get_next_poke_interval(*given))

    @cached_property
    def _poll_state(self) -> PollState:
        """The poll state in this process: the sensor's own ``timeout`` is the deadline."""
        from airflow_provider_runway.kie.poll_state import PollRules, PollState

        rules = PollRules(poll_interval=self.poke_interval)
        return PollState(self.runway_task_id, deadline=float("inf"), rules=rules)

    @contextmanager
    def _restored(self, context: Context) -> Iterator[None]:
        """In reschedule mode each poll is a process of its own: the poll state is stored in between (Airflow 3.3).

        Otherwise an id that KIE does not know would be asked for until the sensor's own timeout.
        """
        from airflow_provider_runway.kie.poll_state import NO_FAILURES, PollFailures
        from airflow_provider_runway.operators.task_state import TaskState

        state, polled, this_try = TaskState(context), self._poll_state, context["ti"].try_number
        if not self.reschedule or not state.outlives_try:
            yield
            return
        kept = state.get(_FAILURES_KEY)
        if kept and kept.get("try_number") == this_try:
            polled.failures, polled.state = PollFailures.from_json(kept["failures"]), kept.get("state")
        yield
        now = {"try_number": this_try, "failures": polled.failures.to_json(), "state": polled.state}
        if now != kept and (polled.failures, polled.state) != (NO_FAILURES, None):
            state.set(_FAILURES_KEY, now)

    def _poll(self, context: Context) -> VideoTask | float:
        """Poll once: the finished task, or seconds until the next poll. What ends the wait ends the sensor."""
        from airflow_provider_runway.kie.poll_state import Finished, GaveUp

        try:
            task = self.hook.get_task(self.runway_task_id, self.kind)
        except RunwayError as error:
            self.log.warning("%s", error)
            step = self._poll_state.failed(error, self.hook.clock.time())
        else:
            step = self._poll_state.saw(task, self.hook.clock.time())
        if isinstance(step, Finished):
            return step.task
        if isinstance(step, GaveUp):
            self._give_up(step.error, context)
        if step.change is not None:
            self.log.info("Task %s: %s.", self.runway_task_id, step.change)
        return float(step.pause)

    def _defer(self, deadline: float) -> NoReturn:
        from airflow_provider_runway.triggers.deferral import trigger_timeout
        from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

        self.defer(
            trigger=RunwayVideoTrigger(
                runway_conn_id=self.runway_conn_id,
                runway_task_id=self.runway_task_id,
                kind=self.kind,
                poll_interval=self.poke_interval,
                deadline=deadline,
                seen=self._poll_state.state,
            ),
            method_name="execute_complete",
            kwargs={"deadline": deadline, "seen_waiting": self._was_seen},
            timeout=trigger_timeout(deadline - self.hook.clock.time(), self.poke_interval),
        )

    @property
    def _was_seen(self) -> bool:
        return self._seen_waiting or self._poll_state.state is not None

    def _result(self, context: Context, task: VideoTask) -> dict[str, Any]:
        from airflow_provider_runway.results import finished_result, utc_now
        from airflow_provider_runway.utils.asset_events import describe_video

        self.log.info("The video of task %s is ready.", task.task_id)
        self.video_link = task.video_url or ""
        self.result = finished_result(task, completed_at=utc_now() if self._was_seen else None)
        describe_video(context, self.outlets, self.result)
        return self.result.to_json()

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """Which video was waited for, and its files at KIE; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.utils import openlineage

        video = openlineage.DataSet.of_video(self.result.task_id if self.result else self.runway_task_id)
        return openlineage.facets([video], [each for each in openlineage.at_kie(self.result) if each != video])

    def _give_up(self, error: RunwayError, context: Context) -> NoReturn:
        """Fail or skip. What KIE has failed stays failed: no retry of a sensor changes that."""
        from airflow_provider_runway.utils.failures import with_advice
        from airflow_provider_runway.utils.versions import (
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
        )

        if self.never_fail or (self.soft_fail and isinstance(error, _NO_VIDEO)):
            raise AirflowSkipException(f"{type(error).__name__}: {error}") from error
        if isinstance(error, (GenerationFailedError, WaitTimeoutError)):
            error = error.replace(retryable=False)
        error = with_advice(error, self._advice(error, context), self, context)
        message = f"{type(error).__name__}: {error}"
        if isinstance(error, WaitTimeoutError):
            raise AirflowSensorTimeout(message) from error
        if not error.retryable:
            self.soft_fail = False  # or Airflow would make a skip of this one, too
            raise AirflowFailException(message) from error
        raise error

    def _show(self, context: Context) -> None:
        try:
            self.show_logs(self.runway_task_id)
        except RunwayError as error:
            self._give_up(error, context)
