"""Submitting once: the guard of the balance, the intent before the POST, the task id right after it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_runway.hooks.callbacks import callback_base_url
from airflow_provider_runway.kie.api import destination, submission_call
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    MaintenanceError,
    RateLimitedError,
    RunwayError,
)
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.input_faults import explained
from airflow_provider_runway.kie.prices import check_floor, priced
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.operators.admission import LONGEST_QUEUEING, after_refusal, may_exceed_the_limit
from airflow_provider_runway.operators.advice import NO_RECORD
from airflow_provider_runway.operators.answers import Answers
from airflow_provider_runway.operators.budget import Budget, budget_for
from airflow_provider_runway.operators.own_callbacks import OwnCallback, own_callback
from airflow_provider_runway.operators.request_files import RequestFiles
from airflow_provider_runway.operators.silence import Silence
from airflow_provider_runway.operators.submission import Stage, Submission, failures_before
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.operators.video_job import Deferral, Facts, VideoJob
from airflow_provider_runway.results import to_iso, utc_now
from airflow_provider_runway.triggers.events import AdmissionEvent, AdmissionRequest
from airflow_provider_runway.utils import metrics
from airflow_provider_runway.utils.announcements import reason_of
from airflow_provider_runway.utils.config import read_largest_file, read_prices, read_shortest_deferral

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.kie.client import KieClient
    from airflow_provider_runway.kie.flows import OnAnswer

# A deferrable task waits out a refusal in the triggerer; another one has only its worker to wait in. In neither is a
# request on its way meanwhile, and neither leaves a doubt if it is killed: each is recorded by itself.
_ONE_REFUSAL = RetryRules(refusal_tries=1)
_REFUSALS = RetryRules(refusal_tries=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Submits the request of a job and writes its submission record.

    :param job: How the task waits, and where it stores.
    :param hook: The connection's hook.
    :param state: Where the submission record is kept.
    :param files: The files that the request names.
    :param facts: What is known of the request.
    :param answers: Where an answer is kept that KIE gives at once.
    :param context: The task's context.
    :param log: Where to say what is paid.
    """

    job: VideoJob
    hook: RunwayHook
    state: TaskState
    files: RequestFiles
    facts: Facts
    answers: Answers
    context: Context
    log: Logger

    def submit(
        self, request: Request, admitted: AdmissionEvent | None, earlier: Submission | None
    ) -> Submission | Deferral | None:
        """Submit a request at its turn: after having queued in the triggerer, if too many are under way.

        :param request: The request.
        :param admitted: How the admission queue has let it through, if it was there.
        :param earlier: The submission record of an earlier try, which this one takes the place of.
        :return: What is paid; or how to queue; or ``None`` if nothing was sent, as another try has begun a submission
            since the record was read.
        :raises CreditFloorError: If the video would take the balance below the connection's floor; nothing was sent.
        :raises DailyCreditLimitError: If it would take the day's spending above the limit; nothing was sent.
        :raises AmbiguousSubmissionError: If KIE may have taken it. The submission record keeps the intent, so that no
            later try sends it again by itself.
        :raises RunwayError: Any other error means that KIE took nothing; the submission record is as it was before.
        """
        self._check(request)
        try:
            if (budget := self._budget()) is not None:
                self.state.check_budget(budget)
        except RunwayError as error:
            self._count_refusal(error)
            raise
        job, limit = self.job, self.hook.settings.submission_limit
        if job.save_to is not None:
            from airflow_provider_runway.storage.check_target import check_target

            check_target(job.save_to, earlier.replaceable(job.save_to) if earlier else None)
        may_queue = job.deferrable and admitted is None
        if may_queue and may_exceed_the_limit(self.context, limit, waits=job.wait_for_completion):
            return _queue(
                AdmissionRequest(runway_conn_id=job.runway_conn_id, queued_at=self.hook.clock.time(), limit=limit)
            )
        try:
            return self._submit_now(request, earlier)
        except AmbiguousSubmissionError as error:
            raise error.replace(retryable=job.on_ambiguous_submit == "resubmit") from error.__cause__
        except (RateLimitedError, MaintenanceError) as refusal:
            now = self.hook.clock.time()
            queueing = after_refusal(refusal, admitted, job.runway_conn_id, limit, now)
            if not job.deferrable or now - queueing.queued_at > LONGEST_QUEUEING:
                raise
            self.log.info("%s This task queues in the triggerer.", refusal)
            return _queue(queueing)

    def _check(self, request: Request) -> None:
        """What can go wrong after the submission must not come to light only then; of no concern to what is paid."""
        self.state.check()
        self.files.check()
        submission_call(request, destination(request, self.hook.settings.address.api))
        callback_base_url(self.hook.settings)
        read_prices()
        json.dumps([self.facts.poll_request(self.job, "", 0.0, 0.0).to_kwargs(), asdict(self.facts)])
        read_largest_file()
        read_shortest_deferral()

    def _budget(self) -> Budget | None:
        """Of which the submission's credits are set aside, where a day may cost so much and no more."""
        facts = self.facts
        return budget_for(
            self.hook.settings,
            self.hook.clock,
            price=facts.price,
            model=facts.profile,
            max_credits=self.job.max_credits,
            has_folder=self.state.has_folder,
        )

    def _submit_now(self, request: Request, earlier: Submission | None) -> Submission | None:
        if not self.state.outlives_try:
            self.log.warning(
                "%s: if this try fails once it has submitted, no retry can go on with the video.", NO_RECORD
            )
        client, floor = self.hook.get_conn(), self.hook.settings.credit_floor
        if floor is not None:
            self._check_floor(floor)
        ready, sends = self.files.upload(request), 0
        while True:
            sends += 1
            try:
                return self._send(client, ready, fingerprint(request), earlier)
            except (RateLimitedError, MaintenanceError) as refusal:
                if self.job.deferrable or not _REFUSALS.allows_another(sends, refusal):
                    raise
                pause = _REFUSALS.pause(sends, refusal)
                self.log.info("%s It is sent again in %.0f s.", refusal, pause)
            self.hook.clock.sleep(pause)

    def _send(self, client: KieClient, ready: Request, known_by: str, earlier: Submission | None) -> Submission | None:
        callback = own_callback(ready, self.hook, self.context, self.log)
        intent = Submission(
            stage=Stage.INTENT,
            fingerprint=known_by,
            intended_at=to_iso(utc_now()),
            saved_to=earlier.saved_to if earlier else None,
            saved=earlier.saved if earlier else (),
            failures=failures_before(earlier, known_by),
            nonce=callback.token.nonce if callback else None,
        )
        if callback is not None:
            Silence(self.job, self.facts.profile, self.hook, self.log).begin(callback.token)
        if not self.state.begin(intent, self._budget()):
            self.log.warning("Another try of this task has begun to submit.")
            return None
        try:
            name = f"{intent.fingerprint}, sent after {intent.intended_at}"
            task_id = _post(client, ready, callback, name, self.answers.keep)
        except AmbiguousSubmissionError:
            metrics.count("doubts", conn_id=self.job.runway_conn_id)
            raise
        except RunwayError as error:
            self._count_refusal(error)
            self._put_back(intent, earlier)
            raise explained(error, ready, client) from error.__cause__
        submission = replace(intent, stage=Stage.SUBMITTED, task_id=task_id, submitted_at=to_iso(utc_now()))
        # Said first: whatever strikes while it is written down, the log has the id.
        self.log.info(
            "Submitted to KIE.AI: task %s, for %s. It is paid from here on: killing this Airflow task neither stops "
            "nor refunds the video.",
            task_id,
            priced(self.facts.price),
        )
        self._write_paid(submission)
        self._count()
        return submission

    def _check_floor(self, floor: float) -> None:
        try:
            check_floor(self.hook.credits(), self.facts.price, floor)
        except RunwayError as error:
            self._count_refusal(error)
            raise

    def _count(self) -> None:
        model, conn_id, dag_id = self.facts.profile, self.job.runway_conn_id, self.context["ti"].dag_id
        metrics.count("submissions", model=model, conn_id=conn_id, dag_id=dag_id)
        metrics.count("credits", self.facts.price or 0, model=model, conn_id=conn_id, dag_id=dag_id)

    def _count_refusal(self, error: RunwayError) -> None:
        metrics.count("refusals", by=error.code or reason_of(error), conn_id=self.job.runway_conn_id)

    def _put_back(self, intent: Submission, earlier: Submission | None) -> None:
        """Write down that nothing was taken. Failing to is no reason to hide what KIE has said."""
        try:
            self.state.put_back(intent, earlier)
        except Exception:
            self.log.exception("Nothing was paid, which could not be recorded: a retry takes the outcome for unknown.")

    def _write_paid(self, submission: Submission) -> None:
        """Write down a task id that is paid. Failing to is no reason to lose the video as well."""
        try:
            self.state.write_submission(submission, patience=self.job.timeout)
        except Exception:
            self.log.exception(
                "Task %s is paid and could not be recorded. This try waits on it all the same, and records it when it "
                "can; a retry that begins before does not find it, and does not submit again.",
                submission.task_id,
            )


def _post(client: KieClient, request: Request, callback: OwnCallback | None, known_as: str, on_answer: OnAnswer) -> str:
    if callback is None:
        return client.submit(request, retry_rules=_ONE_REFUSAL, known_as=known_as, on_answer=on_answer)
    try:
        asking = replace(request, callback_url=callback.url)
        return client.submit(asking, retry_rules=_ONE_REFUSAL, known_as=known_as, on_answer=on_answer)
    except RunwayError as error:
        fault = callback.conceal(error)
    raise fault


def _queue(request: AdmissionRequest) -> Deferral:
    from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger

    trigger = RunwayAdmissionTrigger(**request.to_kwargs())
    return Deferral(trigger, "execute_admitted", timedelta(seconds=LONGEST_QUEUEING))
