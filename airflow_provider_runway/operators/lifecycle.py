"""Making a video once: submit unless an earlier try has, wait, store, hand over the result."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_runway.kie.api import submission_call
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    ConnectionSettingsError,
    GenerationFailedError,
    MaintenanceError,
    RateLimitedError,
    RunwayError,
    ServiceError,
    TaskNotFoundError,
)
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.judging import Verdict, judge
from airflow_provider_runway.kie.poll_state import timed_out
from airflow_provider_runway.kie.prices import estimate, price_key
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.operators.admission import (
    LONGEST_QUEUEING,
    after_refusal,
    may_exceed_the_limit,
    time_to_moment,
)
from airflow_provider_runway.operators.advice import PAGE, Standing, advise
from airflow_provider_runway.operators.callbacks import say_last
from airflow_provider_runway.operators.handing_over import HandingOver
from airflow_provider_runway.operators.request_files import RequestFiles
from airflow_provider_runway.operators.submission import Refuse, Stage, Submission, Submit, plan
from airflow_provider_runway.operators.submitter import QUEUE_ELSEWHERE, WAIT_HERE, Submitter
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.operators.video_file import check_target
from airflow_provider_runway.results import VideoResult, to_iso, utc_now
from airflow_provider_runway.triggers.deferral import shortest_deferral, trigger_timeout
from airflow_provider_runway.triggers.events import AdmissionEvent, AdmissionRequest, PollRequest, VideoEvent
from airflow_provider_runway.utils.config import read_largest_file, read_prices, read_shortest_deferral
from airflow_provider_runway.utils.failures import as_airflow_failure

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_runway.operators.base import RunwayVideoOperator

_PAID = frozenset({Stage.SUBMITTED, Stage.FINISHED})


class VideoLifecycle:
    """One stretch of an operator's work, from its start or from where a trigger has brought it back.

    :param operator: The operator, after templating.
    :param context: The task's context.
    """

    def __init__(self, operator: RunwayVideoOperator, context: Context) -> None:
        self._operator = operator
        self._context = context
        self._hook = operator.hook
        self._log = operator.log
        self._store = TaskState(context)
        self._save_to = operator.target
        self._files = RequestFiles(operator.hook, context, operator.log)
        self._submitted_before = False
        self._paid: str | None = None

    @property
    def standing(self) -> Standing:
        """Where the task stands now: whether something is paid, and what a further try does."""
        with suppress(Exception):  # a connection that cannot be read has KIE's own page
            self._operator.show_logs(self._paid or "")
        return Standing(
            conn_id=self._operator.runway_conn_id,
            logs=self._operator.logs_link,
            is_kept=self._store.is_kept,
            task_id=self._paid,
        )

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Have whatever goes wrong say what is paid and what to do; a KIE task that is paid is worth another try."""
        with as_airflow_failure(self._operator, lambda error: advise(error, self.standing)), self._hook:
            try:
                yield
            except (ServiceError, ConnectionSettingsError) as error:
                error.retryable = error.retryable or self._paid is not None
                raise
            except RunwayError:
                raise
            except Exception:
                if self._paid is not None:
                    say_last(self._operator, f"Task {self._paid} is paid. {self.standing.further_try} {PAGE}")
                raise

    def make(self, admitted: AdmissionEvent | None = None) -> VideoResult:
        """Submit, unless an earlier try has, and wait.

        :param admitted: How the admission queue has let it through, if it was there.
        """
        with self._ending():
            earlier = self._store.read()
            if earlier is not None and not self._store.has_succeeded(earlier) and earlier.stage in _PAID:
                self._paid = earlier.task_id
            self._operator.show_logs()
            self._check_before_paying()
            submission, task = self._reattach(earlier)
            if submission is None:
                self._paid = None
                # The look at an earlier task may have recorded that it failed.
                submission = self._submit(admitted, earlier and self._store.read())
            self._paid = _task_id(submission)
            self._operator.show_logs(self._paid)
            self._context["ti"].xcom_push("task_id", submission.task_id)
            if not self._operator.wait_for_completion:
                return self._handing_over.submitted(self._paid, submission)
            waits = task is None or judge(task).verdict is Verdict.WAIT
            if task is None or waits:
                task = self._wait(submission, self._operator.timeout.total_seconds())
            return self._finish(task, submission, seen_to_finish=waits)

    def submit_admitted(self, event: dict[str, Any]) -> VideoResult:
        """Submit at the moment that the admission queue gave."""
        admitted = AdmissionEvent.from_event(event)
        time.sleep(time_to_moment(admitted, time.time()))
        return self.make(admitted)

    def complete(self, event: dict[str, Any], deadline: float | None, submitted_at: str | None) -> VideoResult:
        """Look once more after the trigger, then hand over the video or say what happened."""
        ended = VideoEvent.from_event(event)
        task_id = self._paid = ended.task_id
        with self._ending():
            self._submitted_before = True
            self._operator.show_logs(task_id)
            submission = self._store.read()
            if submission is None or submission.task_id != task_id:
                submission = _submission_of(task_id, submitted_at, fingerprint(self._request))
            try:
                task = self._look(submission, unknown_is_gone=ended.state == "gone")
            except RunwayError as error:
                if ended.state == "fault" and error.retryable:
                    raise ended.as_error() from error
                raise
            if task is None or judge(task).verdict is Verdict.WAIT:
                if ended.state == "fault":
                    raise ended.as_error(task.state if task else None)
                left = 0.0 if deadline is None else deadline - time.time()
                if ended.state == "timeout" or left <= 0:
                    raise timed_out(task_id, task.state.value if task else None, submitted=True)
                task = self._wait(submission, left)
            return self._finish(task, submission)

    @cached_property
    def _request(self) -> Request:
        return self._files.identify(self._operator.build_request(), submitted=self._submitted_before)

    @cached_property
    def _price(self) -> float | None:
        return estimate(self._request, read_prices())

    def _check_before_paying(self) -> None:
        """What can go wrong after the submission must not come to light only then."""
        self._operator.check_target()
        submission_call(self._request, self._hook.settings.address.api)
        json.dumps([self._poll_request("", 0.0, 0.0).to_kwargs(), self._price])
        read_largest_file()
        read_shortest_deferral()

    def _reattach(self, earlier: Submission | None) -> tuple[Submission | None, VideoTask | None]:
        """The submission of an earlier try and its task, if this try is to wait on it and if KIE shows it."""
        decision = plan(
            earlier,
            fingerprint(self._request),
            has_succeeded=self._store.has_succeeded(earlier),
            resubmit_ambiguous=self._operator.on_ambiguous_submit == "resubmit",
        )
        if isinstance(decision, Refuse):
            raise decision.error
        if isinstance(decision, Submit):
            if decision.note:
                self._log.warning("%s", decision.note)
            return None, None
        submission = decision.submission
        self._log.info("%s", decision.note)
        try:
            return submission, self._look(submission)
        except GenerationFailedError as error:
            if not error.retryable:
                raise
            self._log.warning("%s It is submitted again now.", error)
            return None, None

    def _submit(self, admitted: AdmissionEvent | None, earlier: Submission | None) -> Submission:
        if self._operator.refresh(self._context):
            for known in ("_request", "_price"):
                self.__dict__.pop(known, None)
            self._check_before_paying()
        if self._save_to is not None:
            check_target(self._save_to, earlier.saved_to if earlier else None)
        submitter = Submitter(self._hook, self._store, self._price, self._log, self._files.upload)
        retry_rules = QUEUE_ELSEWHERE if self._operator.deferrable else WAIT_HERE
        limit = self._hook.settings.submission_limit
        conn_id = self._operator.runway_conn_id
        if self._operator.deferrable and admitted is None and self._may_exceed(limit):
            self._queue(AdmissionRequest(runway_conn_id=conn_id, queued_at=time.time(), limit=limit))
        try:
            return submitter.submit(self._request, retry_rules, earlier)
        except AmbiguousSubmissionError as error:
            error.retryable = self._operator.on_ambiguous_submit == "resubmit"
            raise
        except (RateLimitedError, MaintenanceError) as refusal:
            now = time.time()
            request = after_refusal(refusal, admitted, conn_id, limit, now)
            if not self._operator.deferrable or now - request.queued_at > LONGEST_QUEUEING:
                raise
            self._log.info("%s This task queues in the triggerer.", refusal)
            self._queue(request)

    def _may_exceed(self, limit: int) -> bool:
        return may_exceed_the_limit(self._context, limit, waits=self._operator.wait_for_completion)

    def _queue(self, request: AdmissionRequest) -> NoReturn:
        from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger

        self._operator.defer(
            trigger=RunwayAdmissionTrigger(**request.to_kwargs()),
            method_name="execute_admitted",
            timeout=timedelta(seconds=LONGEST_QUEUEING),
        )

    def _look(self, submission: Submission, *, unknown_is_gone: bool = False) -> VideoTask | None:
        """Look at a task once: ``None`` if KIE does not show it (yet)."""
        with self._store.ending(submission):
            try:
                task = self._hook.get_task(_task_id(submission), self._operator.kind)
            except TaskNotFoundError:
                if unknown_is_gone:
                    raise
                return None
            decision = judge(task)
            if decision.error is not None:
                raise decision.error
            return task

    def _wait(self, submission: Submission, seconds: float) -> VideoTask:
        task_id, submitted_at = _task_id(submission), _epoch(submission.submitted_at)
        if not self._operator.deferrable or seconds < shortest_deferral():
            with self._store.ending(submission):
                return self._hook.wait(
                    task_id,
                    self._operator.kind,
                    poll_interval=self._operator.poll_interval,
                    timeout=seconds,
                    age=None if submitted_at is None else time.time() - submitted_at,
                )
        from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

        deadline = time.time() + seconds
        self._operator.defer(
            trigger=RunwayVideoTrigger(**self._poll_request(task_id, deadline, submitted_at).to_kwargs()),
            method_name="execute_complete",
            kwargs={"deadline": deadline, "submitted_at": submission.submitted_at},
            timeout=trigger_timeout(seconds, self._operator.poll_interval),
        )

    def _poll_request(self, task_id: str, deadline: float, submitted_at: float | None) -> PollRequest:
        return PollRequest(
            runway_conn_id=self._operator.runway_conn_id,
            runway_task_id=task_id,
            kind=self._operator.kind,
            poll_interval=self._operator.poll_interval,
            deadline=deadline,
            submitted_at=submitted_at,
            profile=price_key(self._request),
        )

    def _finish(self, task: VideoTask, submission: Submission, *, seen_to_finish: bool = True) -> VideoResult:
        return self._handing_over.finished(task, submission, self._save_to, seen_to_finish=seen_to_finish)

    @property
    def _handing_over(self) -> HandingOver:
        return HandingOver(self._operator, self._context, self._store, self._request, self._price)


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


def _epoch(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).timestamp()
