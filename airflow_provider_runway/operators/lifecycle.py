"""One way from a request to its result: submit unless an earlier try has, wait, store, return the result.

It knows no operator: it is given a :class:`VideoJob` and returns what an operator is to do, which is to defer or to
return a result.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    GenerationFailedError,
    NoAnswerError,
    NotSentError,
    RunwayError,
    ServiceError,
    TaskNotFoundError,
    VideoExpiredError,
)
from airflow_provider_runway.kie.judging import Verdict, judge
from airflow_provider_runway.kie.poll_state import timed_out
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.operators.answers import Answers
from airflow_provider_runway.operators.earlier_tries import EarlierTries
from airflow_provider_runway.operators.finish import Finish
from airflow_provider_runway.operators.lost_replies import LostReply
from airflow_provider_runway.operators.own_callbacks import expecting, tell_of_lost_call
from airflow_provider_runway.operators.request_files import RequestFiles
from airflow_provider_runway.operators.silence import Silence
from airflow_provider_runway.operators.submission import Refuse, Stage, Submission, Submit
from airflow_provider_runway.operators.submitter import Submitter
from airflow_provider_runway.operators.video_job import Deferral, Facts, Submitted, VideoJob
from airflow_provider_runway.results import VideoResult, submitted_result
from airflow_provider_runway.triggers.deferral import shortest_deferral, trigger_timeout
from airflow_provider_runway.triggers.events import AdmissionEvent, VideoEvent
from airflow_provider_runway.utils.callbacks import Called

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook


# So often another try may begin a submission while this one is about to.
_MOST_PLANS = 3


class VideoLifecycle:
    """What one process does for a task: from the start of a try, or from where a trigger has brought it back.

    Whatever comes of it, its attributes then tell: ``earlier``, what earlier tries have left behind; ``paid``, the KIE
    task that is paid, as far as is known; ``is_in_doubt``, whether an earlier try has sent what nobody knows the
    outcome of; ``video_url``, the video's link once there is one; and ``request``, what was asked for, if it is known.

    :param hook: The connection's hook.
    :param context: The task's context.
    :param log: The operator's log.
    :param reuses: Whether a task that has succeeded and is cleared takes its video again, while KIE has it.
    """

    def __init__(self, hook: RunwayHook, context: Context, log: Logger, *, reuses: bool = False) -> None:
        self.earlier = EarlierTries(hook, context, log, reuses=reuses)
        self.state = self.earlier.state
        self.paid: str | None = None
        self.is_in_doubt = False
        self.video_url = ""
        self.request: Request | None = None
        self._hook = hook
        self._context = context
        self._log = log
        self._answers = Answers(self.state, log)

    @property
    def pays_nothing(self) -> bool:
        """Whether nothing is known to be paid, and this try has sent nothing whose outcome is unknown."""
        return self.paid is None and not self.state.has_begun

    def read_submission(self) -> None:
        """Find out what an earlier try has submitted, before anything else can go wrong.

        :raises UnreadableRecordError: If there is a submission record that cannot be read.
        :raises RecordsFolderError: If the records folder cannot be read.
        """
        self.earlier.read()
        earlier = self.earlier.submission
        if earlier is not None and self.earlier.is_open:
            self.paid = earlier.task_id
            self.is_in_doubt = earlier.stage is Stage.INTENT

    def read_own_submission(self) -> None:
        """Find out what this try has submitted, back from a trigger that has died."""
        self.read_submission()
        if not self.earlier.are_recorded:
            self.paid = self.state.named_in_this_try

    def submit(
        self,
        job: VideoJob,
        request: Request,
        admitted: AdmissionEvent | None = None,
        called: Called | None = None,
    ) -> Submitted | Deferral:
        """Submit, unless an earlier try has: after :meth:`read_submission`.

        :param job: How it is waited for, and where it is stored.
        :param request: What is asked for.
        :param admitted: How the admission queue has let it through, if it was there.
        :param called: What it has kept, if it has waited for the call that brings a lost task id.
        :return: What is paid and to be waited on by :meth:`finish`; or how to wait for the moment to submit.
        """
        self.earlier.require()
        self._job = job
        request = self._identify(request)
        for _ in range(_MOST_PLANS):
            if called is None:
                self.earlier.await_outcome()
            lost = LostReply(
                job=job, request=request, hook=self._hook, earlier=self.earlier, context=self._context, log=self._log
            )
            waiting = lost.recover(called or Called())
            if waiting is not None:
                return waiting
            submitted = self._reattach(called, is_admitted=admitted is not None)
            if submitted is None:
                self.paid = None
                if job.renew_request is not None:
                    request = self._identify(job.renew_request())
                try:
                    outcome = self._submit(request, admitted)
                except AmbiguousSubmissionError as error:
                    outcome = replace(lost, request=request).recover_from(error)
                if isinstance(outcome, Deferral):
                    return outcome
                submitted = None if outcome is None else Submitted(outcome)
            if submitted is not None:
                self.paid = submitted.submission.task_id
                return submitted
            self.earlier.read()
        raise AmbiguousSubmissionError(
            "Other tries of this task go on submitting while this one is about to.", detail="This one has sent nothing."
        )

    def finish(self, submitted: Submitted) -> VideoResult | Deferral:
        """Wait for what was submitted and store it.

        :return: The result; or how to wait in the triggerer.
        """
        submission = submitted.submission
        if self._facts.kind == "answer":
            with self.state.recording_failure(submission):
                return self._finish(self._answers.of(submission), submission)
        if not self._job.wait_for_completion:
            result = submitted_result(
                submission.paid_task_id,
                self._job.kind,
                parent_task_id=self._facts.parent_task_id,
                submitted_at=submission.submitted_at,
                credits_estimate=self._facts.price,
            )
            self.state.write_finished(submission)
            return result
        if submitted.finished is not None:
            return self._finish(submitted.finished, submission, seen_to_finish=False)
        return self._wait(submission, self._job.timeout, submitted.state)

    def resume(
        self, job: VideoJob, facts: Facts, ended: VideoEvent, deadline: float | None, submitted_at: str | None
    ) -> VideoResult | Deferral:
        """Poll once more after the trigger, then return the result or say what happened.

        :param job: How it is waited for.
        :param facts: What is known of it.
        :param ended: How the trigger's wait has ended.
        :param deadline: Epoch seconds at which this try stops waiting.
        :param submitted_at: When the task was submitted, ISO 8601.
        """
        self._job, self._facts = job, facts.after(ended)
        tell_of_lost_call(facts, ended, self._log)
        submission = self.earlier.own(ended.task_id, submitted_at, facts)
        left = 0.0 if deadline is None or ended.state == "timeout" else deadline - self._hook.clock.time()
        try:
            polled = self._poll(submission, ended, faults_pass=left > 0 and ended.state != "fault")
        except RunwayError as error:
            if ended.state == "fault" and error.retryable:
                raise ended.as_error() from error
            raise
        if polled.finished is not None:
            return self._finish(polled.finished, submission)
        if ended.state == "fault":
            raise ended.as_error(polled.state)
        if left <= 0:
            raise timed_out(ended.task_id, polled.state, submitted=True)
        return self._wait(submission, left, polled.state)

    def _identify(self, request: Request) -> Request:
        self._files = RequestFiles(self._hook, self.state, self._log)
        self.request = request = self._files.identify(request)
        self._facts = Facts.of(self._job, request)
        return request

    def _reattach(self, called: Called | None, *, is_admitted: bool) -> Submitted | None:
        """The submission of an earlier try, if this one is to wait on it."""
        known_by, intent = None if self._job.repeats else self._facts.fingerprint, self.earlier.submission
        if intent is not None and known_by not in {None, intent.fingerprint}:
            intent = None
        silence = Silence(self._job, self._facts.profile, self._hook, self._log)
        resubmits = silence.allows_another(intent, self.state)
        decision = self.earlier.decide(known_by, resubmits=resubmits, is_admitted=is_admitted)
        if isinstance(decision, Refuse):
            raise decision.error
        if called is not None and called.has_sent and intent is not None and intent.stage is Stage.INTENT:
            what = f"what was sent at {intent.intended_at} (request {intent.fingerprint})"
            raise AmbiguousSubmissionError(f"Nothing is known of {what}.", retryable=True)  # retries bound how often
        if isinstance(decision, Submit):
            if decision.note:
                self._log.warning("%s", decision.note)
            return None
        self._log.info("%s", decision.note)
        try:
            return self._poll(decision.submission)
        except (GenerationFailedError, VideoExpiredError) as error:
            if not (self.earlier.is_reused if isinstance(error, VideoExpiredError) else error.retryable):
                raise
            self._log.warning("%s It is submitted again now.", error)
            return None

    def _submit(self, request: Request, admitted: AdmissionEvent | None) -> Submission | Deferral | None:
        submitter = Submitter(
            job=self._job,
            hook=self._hook,
            state=self.state,
            files=self._files,
            facts=self._facts,
            answers=self._answers,
            context=self._context,
            log=self._log,
        )
        return submitter.submit(request, admitted, self.state.current)

    def _poll(self, submission: Submission, ended: VideoEvent | None = None, *, faults_pass: bool = True) -> Submitted:
        """Poll once, before a wait: what passes, and says nothing of the task, is left to the wait."""
        if self._facts.kind == "answer":  # there is nothing to be polled
            return Submitted(submission)
        with self.state.recording_failure(submission):
            try:
                task = self._hook.get_task(submission.paid_task_id, self._facts.kind)
            except TaskNotFoundError:
                if ended is not None and ended.state == "gone":
                    raise
                return Submitted(submission)
            except (ServiceError, NoAnswerError, NotSentError) as fault:
                if not faults_pass or not fault.retryable:
                    raise
                self._log.warning("%s Task %s is waited for all the same.", fault, submission.task_id)
                return Submitted(submission)
            decision = judge(task)
            if decision.error is not None:
                raise decision.error
            has_waited = ended is not None and ended.state != "called"
            done = decision.verdict is Verdict.DONE and (has_waited or not decision.is_early)
            return Submitted(submission, task.state.value, task if done else None)

    def _wait(self, submission: Submission, seconds: float, seen: str | None) -> VideoResult | Deferral:
        """Wait here for what would be over too soon for a deferral, otherwise in the triggerer."""
        job, task_id, submitted_at = self._job, submission.paid_task_id, submission.submitted_epoch
        if not job.deferrable or seconds < shortest_deferral():
            with self.state.recording_failure(submission):
                task = self._hook.wait(
                    task_id,
                    self._facts.kind,
                    poll_interval=job.poll_interval,
                    timeout=seconds,
                    age=None if submitted_at is None else self._hook.clock.time() - submitted_at,
                    on_change=lambda state, waited: self._report(submission, state, waited),
                )
            return self._finish(task, submission)
        from airflow_provider_runway.triggers.runway import RunwayVideoTrigger

        facts = self._facts = expecting(self._facts, submission, self.state)
        deadline = self._hook.clock.time() + seconds
        return Deferral(
            RunwayVideoTrigger(**facts.poll_request(job, task_id, deadline, submitted_at, seen).to_kwargs()),
            "execute_complete",
            trigger_timeout(seconds, job.poll_interval),
            {"deadline": deadline, "submitted_at": submission.submitted_at, "facts": asdict(facts)},
        )

    def _report(self, submission: Submission, state: str, waited: float) -> None:
        self._log.info("Task %s: %s after %.0f s.", submission.task_id, state, waited)
        if self.state.is_behind:
            self.state.note(submission)

    def _finish(self, task: VideoTask, submission: Submission, *, seen_to_finish: bool = True) -> VideoResult:
        self.video_url = task.video_url or ""
        storing = Finish(self._job, self._facts, self.request, self._hook, self._context, self._log)
        return storing.finish(task, submission, self.state, seen_to_finish=seen_to_finish)
