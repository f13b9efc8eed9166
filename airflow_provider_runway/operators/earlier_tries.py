"""What earlier tries have left behind of submissions, and what this one does about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.operators.submission import OVER, Plan, Reattach, Stage, Submission, Submit, plan
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.operators.try_history import lost_record, plan_unrecorded
from airflow_provider_runway.results import VIDEO_LIFETIME

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.operators.video_job import Facts
    from airflow_provider_runway.storage.records import RecordsFolder

# Seconds between two looks for what has become of a submission that another try may be sending.
_PAUSE = 5.0
# Seconds that it may take to write that down, beside those of the submission itself.
_SLACK = 30.0


class EarlierTries:
    """The earlier tries of a task.

    Its ``state`` is what they have left; its ``submission`` what of that was read last, ``has_succeeded`` whether the
    task has succeeded with it and is to make another, ``is_reused`` whether it has and is not, and ``is_lost`` whether
    there was one of which nothing is recorded here.

    :param hook: The connection's hook, whose connection may name a records folder.
    :param context: The task's context.
    :param log: Where to say what is waited for.
    :param reuses: Whether a task that has succeeded and is cleared takes its video again, while KIE has it.
    """

    def __init__(self, hook: RunwayHook, context: Context, log: Logger, *, reuses: bool = False) -> None:
        self.submission: Submission | None = None
        self.has_succeeded = self.is_reused = self.is_lost = False
        self._reuses = reuses
        self._hook = hook
        self._log = log
        self._fault: Exception | None = None
        folder: RecordsFolder | None = None
        try:
            folder = _folder(hook)
        except Exception as error:  # noqa: BLE001 - it is raised before anything is decided
            self._fault = error
        self.state = TaskState(context, folder, hook.clock)

    @property
    def are_recorded(self) -> bool:
        """Whether a try finds what an earlier one has submitted, as far as is known."""
        return self.state.outlives_try or self._fault is not None

    @property
    def is_open(self) -> bool:
        """Whether a submission was left behind that may still come to the result of this task."""
        return self.submission is not None and not self.has_succeeded and self.submission.stage not in OVER

    def read(self) -> None:
        """Read what was left behind.

        :raises UnreadableRecordError: If there is a submission record that cannot be read.
        :raises RecordsFolderError: If the records folder cannot be read.
        """
        self.submission = self.state.read_submission()
        has_succeeded = self.state.has_succeeded(self.submission)
        self.is_reused = has_succeeded and self._reuses and self._lives(self.submission)
        self.has_succeeded = has_succeeded and not self.is_reused

    def require(self) -> None:
        """See that all of it could be read, before anything is decided.

        :raises Exception: If it is not known where records are kept, as the connection cannot be read.
        """
        if self._fault is not None:
            raise self._fault

    def await_outcome(self) -> None:
        """Give a try that lives on the time that a submission can take to write down what has become of its own."""
        waited, longest = 0.0, 2 * self._hook.settings.timeout + _SLACK
        while self.submission is not None and self.submission.stage is Stage.INTENT:
            left = longest - max(waited, self._hook.clock.time() - self.submission.intended_epoch)
            if left <= 0:
                return
            if not waited:
                self._log.info("An earlier try may be submitting just now. Its outcome is awaited for %.0f s.", left)
            self._hook.clock.sleep(min(left, _PAUSE))
            waited += min(left, _PAUSE)
            self.read()

    def decide(self, fingerprint: str | None, *, resubmits: bool, is_admitted: bool) -> Plan:
        """Decide what this try does.

        :param fingerprint: Of the request as it is now; ``None`` if it stands for that of the earlier try.
        :param resubmits: Whether a submission whose outcome is unknown may be sent again.
        :param is_admitted: Whether this try was free to submit before, and comes back from the admission queue.
        """
        if self.state.outlives_try:
            if self.submission is None and (lost := lost_record(self.state.history, reuses=self._reuses)):
                self.is_lost = True
                return lost
            if fingerprint is None:
                fingerprint = self.submission.fingerprint if self.submission else ""
            decision = plan(
                self.submission, fingerprint, has_succeeded=self.has_succeeded, resubmit_ambiguous=resubmits
            )
            return replace(decision, is_reused=self.is_reused) if isinstance(decision, Reattach) else decision
        if self._reuses and (lost := lost_record(self.state.history, reuses=True)):
            return lost
        return Submit() if is_admitted else plan_unrecorded(self.state.history, resubmit_ambiguous=resubmits)

    def _lives(self, submission: Submission | None) -> bool:
        """Whether KIE still has a video, by its age."""
        submitted = None if submission is None else submission.submitted_epoch
        return submitted is not None and self._hook.clock.time() - submitted < VIDEO_LIFETIME.total_seconds()

    def own(self, task_id: str, submitted_at: str | None, facts: Facts) -> Submission:
        """What this very try has submitted, back from its wait; what could not be recorded then is recorded now.

        :param task_id: KIE's id.
        :param submitted_at: When KIE had taken it, ISO 8601.
        :param facts: What is known of it.
        """
        unrecorded = Submission.unrecorded(task_id, submitted_at, facts.fingerprint, facts.nonce)
        try:
            found = self.state.read_submission()
        except RunwayError as error:
            self._log.warning("%s Task %s is gone on with all the same.", error, task_id)
            return unrecorded
        if found is not None and found.task_id == task_id:
            return found
        if found is None or found.stage is not Stage.INTENT or found.fingerprint != facts.fingerprint:
            return unrecorded
        submission = replace(found, stage=Stage.SUBMITTED, task_id=task_id, submitted_at=submitted_at)
        self.state.note(submission)
        return submission


def leave_word(hook: RunwayHook, context: Context) -> None:
    """Let the next try know that this one has paid nothing, where no record tells."""
    with suppress(Exception):  # the next one does not submit then
        EarlierTries(hook, context, hook.log).state.leave_word()


def _folder(hook: RunwayHook) -> RecordsFolder | None:
    from airflow_provider_runway.hooks.records import records_folder

    return records_folder(hook.settings, hook.clock)
