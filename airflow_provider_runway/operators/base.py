"""What every operator that makes a video does: submit once, wait, hand over the result."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from airflow.sdk import BaseOperator

from airflow_provider_runway.airflow_errors import fail_for_good_if_hopeless
from airflow_provider_runway.configuration import read_prices
from airflow_provider_runway.deferral import event_error, trigger_timeout
from airflow_provider_runway.kie.api import fingerprint, submission_call
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    GenerationFailedError,
    InvalidRequestError,
    MaintenanceError,
    RateLimitedError,
    RunwayError,
    TaskNotFoundError,
)
from airflow_provider_runway.kie.polling import Verdict, judge, timed_out
from airflow_provider_runway.kie.prices import estimate
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import Kind, VideoTask
from airflow_provider_runway.links.runway import KIE_LOGS, KieLogsLink, RunwayVideoLink, logs_url
from airflow_provider_runway.operators.admission import (
    LONGEST_QUEUEING,
    Ticket,
    may_fill_the_limit,
    time_to_moment,
)
from airflow_provider_runway.operators.parameters import check_seconds, optional
from airflow_provider_runway.operators.submission import Refuse, Stage, Submission, Submit, plan
from airflow_provider_runway.operators.submission_store import SubmissionStore
from airflow_provider_runway.operators.submitter import QUEUE_ELSEWHERE, WAIT_HERE, Submitter
from airflow_provider_runway.operators.video_file import check_target, save
from airflow_provider_runway.results import VideoResult, finished_result, submitted_result, to_iso, utc_now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger

AmbiguousSubmit = Literal["fail", "resubmit"]


class RunwayVideoOperator(BaseOperator):
    """Base of the operators that make a video. A subclass says which request it makes.

    :param extra_fields: Further fields of the request body, sent as they are. (templated)
    :param callback_url: http(s) URL that KIE posts to when the task has ended. (templated)
    :param save_to: An object storage path: the finished video is stored there. With a ``/`` at the end it is a folder,
        and the file is called ``<task_id>.mp4``. A file that this task did not make is never replaced. (templated)
    :param wait_for_completion: Wait for the video; otherwise succeed as soon as it is submitted, for a
        :class:`~airflow_provider_runway.sensors.runway.RunwayVideoSensor` to wait on.
    :param deferrable: Wait in the triggerer, without a worker slot. ``False`` waits in the worker.
    :param poll_interval: Seconds, the shortest pause between two looks at the task.
    :param timeout: The longest wait of one try, counted from the submission or, in a retry, from the reattachment;
        a timedelta or seconds.
    :param on_ambiguous_submit: What to do about a submission whose outcome is unknown: ``"fail"`` for good, or
        ``"resubmit"`` in the next try, which may pay twice.
    :param runway_conn_id: The connection, of type ``runway``.
    """

    template_fields: Sequence[str] = ("extra_fields", "callback_url", "save_to")
    template_fields_renderers: ClassVar[dict[str, str]] = {"extra_fields": "json"}
    operator_extra_links = (RunwayVideoLink(), KieLogsLink())
    ui_color = "#e8e3f8"
    kind: ClassVar[Kind] = "runway"
    video_link: str = ""
    logs_link: str = KIE_LOGS

    def __init__(
        self,
        *,
        extra_fields: dict[str, Any] | None = None,
        callback_url: str | None = None,
        save_to: str | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = True,
        poll_interval: float = 10,
        timeout: timedelta | float = timedelta(minutes=30),
        on_ambiguous_submit: AmbiguousSubmit = "fail",
        runway_conn_id: str = "runway_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.extra_fields = extra_fields
        self.callback_url = callback_url
        self.save_to = save_to
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = check_seconds("poll_interval", poll_interval).total_seconds()
        self.timeout = check_seconds("timeout", timeout)
        self.on_ambiguous_submit = on_ambiguous_submit
        self.runway_conn_id = runway_conn_id
        if on_ambiguous_submit not in {"fail", "resubmit"}:
            raise InvalidRequestError("on_ambiguous_submit", on_ambiguous_submit, "must be 'fail' or 'resubmit'")
        if save_to is not None and not wait_for_completion:
            raise InvalidRequestError("save_to", save_to, "needs wait_for_completion=True: there is no video before")

    def build_request(self) -> Request:
        """The request, out of the parameters after templating.

        :raises InvalidRequestError: If a parameter breaks a rule.
        """
        raise NotImplementedError

    @property
    def parent_task_id(self) -> str | None:
        """The task that the new video extends, if it does."""
        return None

    @cached_property
    def hook(self) -> RunwayHook:
        """The hook of this task's connection."""
        from airflow_provider_runway.hooks.runway import RunwayHook

        return RunwayHook(self.runway_conn_id)

    def execute(self, context: Context) -> VideoResult:
        """Submit, unless an earlier try has, and wait.

        :return: The result object; see :class:`~airflow_provider_runway.results.VideoResult`.
        :raises airflow.sdk.exceptions.AirflowFailException: On what no retry can help.
        :raises RunwayError: On what a retry can help.
        """
        return self._make_video(context, None)

    def execute_admitted(self, context: Context, event: dict[str, Any]) -> VideoResult:
        """Go on after the admission queue: submit at the moment that it gave.

        :param event: The event of a :class:`~airflow_provider_runway.triggers.admission.RunwayAdmissionTrigger`.
        """
        time.sleep(time_to_moment(event, time.time()))
        return self._make_video(context, Ticket.from_event(event))

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        deadline: float | None = None,
        submitted_at: str | None = None,
    ) -> VideoResult:
        """Go on after the trigger: look once more, then hand over the video or say what happened.

        :param event: The event of a :class:`~airflow_provider_runway.triggers.runway.RunwayVideoTrigger`.
        :param deadline: Epoch seconds at which this try stops waiting.
        :param submitted_at: When the task was submitted, ISO 8601.
        """
        with fail_for_good_if_hopeless(), self.hook:
            request = self.build_request()
            store = SubmissionStore(context)
            task_id, outcome = str(event["task_id"]), event["state"]
            self._show(task_id)
            submission = store.read()
            if submission is None or submission.task_id != task_id:
                submission = _submission_of(task_id, submitted_at, fingerprint(request))
            try:
                task = self._look(submission, store, unknown_is_gone=outcome == "gone")
            except RunwayError as error:
                if outcome == "fault" and error.retryable:
                    raise event_error(event) from error
                raise
            if task is None or judge(task).verdict is Verdict.WAIT:
                if outcome == "fault":
                    raise event_error(event)
                left = 0.0 if deadline is None else deadline - time.time()
                if outcome == "timeout" or left <= 0:
                    raise timed_out(task_id, task.state.value if task else None)
                task = self._wait(submission, store, left)
            return self._finish(task, submission, request, store)

    def on_kill(self) -> None:
        """Say what killing this Airflow task means: KIE cannot cancel, so the video goes on and stays paid."""
        self.log.warning(
            "Killed. KIE.AI cannot cancel a task: a video that was submitted goes on being made and is paid. "
            "A retry, or clearing this task, waits on it and pays nothing."
        )

    def _make_video(self, context: Context, ticket: Ticket | None) -> VideoResult:
        with fail_for_good_if_hopeless(), self.hook:
            request = self.build_request()
            self._check_before_paying(request)
            store = SubmissionStore(context)
            earlier = store.read()
            submission, task = self._reattach(earlier, request, store)
            if submission is None:
                submission = self._submit(context, request, store, ticket, earlier.saved_to if earlier else None)
            self._show(_task_id(submission))
            context["ti"].xcom_push("task_id", submission.task_id)
            if not self.wait_for_completion:
                store.write_finished(submission)
                return self._submitted(submission, request)
            if task is None or judge(task).verdict is Verdict.WAIT:
                task = self._wait(submission, store)
            return self._finish(task, submission, request, store)

    def _reattach(
        self, earlier: Submission | None, request: Request, store: SubmissionStore
    ) -> tuple[Submission | None, VideoTask | None]:
        """The submission of an earlier try and its task, if this try is to wait on it and if KIE shows it."""
        decision = plan(
            earlier,
            fingerprint(request),
            max_tries=store.max_tries,
            resubmit_ambiguous=self.on_ambiguous_submit == "resubmit",
        )
        if isinstance(decision, Refuse):
            raise decision.error
        if isinstance(decision, Submit):
            if decision.note:
                self.log.warning("%s", decision.note)
            return None, None
        submission = decision.submission
        self.log.info(
            "An earlier try submitted task %s at %s: this one waits on it and pays nothing.",
            submission.task_id,
            submission.submitted_at,
        )
        try:
            return submission, self._look(submission, store)
        except GenerationFailedError as error:
            if not error.retryable:
                raise
            self.log.warning("%s It is submitted again now.", error)
            return None, None

    def _submit(
        self, context: Context, request: Request, store: SubmissionStore, ticket: Ticket | None, own: str | None
    ) -> Submission:
        if self.save_to is not None:
            check_target(self.save_to, own)
        submitter = Submitter(self.hook, store, read_prices(), self.log)
        patience = QUEUE_ELSEWHERE if self.deferrable else WAIT_HERE
        if self.deferrable and ticket is None and may_fill_the_limit(context):
            self._queue(Ticket(time.time()).trigger(self.runway_conn_id))
        try:
            return submitter.submit(request, patience, saved_to=own)
        except AmbiguousSubmissionError as error:
            error.retryable = self.on_ambiguous_submit == "resubmit"
            raise
        except (RateLimitedError, MaintenanceError) as refusal:
            now = time.time()
            ticket = ticket or Ticket(now)
            if not self.deferrable or now - ticket.queued_at > LONGEST_QUEUEING:
                raise
            self.log.info("%s. Nothing was taken or paid: this task queues in the triggerer.", refusal)
            self._queue(ticket.trigger_after(refusal, self.runway_conn_id, now))

    def _queue(self, trigger: RunwayAdmissionTrigger) -> NoReturn:
        self.defer(trigger=trigger, method_name="execute_admitted", timeout=timedelta(seconds=LONGEST_QUEUEING))

    def _look(
        self, submission: Submission, store: SubmissionStore, *, unknown_is_gone: bool = False
    ) -> VideoTask | None:
        """Look at a task once: ``None`` if KIE does not show it (yet)."""
        with store.ending(submission):
            try:
                task = self.hook.look(_task_id(submission), self.kind)
            except TaskNotFoundError:
                if unknown_is_gone:
                    raise
                return None
            decision = judge(task)
            if decision.error is not None:
                raise decision.error
            return task

    def _wait(self, submission: Submission, store: SubmissionStore, seconds: float | None = None) -> VideoTask:
        seconds = self.timeout.total_seconds() if seconds is None else seconds
        task_id = _task_id(submission)
        if not self.deferrable:
            with store.ending(submission):
                return self.hook.wait(task_id, self.kind, poll_interval=self.poll_interval, timeout=seconds)
        from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

        deadline = time.time() + seconds
        self.defer(
            trigger=RunwayVideoTrigger(**self._trigger_arguments(task_id, deadline)),
            method_name="execute_complete",
            kwargs={"deadline": deadline, "submitted_at": submission.submitted_at},
            timeout=trigger_timeout(seconds, self.poll_interval),
        )

    def _trigger_arguments(self, task_id: str, deadline: float) -> dict[str, Any]:
        return {
            "runway_conn_id": self.runway_conn_id,
            "runway_task_id": task_id,
            "kind": self.kind,
            "poll_interval": self.poll_interval,
            "deadline": deadline,
        }

    def _check_before_paying(self, request: Request) -> None:
        """What can go wrong after the submission must not come to light only then."""
        submission_call(request)
        self.save_to = optional(self.save_to)
        json.dumps(self._trigger_arguments("", 0.0))

    def _finish(self, task: VideoTask, submission: Submission, request: Request, store: SubmissionStore) -> VideoResult:
        completed_at = utc_now()
        self.video_link = task.video_url or ""
        saved_to = None if self.save_to is None else save(task, self.save_to, submission.saved_to)
        result = finished_result(
            task,
            parent_task_id=self.parent_task_id,
            submitted_at=submission.submitted_at,
            completed_at=completed_at,
            credits_estimate=estimate(request, read_prices()),
            saved_to=saved_to,
        )
        self.log.info(
            "The video of task %s is ready. KIE.AI keeps it until about %s.", task.task_id, result["expires_at"]
        )
        if saved_to is not None:
            self.log.info("It is stored at %s.", saved_to)
        store.write_finished(submission, self.save_to)
        return result

    def _submitted(self, submission: Submission, request: Request) -> VideoResult:
        return submitted_result(
            _task_id(submission),
            self.kind,
            parent_task_id=self.parent_task_id,
            submitted_at=submission.submitted_at,
            credits_estimate=estimate(request, read_prices()),
        )

    def _show(self, task_id: str) -> None:
        """Have the link to the logs ready for whenever this stretch of the task ends."""
        self.logs_link = logs_url(self.hook.settings.address.base_url, task_id)


def _task_id(submission: Submission) -> str:
    if submission.task_id is None:  # pragma: no cover - only submitted records come here
        raise TypeError("this submission has no task id")
    return submission.task_id


def _submission_of(task_id: str, submitted_at: str | None, fingerprint_: str) -> Submission:
    """A submission that no record tells of (Airflow before 3.3)."""
    return Submission(
        stage=Stage.SUBMITTED,
        fingerprint=fingerprint_,
        intended_at=submitted_at or to_iso(utc_now()),
        task_id=task_id,
        submitted_at=submitted_at,
    )
