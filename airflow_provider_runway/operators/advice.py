"""What a task that fails says of money, and what to do: after what has happened, and before where to read on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.spending_errors import DailyCreditLimitError
from airflow_provider_runway.operators.submission import RECORD_KEY
from airflow_provider_runway.utils.announcements import announce_failure
from airflow_provider_runway.utils.failures import Advice, log_last
from airflow_provider_runway.utils.versions import command_line

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

UNPAID = "Nothing was paid."
NO_RECORD = (
    "No record of submissions is kept (Airflow has a store for it from 3.3 on, and [runway] records names no folder)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What is paid when an Airflow task ends: the one place that knows what a further try would do.

    :param conn_id: The connection.
    :param logs: The page that lists the account's calls.
    :param is_recorded: Whether a further try finds what this one has submitted.
    :param record_key: By what ``airflow runway records`` finds the record, if it does.
    :param kind: The KIE task's kind.
    :param task_id: The KIE task that is paid, as far as is known.
    :param is_in_doubt: Whether a submission was sent whose outcome is unknown.
    :param has_retry: Whether the Airflow task has a retry left.
    :param is_retry: Whether there was a try before this one.
    :param parent_task_id: The KIE task that is extended, if one is.
    """

    conn_id: str
    logs: str
    is_recorded: bool
    record_key: str | None = None
    kind: str = "runway"
    task_id: str | None = None
    is_in_doubt: bool = False
    has_retry: bool = True
    is_retry: bool = True
    parent_task_id: str | None = None

    @property
    def further_try(self) -> str:
        """What a further try does about the KIE task that is paid."""
        return self.goes_on(is_retried=self.has_retry)

    def goes_on(self, *, is_retried: bool) -> str:
        """What a further try does about the KIE task that is paid.

        :param is_retried: Whether Airflow begins one by itself.
        """
        if self.is_recorded:
            again = "A retry, or clearing this task," if is_retried else "Clearing this task"
            return f"{again} goes on with it and pays nothing."
        named = repr(self.task_id) if self.task_id else "..."
        return (
            f"{NO_RECORD}, so no retry goes on with it. To have the video all the same, wait for it with "
            f"RunwayVideoSensor(runway_task_id={named}, kind={self.kind!r}), or store it with a "
            "RunwayToObjectStorageOperator of the same. Clearing this task submits and pays again."
        )

    @property
    def killed(self) -> str:
        """What killing the Airflow task means."""
        if self.task_id is None:
            return (
                "Killed. KIE.AI cannot cancel a task: if a video was submitted just now, it goes on being made and is "
                f"paid. Look at {self.logs}."
            )
        return f"Killed. KIE.AI cannot cancel a task: {self.task_id} stays paid. {self.further_try}"


def advise(error: RunwayError, payment: Payment) -> Advice:
    """What is paid and what to do where a task that submits has failed.

    :param error: Why it fails; its ``retryable`` is final.
    :param payment: What is paid.
    """
    is_retried = error.retryable and payment.has_retry
    if isinstance(error, (errors.AmbiguousSubmissionError, errors.UnreadableRecordError)):
        return Advice("It may be paid.", _how_to_settle(error, payment), None)
    if isinstance(error, errors.GenerationFailedError):
        return Advice("Its credits come back.", _after_failure(error, payment, is_retried=is_retried), is_paid=False)
    if isinstance(error, errors.TaskNotFoundError):
        return Advice("It may be paid.", f"Look for it at {payment.logs}. {_ANEW}", None)
    if isinstance(error, errors.VideoExpiredError):
        return Advice("It was paid.", _ANEW, is_paid=True)
    what = _what_to_do(error, payment.conn_id)
    if payment.task_id is not None:
        paid = f"Task {payment.task_id} is paid."
        if isinstance(error, errors.TargetExistsError):
            what = f"Store it elsewhere with a RunwayToObjectStorageOperator, or remove {_FILE}."
        return Advice(paid, _joined(what, payment.goes_on(is_retried=is_retried)), is_paid=True)
    return _unpaid(error, payment, what, is_retried=is_retried)


def advise_where_nothing_is_paid(
    error: RunwayError, conn_id: str, *, has_retry: bool, of_a_video: bool = True
) -> Advice:
    """What is paid and what to do where a task that spends nothing has failed.

    :param error: Why it fails; its ``retryable`` is final.
    :param conn_id: The connection.
    :param has_retry: Whether the task has a retry left.
    :param of_a_video: Whether the task is about one KIE task.
    """
    if isinstance(error, errors.GenerationFailedError):
        changed = ", with another prompt or input" if error.resubmissions == 0 else ""
        what = f"Have it submitted anew{changed}: no retry of this task brings it."
        return Advice("Its credits come back.", what, is_paid=False)
    if isinstance(error, errors.VideoExpiredError):
        return Advice("It was paid.", "Only a new submission, which is paid, brings one back.", is_paid=True)
    kind = type(error)
    what = _WITHOUT_SUBMITTING.get(kind, _what_to_do(error, conn_id)).format(conn_id=conn_id)
    by_hand = "Then clear this task; it pays nothing." if what else "Clearing this task tries again and pays nothing."
    then = "A retry, or clearing this task, pays nothing." if error.retryable and has_retry else by_hand
    is_paid = of_a_video and kind in _OF_A_VIDEO
    return Advice("It is paid." if is_paid else "This task pays nothing.", _joined(what, then), is_paid=is_paid)


def end_unexpectedly(operator: BaseOperator, context: Context, error: BaseException, payment: Payment) -> Advice:
    """Say what is paid where a task fails of what this provider knows nothing of: in its log's last line, if it is.

    :param operator: The operator that runs.
    :param context: The task's context.
    :param error: What it fails of.
    :param payment: What is paid.
    """
    advice = Advice("Nothing is known to be paid.", "Clearing this task tries again.", None)
    if payment.task_id is not None:
        advice = Advice(f"Task {payment.task_id} is paid.", payment.further_try, is_paid=True)
        log_last(operator, str(advice))
    elif payment.is_in_doubt:
        advice = Advice("What was sent may be paid.", f"Look at {payment.logs} for a call at that time.", None)
        log_last(operator, str(advice))
    paid, to_do, is_paid = advice
    announce_failure(context, error, paid=paid, is_paid=is_paid, advice=to_do, task_id=payment.task_id)
    return advice


def _unpaid(error: RunwayError, payment: Payment, what: str, *, is_retried: bool) -> Advice:
    by_hand = "Then clear this task." if what else "Clear this task to submit it."
    if isinstance(error, errors.RecordsFolderError):  # what it has may be of an earlier submission
        is_paid = None if payment.is_retry else False
        return Advice("This try has paid nothing.", _joined(what, "" if is_retried else by_hand), is_paid)
    to_do = _joined(what, "A retry submits it." if is_retried else by_hand)
    if payment.is_in_doubt:
        return Advice("What an earlier try sent may be paid.", to_do, None)
    return Advice(UNPAID, to_do, is_paid=False)


def _after_failure(error: errors.GenerationFailedError, payment: Payment, *, is_retried: bool) -> str:
    if is_retried:
        return "A retry, or clearing this task, submits anew."
    if error.resubmissions != 0:
        return "Clear this task to submit anew."
    what = "Change the prompt or the input"
    if payment.parent_task_id is not None and error.reason != "moderation":
        what = f"Change the prompt, or the video that runway_task_id ({payment.parent_task_id!r}) names"
    return f"{what}. Then clear this task."


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


_ANEW = "Clearing this task submits and pays again."
_FILE = "the file that is there"
_WHAT_TO_DO: Mapping[type[RunwayError], str] = {
    errors.AuthenticationError: "Correct the API key of connection {conn_id!r}.",
    errors.BadRequestError: "Compare extra_fields and the host of connection {conn_id!r} with KIE.AI's documentation.",
    errors.ConnectionSettingsError: "Correct connection {conn_id!r}.",
    errors.CreditFloorError: "Top up the account, or lower the floor of connection {conn_id!r}.",
    DailyCreditLimitError: "Raise daily_credit_limit ({conn_id!r}, or [runway]), or wait for the next day (in UTC).",
    errors.DeadLinkError: "If it stays so, only a new submission, which is paid, brings one back.",
    errors.FeatureDisabledError: "Ask KIE.AI.",
    errors.FilmError: "Look at what the message names.",
    errors.InputUnreachableError: "Make the URL of the image or video reachable from the internet.",
    errors.InsufficientCreditsError: "Top up the account.",
    errors.MissingVideoError: "If it stays so, ask KIE.AI with that id.",
    errors.NotAVideoError: "If it stays so, look at the link.",
    errors.NotFoundError: "Correct the host of connection {conn_id!r}.",
    errors.NotSentError: "If it stays so, look at the host and port of connection {conn_id!r}, at DNS, proxy and TLS.",
    errors.PermissionDeniedError: "Look at the key's list of allowed addresses, and at proxies.",
    errors.QuotaExceededError: "Raise the key's own cap in KIE.AI's console.",
    errors.RecordsFolderError: "Look at the records folder's address, rights and room, and the storage's connection.",
    errors.RejectedError: "Change the request as KIE.AI says.",
    errors.ServiceError: "Look at what KIE.AI says.",
    errors.TargetExistsError: f"Remove {_FILE}, or choose another save_to.",
    errors.TargetUnwritableError: "Look at the target's rights and room, and at the storage's connection.",
    errors.UnreadableFileError: "Look at the file's address, its rights and the storage's connection.",
}
_WITHOUT_SUBMITTING: Mapping[type[RunwayError], str] = {
    errors.BadRequestError: "Compare the host of connection {conn_id!r} with KIE.AI's documentation.",
    errors.NotFinishedError: "Wait for it with a RunwayVideoSensor before this task.",
    errors.RejectedError: "Look at what KIE.AI says.",
    errors.TargetExistsError: f"Remove {_FILE}, choose another save_to, or set overwrite=True.",
    errors.TaskNotFoundError: "Check runway_task_id, kind, and the account of connection {conn_id!r}.",
}
# Errors that come up only about a KIE task that is paid.
_OF_A_VIDEO = {
    *(errors.DeadLinkError, errors.DownloadError, errors.MissingVideoError, errors.NotAVideoError),
    *(errors.NotFinishedError, errors.TargetExistsError, errors.TargetUnwritableError),
}


def _what_to_do(error: RunwayError, conn_id: str) -> str:
    if isinstance(error, errors.InvalidRequestError):
        return f"Correct {error.field}."
    if isinstance(error, errors.ConnectionSettingsError) and error.is_missing:
        return error.detail
    if isinstance(error, errors.DownloadError) and not error.retryable:
        return "Raise [runway] largest_file."
    return _WHAT_TO_DO.get(type(error), "").format(conn_id=conn_id)


def _how_to_settle(error: RunwayError, payment: Payment) -> str:
    """The whole way out of a submission of unknown outcome."""
    when = "at that time" if isinstance(error, errors.AmbiguousSubmissionError) else "of an earlier try"
    look = f"Look at {payment.logs} for a call {when}."
    if error.retryable:
        who = "A retry" if payment.has_retry else "Clearing this task"
        return f"{look} {who} submits it again, as on_ambiguous_submit asks, and may pay twice."
    if not payment.is_recorded:
        return (
            f"{look} If it is there, wait for it with a RunwayVideoSensor. If it is not, clear this task: it submits "
            "the video."
        )
    if payment.record_key is not None:
        return _how_to_settle_by_command(look, error, payment.record_key, payment.conn_id)
    named = repr(error.task_id) if error.task_id else "its id"
    return (
        f"{look} If it is there, set 'stage' to 'submitted' and 'task_id' to {named} in the key {RECORD_KEY!r} of this "
        "task's state store, and clear this task: it waits for that video and pays no more. If it is not there, delete "
        "that key and clear this task: it submits the video."
    )


def _how_to_settle_by_command(look: str, error: RunwayError, key: str, conn_id: str) -> str:
    if isinstance(error, errors.UnreadableRecordError):
        return (
            f"{look} If it is there, wait for it with a RunwayVideoSensor. If it is not, remove that record (a file "
            f"that is named, or the key {RECORD_KEY!r} of this task's state store) and clear this task: it submits the "
            "video."
        )
    named = error.task_id or "KIE_TASK_ID"
    which = [key] if conn_id == "runway_default" else [key, "--conn-id", conn_id]
    return (
        f"{look} If it is there, run '{command_line('records', 'set-id', named, *which)}' and clear this task: it "
        f"waits for that video and pays no more. If it is not there, run '{command_line('records', 'forget', *which)}' "
        "and clear this task: it submits the video."
    )
