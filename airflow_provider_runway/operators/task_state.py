"""What one task instance keeps: its submission record, and values for its way back from a trigger."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.errors import (
    GenerationFailedError,
    RecordsFolderError,
    TaskNotFoundError,
    VideoExpiredError,
)
from airflow_provider_runway.operators.folder_records import FolderRecords, coordinates
from airflow_provider_runway.operators.store_records import StoreRecords, Values, XComs
from airflow_provider_runway.operators.submission import RETENTION, SUCCESS_KEY, Stage, Submission
from airflow_provider_runway.operators.try_history import TryHistory, leave_word

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from airflow_provider_runway.operators.budget import Budget
    from airflow_provider_runway.storage.records import RecordsFolder

log = logging.getLogger(__name__)

# Of what a task has stored, so many are known again: a job may make a few files at once.
_MOST_CHECKSUMS = 20


class TaskState:
    """The state of one task instance, whichever try it is.

    Its ``current`` is the submission record as it was read or written last; ``has_begun`` tells whether this process
    was about to send a submission, and KIE has not refused it; ``is_behind``, whether what was to be written last was
    not; ``keeps_private``, whether private values outlive a try; ``has_folder``, whether there is a records folder;
    ``record_key``, by what ``airflow runway records`` finds the record, if it does.

    It is in the records folder, where one is set: that alone decides what was submitted, once it has an entry. It is
    in Airflow's task state store (3.3 and later) as well, which shows it in the UI, or decides where there is no
    folder. Where there is neither, values are XComs, which last until the next try begins, and no record is kept.

    :param context: The task's context.
    :param folder: The records folder, if one is set.
    :param clock: How time passes.
    """

    def __init__(self, context: Context, folder: RecordsFolder | None = None, clock: Clock = CLOCK) -> None:
        store: Values | None = context.get("task_state_store")
        self._ti = context["ti"]
        self._values: Values = XComs(self._ti) if store is None else store
        self._store = None if store is None else StoreRecords(store, clock)
        self._folder = None if folder is None else FolderRecords(folder, self._ti)
        self.keeps_private = store is not None
        self.outlives_try = not (self._store is None and self._folder is None)
        self.has_folder = self._folder is not None
        self.record_key = coordinates(self._ti).key if self.outlives_try else None
        self.has_begun = self.is_behind = False
        self.current: Submission | None = None

    def get(self, key: str) -> dict[str, Any] | None:
        """The JSON object under this key, if there is one."""
        value = self._folder.get(key) if self._folder is not None else None
        return value if isinstance(value, dict) else self.get_private(key)

    def set(self, key: str, value: dict[str, Any]) -> None:
        """Keep a JSON object in place of what was there before."""
        if self._folder is not None:
            self._folder.set(key, value)
        else:
            self.set_private(key, value)

    def get_private(self, key: str) -> dict[str, Any] | None:
        """The JSON object under this key within Airflow, if there is one."""
        value = self._values.get(key)
        return value if isinstance(value, dict) else None

    def set_private(self, key: str, value: dict[str, Any]) -> None:
        """Keep a JSON object in place of what was there before within Airflow alone: no prompt goes into a folder."""
        self._values.set(key, value, retention=RETENTION)

    def check(self) -> None:
        """See that a record can be kept where it should be, before anything is sent.

        :raises RecordsFolderError: If not.
        """
        if self._folder is not None:
            self._folder.check()

    def check_budget(self, budget: Budget) -> None:
        """See that there is room for a submission, before anything is prepared for it.

        :raises DailyCreditLimitError: If there is none.
        :raises RecordsFolderError: If that cannot be told.
        """
        if self._folder is not None:
            self._folder.check_budget(budget)

    def read_submission(self) -> Submission | None:
        """The submission record, or ``None`` if there is none.

        :raises UnreadableRecordError: If there is one that cannot be read: that is not the same as none.
        :raises RecordsFolderError: If the folder cannot be read.
        """
        self.current = self._read()
        return self.current

    def _read(self) -> Submission | None:
        if self._folder is None:
            return None if self._store is None else self._store.read()
        found = self._folder.read()
        if self._store is None or (self._folder.is_used and not _is_open(found)):
            return found
        if not self._folder.is_used:
            self.record_key = None  # what counts is in the store, if there is anything
            stored = self._store.read()
            self.record_key = self._folder.key if stored is None else None
            return stored
        with suppress(Exception):  # the folder has told enough
            stored = self._store.read()
            # Only the try whose intent this is was told its id.
            if stored is not None and found is not None and stored.task_id is not None and stored.is_of(found):
                return stored
        return found

    def is_elsewhere(self, task_id: str, but: Submission) -> bool:
        """Whether a KIE task is recorded for another submission, as far as that can be told: a folder tells it."""
        return self._folder is not None and self._folder.is_elsewhere(task_id, but)

    def begin(self, intent: Submission, budget: Budget | None = None) -> bool:
        """Record what is about to be sent, if records outlive this try.

        :param intent: What is about to be sent.
        :param budget: Of which credits are set aside for it; where there is one, there is a records folder.
        :return: Whether it may be sent; otherwise another try has begun a submission since the record was read.
        """
        if self._folder is not None:
            if not self._folder.begin(intent, budget):
                return False
            self.record_key = self._folder.key
            if self._store is not None:
                self._store.write_once(intent)
        elif self._store is not None:
            self._store.write(intent)
        self.has_begun = True
        return True

    def write_submission(self, submission: Submission, patience: float = 0.0) -> None:
        """Record what has become of a submission, if records outlive this try.

        :param patience: Seconds for which to go on while the API server is away, where nothing else keeps the record.
        """
        self.is_behind, self.current = True, submission
        if self._folder is not None and self._folder.is_used:
            try:
                self._folder.write(submission)
            finally:
                if self._store is not None:
                    self._store.write_once(submission)
        elif self._store is not None:
            self._store.write(submission, patience)
        self.is_behind = False

    def put_back(self, intent: Submission, earlier: Submission | None) -> None:
        """Record that an intent has come to nothing, so that what was recorded before counts again."""
        self.has_begun = False
        if self._folder is not None:
            self._folder.put_back(intent)
            if self._store is not None:
                self._store.write_once(earlier)
        elif self._store is not None and earlier is not None:
            self._store.write(earlier)
        elif self._store is not None:
            self._store.delete()

    def write_finished(self, submission: Submission, save_to: str | None = None, saved: Sequence[str] = ()) -> None:
        """Note that all is done. Whether Airflow takes the success is :meth:`mark_success`'s to say.

        :param submission: The submission.
        :param save_to: Where its video was stored.
        :param saved: Checksums of what was stored.
        """
        finished = replace(submission, stage=Stage.FINISHED)
        if save_to is not None:
            checksums = tuple(dict.fromkeys((*saved, *submission.replaceable(save_to))))
            finished = replace(finished, saved_to=save_to, saved=checksums[:_MOST_CHECKSUMS])
        try:
            self.write_submission(finished)
        except RecordsFolderError as error:
            log.warning(
                "%s The end of task %s is not recorded: if this task is cleared, it returns the same.",
                error,
                submission.task_id,
            )

    def mark_success(self, submission: Submission) -> None:
        """Note that Airflow has taken the success: a person who clears the task gets a new video."""
        self.set(SUCCESS_KEY, {"task_id": submission.task_id, "try_number": self._ti.try_number})

    def has_succeeded(self, submission: Submission | None) -> bool:
        """Whether an earlier try has succeeded with this submission; a later one may have, if this one lives on."""
        if submission is None or submission.stage is not Stage.FINISHED:
            return False
        mark = self.get(SUCCESS_KEY)
        return (
            mark is not None
            and mark.get("task_id") == submission.task_id
            and int(mark.get("try_number") or 0) < self._ti.try_number
        )

    @contextmanager
    def recording_failure(self, submission: Submission) -> Iterator[None]:
        """Note that the KIE task has ended without a video, if that is what comes out of the block.

        An error that bounds how often its request is worth submitting stops being retryable at that bound.
        """
        try:
            yield
        except GenerationFailedError as error:
            # Where nothing outlives a try, each one before this may have been such a failure.
            failures = submission.failures if self.outlives_try else self._ti.try_number - 1
            is_bound = error.resubmissions is not None
            is_noted = self.note(replace(submission, stage=Stage.FAILED, failures=failures + is_bound))
            # A bound that cannot be kept is taken to be reached.
            if error.resubmissions is not None and not (is_noted and failures < error.resubmissions):
                raise error.replace(retryable=False) from error.__cause__
            raise
        except (VideoExpiredError, TaskNotFoundError):
            self.note(replace(submission, stage=Stage.GONE))
            raise

    def note(self, submission: Submission) -> bool:
        """Keep a record that a further try could do without: it would poll, and be told the same.

        :return: Whether it is kept.
        """
        try:
            self.write_submission(submission)
        except Exception as error:  # noqa: BLE001 - what KIE has said counts
            log.warning("The end of task %s could not be noted (%s).", submission.task_id, type(error).__name__)
            return False
        return True

    def note_success(self, context: Context) -> None:
        """Note that Airflow has taken the task's success, as its success callback.

        Until then its submission record leads every further try to the same video: much can fail before the success (an
        XCom backend, ``post_execute``, the outlets' assets, the API server that is told), and none of it is worth a
        second payment. Success callbacks also run after a success that Airflow refused, so its API is asked. Not noting
        it costs nothing: cleared, the task returns the same video.

        :param context: The task's context.
        """
        if not self.outlives_try:
            return
        try:
            submission = self.read_submission()
            if submission is not None and submission.stage is Stage.FINISHED and _airflow_says_success(context["ti"]):
                self.mark_success(submission)
        except Exception as error:  # noqa: BLE001 - the task has succeeded, whatever becomes of the note
            log.warning(
                "It could not be noted that this task has succeeded (%s: %s). If it is cleared, it returns the same "
                "video and pays nothing.",
                type(error).__name__,
                error,
            )

    @property
    def history(self) -> TryHistory:
        """What is known of earlier tries without a record."""
        return TryHistory.of(self._ti)

    def leave_word(self) -> None:
        """Let the next try know that nothing of this one is paid, where no record tells: right before it ends."""
        if not self.outlives_try:
            with suppress(Exception):  # the next one does not submit then
                leave_word(self._ti)

    @property
    def named_in_this_try(self) -> str | None:
        """The KIE task that this try has submitted, from the XCom that names it."""
        value = XComs(self._ti).get("task_id")
        return value if isinstance(value, str) else None


def _is_open(submission: Submission | None) -> bool:
    return submission is not None and submission.stage is Stage.INTENT


def _airflow_says_success(ti: RuntimeTaskInstanceProtocol) -> bool:
    states = ti.get_task_states(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    ).get(ti.run_id, {})
    return bool(states) and all(state == "success" for state in states.values())
