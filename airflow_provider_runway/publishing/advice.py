"""What a task that fails says of what is published, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.publishing.errors import (
    PublicationAnswerError,
    PublicationError,
    PublicationInDoubtError,
)
from airflow_provider_runway.publishing.publication import RECORD_KEY
from airflow_provider_runway.utils.failures import Advice
from airflow_provider_runway.utils.versions import command_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What there is when a task that publishes ends.

    :param service: Whom it publishes with.
    :param conn_id: The connection, if there is one.
    :param is_recorded: Whether a further try finds what this one has published.
    :param record_key: By what the record is found in the records folder, if it is kept there.
    :param is_in_doubt: Whether anything was sent whose outcome is unknown.
    :param is_clean: Whether no earlier try has published, for sure.
    :param repeats: Whether sending the same again changes nothing.
    :param has_retry: Whether the Airflow task has a retry left.
    """

    service: str
    conn_id: str | None
    is_recorded: bool
    record_key: str | None
    is_in_doubt: bool
    is_clean: bool
    repeats: bool
    has_retry: bool


def advise(error: RunwayError, situation: Situation) -> Advice:
    """What is published and what to do where a task has failed; it pays nothing.

    :param error: Why it fails; its ``retryable`` is final.
    :param situation: What there is.
    """
    is_retried = error.retryable and situation.has_retry
    who = "A retry" if is_retried else "Clearing this task"
    if isinstance(error, PublicationInDoubtError) and error.retryable:
        how = (
            "sends it again, which changes nothing" if situation.repeats else "asks again, and sends what is not there"
        )
        return _advice("It may be published.", f"{who} {how}.")
    if isinstance(error, (PublicationInDoubtError, errors.UnreadableRecordError)):
        return _advice("It may be published.", _how_to_settle(situation))
    if isinstance(error, PublicationAnswerError):
        if situation.is_recorded:
            return _advice("It is published.", "Correct response_filter, and clear this task: it sends nothing.")
        return _advice(
            "It is published.", "Mark this task as successful: no record is kept, so clearing it publishes again."
        )
    published = "Nothing was published." if situation.is_clean else "This try has published nothing."
    published = "What an earlier try sent may be published." if situation.is_in_doubt else published
    then = "A retry sends it." if is_retried else "Then clear this task."
    return _advice(published, " ".join(filter(None, (_what_to_do(error, situation), then))))


def _advice(published: str, to_do: str) -> Advice:
    return Advice(published, to_do, is_paid=False)


def _what_to_do(error: RunwayError, situation: Situation) -> str:
    where = f"connection {situation.conn_id!r}" if situation.conn_id else "the URL"
    match error:
        case errors.InvalidRequestError():
            what = f"Correct {error.field}."
        case errors.ConnectionSettingsError():
            what = error.detail or f"Correct {where}."
        case errors.UnreadableFileError():
            what = "Look at the file's address, its rights and the storage's connection."
        case errors.RecordsFolderError():
            what = "Look at the records folder's address, rights and room, and the storage's connection."
        case PublicationError(http_status=401 | 403):
            what = f"Correct the credentials of {where}."
        case PublicationError(retryable=False):
            what = f"Correct what is sent, or {where}."
        case _:
            what = f"If it stays so, look at {where}."
    return what


def _how_to_settle(situation: Situation) -> str:
    """The whole way out of a publication of unknown outcome."""
    look = f"Look at {situation.service} for it. If it is there, mark this task as successful. If it is not,"
    if situation.record_key is not None:
        return (
            f"{look} run '{command_line('records', 'forget', situation.record_key)}' and clear this task: it publishes."
        )
    if situation.is_recorded:
        return f"{look} delete the key {RECORD_KEY!r} of this task's state store and clear this task: it publishes."
    return f"{look} clear this task: it publishes."
