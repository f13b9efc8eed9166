"""A submission whose answer was lost, or whose worker was killed: KIE's call brings the id of what was paid.

The receiver of callbacks keeps what KIE calls for it: a :class:`~.CallbackEntry`. Nothing in that is believed: a
KIE task is taken for this submission only if KIE's record of it shows this request.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.acceptance import known_id
from airflow_provider_runway.kie.api import destination
from airflow_provider_runway.kie.callback_tokens import (
    ExpiredTokenError,
    ForgedTokenError,
    MalformedTokenError,
    UnverifiedToken,
)
from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, RunwayError, TaskNotFoundError
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.prices import price_key
from airflow_provider_runway.kie.shown_requests import difference
from airflow_provider_runway.kie.task_ids import format_task_id
from airflow_provider_runway.operators.named_files import texts_of
from airflow_provider_runway.operators.own_callbacks import token_of
from airflow_provider_runway.operators.request_files import FILE_ADDRESS
from airflow_provider_runway.operators.silence import Silence
from airflow_provider_runway.operators.submission import Stage, Submission
from airflow_provider_runway.operators.video_job import MOST_CALLS, Deferral, VideoJob
from airflow_provider_runway.results import to_iso
from airflow_provider_runway.triggers.deferral import shortest_deferral, trigger_timeout
from airflow_provider_runway.triggers.wake import RunwayWakeTrigger
from airflow_provider_runway.utils.callbacks import CallbackEntry, Called, callback_key
from airflow_provider_runway.utils.watches import PROBE_PAUSE

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.kie.callback_tokens import CallbackToken
    from airflow_provider_runway.kie.requests import Request
    from airflow_provider_runway.kie.tasks import VideoTask
    from airflow_provider_runway.operators.earlier_tries import EarlierTries

# Seconds until a KIE task is looked up again whose record could not be had.
_PAUSE = 60.0
# Seconds by which KIE's clock may be before a worker's, and by which a submission may reach it late.
_CLOCKS_DIFFER, _LATEST = 300.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LostReply:
    """Looks for what KIE calls for a submission of unknown outcome.

    :param job: How the task waits.
    :param request: What it asks for, with the files that it names as addresses that stand for them.
    :param hook: The connection's hook.
    :param earlier: What earlier tries have left behind.
    :param context: The task's context.
    :param log: Where to say what is found.
    """

    job: VideoJob
    request: Request
    hook: RunwayHook
    earlier: EarlierTries
    context: Context
    log: Logger

    def recover(self, called: Called) -> Deferral | None:
        """Find the KIE task of a submission whose outcome is unknown, or wait for KIE's call: till the task's timeout.

        What is found is recorded, and stands in ``earlier`` then.

        :param called: What the task has kept while it waited for this.
        :return: How to wait for the call in the triggerer; ``None`` if there is nothing to wait for, or no longer.
        """
        intent = self.earlier.submission
        if intent is None or intent.stage is not Stage.INTENT:
            return None
        if (known := self._known_id(intent)) is not None:
            self.earlier.submission = self._adopt(known, intent, "To ask for it again costs nothing.")
            return None
        if not self._is_recoverable(intent):
            return None
        deadline, probed_at = intent.intended_epoch + self.job.timeout, -math.inf
        self.log.info("KIE.AI is to call for what was sent at %s. Its call is looked for.", intent.intended_at)
        while True:
            found, may_be_later = self._look(intent)
            if found is not None:
                self.earlier.submission = found
                return None
            left = deadline - self.hook.clock.time()
            if left <= 0:
                self.log.warning("KIE.AI has not called for this request within %.0f s.", self.job.timeout)
                return None
            pause = min(left, max(_PAUSE, shortest_deferral())) if may_be_later else left
            if self.job.deferrable and pause >= shortest_deferral():
                return self._wait(intent, pause, called)
            pause = min(left, self.job.poll_interval)
            if self._silence.counts:
                pause = min(pause, PROBE_PAUSE)
                if self.hook.clock.time() - probed_at >= PROBE_PAUSE:
                    probed_at = self.hook.clock.time()
                    self._silence.probe(self._token(intent))
            self.hook.clock.sleep(pause)

    def recover_from(self, error: AmbiguousSubmissionError) -> Submission | Deferral:
        """The same right after a submission whose answer was lost.

        :param error: What is raised if nothing comes of that.
        :return: What is paid; or how to wait in the triggerer.
        """
        with suppress(RunwayError):
            self.earlier.read()
            waiting = self.recover(Called(has_sent=True))
            if waiting is not None:
                self.log.warning("%s", error)
                return waiting
            found = self.earlier.submission
            if found is not None and found.task_id is not None:
                return found
        is_silent = self._silence.allows_another(self.earlier.submission, self.earlier.state)
        raise error.replace(retryable=is_silent) from error.__cause__

    def _is_recoverable(self, intent: Submission) -> bool:
        """Whether KIE calls for it, whether that can be kept, and whether it is for what is asked for now."""
        return intent.nonce is not None and self.earlier.state.outlives_try and self._is_same(intent)

    def _is_same(self, intent: Submission) -> bool:
        return self.job.repeats or intent.fingerprint == fingerprint(self.request)

    def _known_id(self, intent: Submission) -> str | None:
        """The id of the KIE task, where that is known without an answer."""
        where = destination(self.request, self.hook.settings.address.api)
        return known_id(self.request, where) if self._is_same(intent) else None

    @property
    def _silence(self) -> Silence:
        return Silence(self.job, price_key(self.request), self.hook, self.log)

    def _token(self, intent: Submission) -> CallbackToken:
        return token_of(str(intent.nonce), self.hook, self.context)

    def _wait(self, intent: Submission, seconds: float, called: Called) -> Deferral:
        trigger = RunwayWakeTrigger(
            {"task_id": None, "state": "timeout"},
            self.hook.clock.time() + seconds,
            intent.nonce if called.times < MOST_CALLS else None,
            asdict(self._token(intent)) if self._silence.counts else None,
        )
        timeout = trigger_timeout(seconds, self.job.poll_interval)
        return Deferral(trigger, "execute_called", timeout, {"calls": called.times, "has_sent": called.has_sent})

    def _look(self, intent: Submission) -> tuple[Submission | None, bool]:
        """The submission with its KIE task, if KIE has called; and whether another look may tell more of that."""
        try:
            entry = CallbackEntry.from_json(self.earlier.state.get(callback_key(str(intent.nonce))))
        except Exception as error:  # noqa: BLE001 - a store of Airflow's may raise anything
            self.log.warning("What KIE.AI has called cannot be read now (%s).", type(error).__name__)
            return None, True
        may_be_later = False
        for bare in entry.task_ids if entry is not None and entry.nonce == intent.nonce else ():
            api = destination(self.request, self.hook.settings.address.api).api
            task_id = format_task_id(bare, api)
            try:
                task = self.hook.get_task(task_id, self.job.kind)
                fault = self._fault(task, intent)
            except RunwayError as error:
                may_be_later |= error.retryable or isinstance(error, TaskNotFoundError)
                self.log.warning("KIE.AI has called for task %s, which cannot be looked up: %s", task_id, error)
                continue
            if fault is None:
                made_at = None if task.created_at is None else to_iso(task.created_at)
                return self._adopt(task.task_id, intent, "KIE.AI has called.", made_at), False
            self.log.warning("KIE.AI has called for task %s, which is not what this task has sent: %s.", task_id, fault)
        return None, may_be_later

    def _fault(self, task: VideoTask, intent: Submission) -> str | None:
        """Why a KIE task is not what was submitted; ``None`` if it is."""
        is_called = self._is_called_by(task, intent)
        if is_called is False:
            return "it calls another address"
        settings, request = self.hook.settings, self.request
        is_kept = intent.fingerprint == fingerprint(request)
        if is_called is None and not is_kept:
            return "its record does not show which address it calls, and what was asked for is not kept"
        files = frozenset(filter(_is_of_file, texts_of(request)))
        if is_kept and (name := difference(task.asked, request, settings.address.api, unknown_urls=files)):
            return f"its record has another {name}, or none"
        if task.created_at is not None:
            late = task.created_at.timestamp() - intent.intended_epoch
            if not -_CLOCKS_DIFFER <= late <= _LATEST:
                return f"it was made at {to_iso(task.created_at)}"
        return "another submission has it" if self.earlier.state.is_elsewhere(task.task_id, intent) else None

    def _is_called_by(self, task: VideoTask, intent: Submission) -> bool | None:
        """Whether a record shows the address that KIE was to call for this submission; ``None`` if it shows none."""
        url = task.asked.get("callBackUrl")
        if not isinstance(url, str) or not url:
            return None
        try:
            token = UnverifiedToken.read(url.rpartition("/")[2])
            return token.verify(self.hook.settings.address.api_key, intent.intended_epoch).nonce == intent.nonce
        except (MalformedTokenError, ExpiredTokenError):
            return False
        except ForgedTokenError:  # the key of the connection was changed
            return None

    def _adopt(self, task_id: str, intent: Submission, why: str, made_at: str | None = None) -> Submission:
        submitted_at = made_at or intent.intended_at
        submission = replace(intent, stage=Stage.SUBMITTED, task_id=task_id, submitted_at=submitted_at)
        self.log.info("The answer was lost. %s Task %s is what was paid.", why, task_id)
        self.earlier.state.note(submission)
        return submission


def _is_of_file(url: str) -> bool:
    return url.startswith(FILE_ADDRESS)
