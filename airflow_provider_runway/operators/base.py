"""What every operator that makes a video does: submit once, wait, hand over the result."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import BaseOperator

from airflow_provider_runway.airflow_errors import fail_for_good_if_hopeless
from airflow_provider_runway.deferral import event_error, trigger_timeout
from airflow_provider_runway.kie.api import fingerprint, submission_call
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    InvalidRequestError,
    RunwayError,
    TaskNotFoundError,
)
from airflow_provider_runway.kie.polling import Verdict, judge, timed_out
from airflow_provider_runway.kie.prices import estimate, in_dollars
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import Kind, VideoTask
from airflow_provider_runway.links.runway import KIE_LOGS, KieLogsLink, RunwayVideoLink, logs_url
from airflow_provider_runway.operators.parameters import check_seconds
from airflow_provider_runway.operators.submission import Reattach, Refuse, Stage, Submission, plan
from airflow_provider_runway.operators.submission_store import SubmissionStore
from airflow_provider_runway.results import VideoResult, finished_result, submitted_result, to_iso, utc_now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.hooks.runway import RunwayHook

AmbiguousSubmit = Literal["fail", "resubmit"]


class RunwayVideoOperator(BaseOperator):
    """Base of the operators that make a video. A subclass says which request it makes.

    :param extra_fields: Further fields of the request body, sent as they are. (templated)
    :param callback_url: http(s) URL that KIE posts to when the task has ended. (templated)
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

    template_fields: Sequence[str] = ("extra_fields", "callback_url")
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
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = check_seconds("poll_interval", poll_interval).total_seconds()
        self.timeout = check_seconds("timeout", timeout)
        self.on_ambiguous_submit = on_ambiguous_submit
        self.runway_conn_id = runway_conn_id
        if on_ambiguous_submit not in {"fail", "resubmit"}:
            raise InvalidRequestError("on_ambiguous_submit", on_ambiguous_submit, "must be 'fail' or 'resubmit'")

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
        with fail_for_good_if_hopeless(), self.hook:
            request = self.build_request()
            self._check_before_paying(request)
            store = SubmissionStore(context)
            submission, task = self._submit_or_reattach(request, store)
            self._show(_task_id(submission))
            context["ti"].xcom_push("task_id", submission.task_id)
            if not self.wait_for_completion:
                store.write_finished(submission)
                return self._submitted(submission, request)
            if task is None or judge(task).verdict is Verdict.WAIT:
                task = self._wait(submission, store)
            return self._finish(task, submission, request, store)

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        deadline: float | None = None,
        submitted_at: str | None = None,
    ) -> VideoResult:
        """Go on after the trigger: look once more, then hand over the video or say what happened.

        :param event: The trigger's event: the task's id and how the wait has ended.
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

    def _submit_or_reattach(self, request: Request, store: SubmissionStore) -> tuple[Submission, VideoTask | None]:
        """The submission to wait on, and its task where it was looked at already."""
        decision = plan(
            store.read(),
            fingerprint(request),
            max_tries=store.max_tries,
            resubmit_ambiguous=self.on_ambiguous_submit == "resubmit",
        )
        if isinstance(decision, Refuse):
            raise decision.error
        if isinstance(decision, Reattach):
            earlier = decision.submission
            self.log.info(
                "An earlier try submitted task %s at %s: this one waits on it and pays nothing.",
                earlier.task_id,
                earlier.submitted_at,
            )
            try:
                return earlier, self._look(earlier, store)
            except RunwayError as error:
                if not self._failed_and_may_be_submitted_again(store, error):
                    raise
                self.log.warning("%s It is submitted again now.", error)
        elif decision.note:
            self.log.warning("%s", decision.note)
        return self._submit(request, store), None

    def _submit(self, request: Request, store: SubmissionStore) -> Submission:
        if not store.is_kept:
            self.log.warning(
                "This Airflow has no task state store (it came with 3.3): a retry of this task will not find this "
                "submission and will pay again."
            )
        client = self.hook.get_conn()
        intent = Submission(stage=Stage.INTENT, fingerprint=fingerprint(request), intended_at=to_iso(utc_now()))
        store.write(intent)
        try:
            task_id = client.submit(request)
        except AmbiguousSubmissionError:
            raise
        except RunwayError:
            store.forget()
            raise
        submission = replace(intent, stage=Stage.SUBMITTED, task_id=task_id, submitted_at=to_iso(utc_now()))
        self.log.info(
            "Submitted to KIE.AI: task %s, for %s. It is paid from here on: killing this Airflow task neither stops "
            "nor refunds the video.",
            task_id,
            _price(request),
        )
        self._keep(submission, store)
        return submission

    def _keep(self, submission: Submission, store: SubmissionStore) -> None:
        """Record a task id that is paid. Failing to is no reason to lose the video as well."""
        for pause in (1.0, 3.0, 9.0, None):
            try:
                return store.write(submission)
            except Exception as error:
                if pause is None:
                    self.log.exception(
                        "Task %s is paid and could not be recorded. This try waits on it all the same; a retry would "
                        "not find it and would fail rather than submit again.",
                        submission.task_id,
                    )
                    return None
                self.log.warning("Task %s could not be recorded, trying again: %s", submission.task_id, error)
                time.sleep(pause)
        return None

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
        json.dumps(self._trigger_arguments("", 0.0))

    def _finish(self, task: VideoTask, submission: Submission, request: Request, store: SubmissionStore) -> VideoResult:
        completed_at = utc_now()
        result = finished_result(
            task,
            parent_task_id=self.parent_task_id,
            submitted_at=submission.submitted_at,
            completed_at=completed_at,
            credits_estimate=estimate(request),
        )
        self.log.info(
            "The video of task %s is ready. KIE.AI keeps it until about %s.", task.task_id, result["expires_at"]
        )
        self.video_link = task.video_url or ""
        store.write_finished(submission)
        return result

    def _submitted(self, submission: Submission, request: Request) -> VideoResult:
        return submitted_result(
            _task_id(submission),
            self.kind,
            parent_task_id=self.parent_task_id,
            submitted_at=submission.submitted_at,
            credits_estimate=estimate(request),
        )

    def _show(self, task_id: str) -> None:
        """Have the link to the logs ready for whenever this stretch of the task ends."""
        self.logs_link = logs_url(self.hook.settings.address.base_url, task_id)

    @staticmethod
    def _failed_and_may_be_submitted_again(store: SubmissionStore, error: RunwayError) -> bool:
        record = store.read()
        return record is not None and record.stage is Stage.FAILED and error.retryable


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


def _price(request: Request) -> str:
    credits_ = estimate(request)
    return "a price that is not known" if credits_ is None else f"about {credits_:g} credits ({in_dollars(credits_)})"
