"""Submitting once: the guard of the balance, the intent before the POST, the task id right after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, CreditFloorError, RunwayError
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.prices import priced
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.operators.advice import NO_RECORD
from airflow_provider_runway.operators.submission import Stage, Submission, failures_before
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.results import to_iso, utc_now

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook

# A deferrable task waits out a refusal in the triggerer; another one has only its worker to wait in.
QUEUE_ELSEWHERE = RetryRules(refusal_tries=1)
WAIT_HERE = RetryRules(refusal_tries=60)


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits a request and keeps the record of it.

    :param hook: The connection's hook.
    :param store: Where the record is kept.
    :param price: Credits that the video is expected to cost; ``None`` if that is not known.
    :param log: Where to say what is paid.
    :param prepare: Makes of a request what is sent in its place: files become links.
    """

    hook: RunwayHook
    store: TaskState
    price: float | None
    log: Logger
    prepare: Callable[[Request], Request]

    def submit(self, request: Request, retry_rules: RetryRules, earlier: Submission | None) -> Submission:
        """Submit a request.

        :param request: The request.
        :param retry_rules: How often a refusal for now is waited out here.
        :param earlier: The record of an earlier submission, which this one takes the place of.
        :raises CreditFloorError: If the video would take the balance below the connection's floor; nothing was sent.
        :raises AmbiguousSubmissionError: If KIE may have taken it. The record keeps the intent, so that no later
            try sends it again by itself.
        :raises RunwayError: Any other error means that KIE took nothing; the record is as if nothing had happened.
        """
        if not self.store.is_kept:
            self.log.warning("%s: a retry of this task will not find this submission and will pay again.", NO_RECORD)
        client = self.hook.get_conn()
        self._check_balance()
        ready = self.prepare(request)
        known_by = fingerprint(request)
        intent = Submission(
            stage=Stage.INTENT,
            fingerprint=known_by,
            intended_at=to_iso(utc_now()),
            saved_to=earlier.saved_to if earlier else None,
            failures=failures_before(earlier, known_by),
        )
        self.store.write(intent)
        try:
            name = f"{intent.fingerprint}, sent after {intent.intended_at}"
            task_id = client.submit(ready, retry_rules=retry_rules, known_as=name)
        except AmbiguousSubmissionError:
            raise
        except RunwayError:
            self.store.put_back(earlier)
            raise
        submission = replace(intent, stage=Stage.SUBMITTED, task_id=task_id, submitted_at=to_iso(utc_now()))
        self._keep(submission)
        self.log.info(
            "Submitted to KIE.AI: task %s, for %s. It is paid from here on: killing this Airflow task neither stops "
            "nor refunds the video.",
            task_id,
            priced(self.price),
        )
        return submission

    def _check_balance(self) -> None:
        floor = self.hook.settings.credit_floor
        if floor is None:
            return
        balance = self.hook.credits()
        if balance - (self.price or 0) < floor:
            raise CreditFloorError(balance, self.price, floor)

    def _keep(self, submission: Submission) -> None:
        """Record a task id that is paid. Failing to is no reason to lose the video as well."""
        for pause in (1.0, 3.0, 9.0):
            try:
                return self.store.write(submission)
            except Exception as error:  # noqa: BLE001 - whatever the store fails with, the video is paid
                self.log.warning("Task %s could not be recorded, trying again: %s", submission.task_id, error)
                time.sleep(pause)
        try:
            return self.store.write(submission)
        except Exception:
            self.log.exception(
                "Task %s is paid and could not be recorded. This try waits on it all the same; a retry would not find "
                "it, and would fail rather than submit again.",
                submission.task_id,
            )
