"""What a task that fails says of money, and what to do: after what has happened, and before where to read on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.advice import page
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.operators.submission import RECORD_KEY

PAGE = f"See {page('errors.md')}."
UNPAID = "Nothing was paid."
NO_RECORD = "This Airflow keeps no record of submissions (its task state store came with 3.3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What is paid when an Airflow task ends: the one place that knows what a further try would do.

    :param conn_id: The connection.
    :param logs: The page that lists the account's calls.
    :param is_recorded: Whether a further try finds what this one has submitted.
    :param task_id: The KIE task that is paid, as far as is known.
    :param is_in_doubt: Whether an earlier try has sent a submission whose outcome is unknown.
    """

    conn_id: str
    logs: str
    is_recorded: bool
    task_id: str | None = None
    is_in_doubt: bool = False

    @property
    def further_try(self) -> str:
        """What a retry, or clearing the task, does about the KIE task that is paid."""
        if self.is_recorded:
            return "A retry, or clearing this task, goes on with it and pays nothing."
        named = f" of task {self.task_id}" if self.task_id else ""
        return (
            f"{NO_RECORD}: a retry, or clearing this task, submits and pays again. To have the video{named} all the "
            "same, wait for it with a RunwayVideoSensor or store it with a RunwayToObjectStorageOperator."
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


def advise(error: RunwayError, payment: Payment) -> str:
    """Whether something is paid and what to do, to stand behind an error's message.

    :param error: Why the task fails; its ``retryable`` is final.
    :param payment: What is paid.
    """
    return " ".join(filter(None, (*_advice(error, payment), PAGE)))


def advise_where_nothing_is_paid(error: RunwayError, conn_id: str) -> str:
    """What to do about an error of a task that spends nothing, to stand behind its message."""
    again = (
        "A retry, or clearing this task, pays nothing." if error.retryable else "Then clear this task; it pays nothing."
    )
    return " ".join(filter(None, (_what_to_do(error, conn_id), again, PAGE)))


def _advice(error: RunwayError, payment: Payment) -> tuple[str, ...]:
    if isinstance(error, (errors.AmbiguousSubmissionError, errors.UnreadableRecordError)):
        return "It may be paid.", _how_to_settle(error, payment)
    if isinstance(error, errors.GenerationFailedError):
        return ("A retry, or clearing this task, submits anew." if error.retryable else "Then clear this task.",)
    if isinstance(error, errors.TaskNotFoundError):
        return f"It may be paid. Look for it at {payment.logs}.", _ANEW
    if isinstance(error, errors.VideoExpiredError):
        return "It was paid.", _ANEW
    what = _what_to_do(error, payment.conn_id)
    if payment.task_id is not None:
        return f"Task {payment.task_id} is paid.", what, payment.further_try
    then = "A retry submits it." if error.retryable else "Then clear this task." if what else ""
    return "What an earlier try sent may be paid." if payment.is_in_doubt else UNPAID, what, then


_ANEW = "Clearing this task submits and pays again."
_WHAT_TO_DO: Mapping[type[RunwayError], str] = {
    errors.AuthenticationError: "Correct the API key of connection {conn_id!r}.",
    errors.BadRequestError: "Compare extra_fields and the host of connection {conn_id!r} with KIE.AI's documentation.",
    errors.ConnectionSettingsError: "Correct connection {conn_id!r}.",
    errors.FeatureDisabledError: "Ask KIE.AI.",
    errors.InputUnreachableError: "Make the URL of the image or video reachable from the internet.",
    errors.InsufficientCreditsError: "Top up the account.",
    errors.InvalidRequestError: "Correct that parameter.",
    errors.MissingVideoError: "If it stays so, ask KIE.AI with that id.",
    errors.NotFoundError: "Correct the host of connection {conn_id!r}.",
    errors.PermissionDeniedError: "Look at the key's list of allowed addresses, and at proxies.",
    errors.QuotaExceededError: "Raise the key's own cap in KIE.AI's console.",
    errors.RejectedError: "Change the request as KIE.AI says.",
    errors.UnreadableFileError: "Look at the file's address, its rights and the storage's connection.",
}


def _what_to_do(error: RunwayError, conn_id: str) -> str:
    return _WHAT_TO_DO.get(type(error), "").format(conn_id=conn_id)


def _how_to_settle(error: RunwayError, payment: Payment) -> str:
    """The whole way out of a submission of unknown outcome."""
    look = f"Look at {payment.logs} for a call at that time."
    if error.retryable:
        return f"{look} A retry submits it again, as on_ambiguous_submit='resubmit' asks, and may pay twice."
    if not payment.is_recorded:
        return (
            f"{look} If it is there, wait for it with a RunwayVideoSensor. If it is not, clear this task: it submits "
            "the video."
        )
    named = repr(error.task_id) if error.task_id else "its id"
    return (
        f"{look} If it is there, set 'stage' to 'submitted' and 'task_id' to {named} in the key {RECORD_KEY!r} of this "
        "task's state store, and clear this task: it waits for that video and pays no more. If it is not there, delete "
        "that key and clear this task: it submits the video."
    )
