"""The errors of this provider; :mod:`airflow_provider_runway.exceptions` draws their tree."""

from __future__ import annotations

import copy
import copyreg
from typing import Any, TypedDict

from typing_extensions import Self, Unpack

from airflow_provider_runway.kie.texts import as_sentence, shown


class Facts(TypedDict, total=False):
    """What any error can carry besides its texts; see :class:`RunwayError`."""

    code: int | None
    http_status: int | None
    task_id: str | None
    service_message: str | None
    retryable: bool | None
    retry_after: float | None


class ErrorFacts(Facts, total=False):
    """What any error can be made with besides its message."""

    detail: str | None
    said_by: RunwayError | None


class RunwayError(Exception):
    """Base of all errors of this provider.

    Its ``args`` are what happened, in short, and then whatever else there is to say; as a text it is all of it.

    :param message: What happened, in short; it is made to end with one full stop.
    :param detail: What else to tell the person on call.
    :param said_by: The error that it comes of: it takes over code, status and what KIE said.
    :param code: KIE's own code, from the body of the answer or the record (``None`` if there was none).
    :param http_status: The HTTP status of the answer (``None`` if there was no answer).
    :param task_id: The KIE task concerned (``None`` if there is none, or it is not known).
    :param service_message: What KIE said, as it said it.
    :param retryable: Whether doing the same again can help; the class's default when left out.
    :param retry_after: Seconds to pause that the answer asked for, whole; ``None`` if it named none.
    """

    retryable: bool = False

    def __init__(self, message: str, **facts: Unpack[ErrorFacts]) -> None:
        super().__init__(*map(as_sentence, filter(None, (message, facts.get("detail")))))
        said = {name: getattr(facts.get("said_by"), name, None) for name in ("code", "http_status", "service_message")}
        self.code: int | None = facts.get("code", said["code"])
        self.http_status: int | None = facts.get("http_status", said["http_status"])
        self.task_id = facts.get("task_id")
        self.service_message: str | None = facts.get("service_message", said["service_message"])
        self.retryable = type(self).retryable if (given := facts.get("retryable")) is None else given
        self.retry_after = facts.get("retry_after")

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by way of __init__: the texts may be others by now.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return " ".join(map(str, self.args))

    @property
    def summary(self) -> str:
        """What happened, in short."""
        return str(self.args[0]) if self.args else ""

    @property
    def detail(self) -> str:
        """What else there is to say."""
        return " ".join(map(str, self.args[1:]))

    def replace(self, *texts: str, **facts: Unpack[Facts]) -> Self:
        """The same error with other texts, if any are given, or other facts: to be raised in place of this one."""
        other = copy.copy(self)
        other.args = tuple(map(as_sentence, texts)) or self.args
        vars(other).update(facts)
        other.__cause__, other.__suppress_context__ = self.__cause__, True
        return other.with_traceback(self.__traceback__)


class InvalidRequestError(RunwayError, ValueError):
    """A field of a request breaks a rule. Nothing was sent.

    :param field: The parameter's name, as the operators and requests spell it.
    :param value: The value given.
    :param rule: What the value must be.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field} {rule}; got {shown(value)}.", detail="Nothing was sent.")
        self.field = field
        self.value = value
        self.rule = rule


class ConnectionSettingsError(RunwayError):
    """The connection is not there, lacks something (an API key) or has a value that cannot work. Nothing was sent.

    :param is_missing: Whether there is none.
    """

    def __init__(self, message: str, *, is_missing: bool = False, **facts: Unpack[ErrorFacts]) -> None:
        super().__init__(message, **facts)
        self.is_missing = is_missing


class UnreadableFileError(RunwayError):
    """A file that is to be uploaded is not there or cannot be read."""

    retryable = True


class NotSentError(RunwayError):
    """No connection to KIE could be made (DNS, refused, TLS): nothing was sent, so sending again is safe."""

    retryable = True


class NoAnswerError(RunwayError):
    """The request went out and no whole answer came back; of a submission: :class:`AmbiguousSubmissionError`."""

    retryable = True


class ServiceError(RunwayError):
    """KIE answered with an error. ``code`` is the body's, or the HTTP status where the body has none."""


class BadRequestError(ServiceError):
    """The request is not understood (400, 405, 409)."""


class AuthenticationError(ServiceError):
    """The API key is missing, wrong, or has no access (401)."""


class InsufficientCreditsError(ServiceError):
    """The account's balance does not cover the video (402)."""


class PermissionDeniedError(ServiceError):
    """The edge or the key's IP whitelist refuses the caller (403)."""


class NotFoundError(ServiceError):
    """There is no such endpoint or resource (404)."""


class RejectedError(ServiceError):
    """KIE's own validation refuses the request (422)."""


class RateLimitedError(ServiceError):
    """Too many requests (429). KIE does not queue them: nothing was accepted."""

    retryable = True


class QuotaExceededError(ServiceError):
    """The key's own hourly, daily or total cap is used up (433)."""


class InputUnreachableError(ServiceError):
    """KIE could not fetch the image or video at the URL given (451)."""


class MaintenanceError(ServiceError):
    """KIE is under maintenance (455): nothing was accepted."""

    retryable = True


class FeatureDisabledError(ServiceError):
    """KIE has switched this feature off (505)."""


class ServerError(ServiceError):
    """A fault on KIE's side (408, 500 and the other 5xx)."""

    retryable = True


class UnreadableAnswerError(ServiceError):
    """The answer is not KIE's envelope: not JSON, empty, or without a code."""

    retryable = True


class CreditFloorError(RunwayError):
    """The video would take the balance below the connection's ``credit_floor``. Nothing was sent.

    :param balance: Credits that are left.
    :param price: Credits that the video is expected to cost; ``None`` if that is not known, and the balance is below
        the floor already.
    :param floor: Credits that must stay.
    """

    def __init__(self, balance: float, price: float | None, floor: float) -> None:
        what = (
            f"this video, at about {price:g}, would take it below the connection's credit_floor of {floor:g}"
            if price is not None
            else f"that is below the connection's credit_floor of {floor:g} already"
        )
        advice = "Top up the account, or lower the floor, and clear the task"
        super().__init__(f"The balance is {balance:g} credits; {what}.", detail=f"Nothing was sent. {advice}.")
        self.balance = balance
        self.price = price
        self.floor = floor


class AmbiguousSubmissionError(RunwayError):
    """A submission went out and it is unknown whether KIE took it. Sending it again may pay twice."""


class GenerationFailedError(RunwayError):
    """KIE accepted the task and failed it. The credits of a failed task come back (KIE's own rule).

    :param reason: ``"moderation"``, ``"input"``, ``"capacity"``, ``"service"`` or ``"unknown"``.
    :param resubmissions: How many further submissions of the same request may help; ``None`` if that has no bound.
    """

    def __init__(
        self, message: str, *, reason: str = "unknown", resubmissions: int | None = None, **facts: Unpack[ErrorFacts]
    ) -> None:
        super().__init__(message, **facts)
        self.reason = reason
        self.resubmissions = resubmissions


class TaskNotFoundError(RunwayError):
    """KIE knows no task of that id (mistyped, of another API generation, or older than two months)."""


class VideoExpiredError(RunwayError):
    """The video was made and paid, and KIE has deleted it since (14 days)."""


class MissingVideoError(RunwayError):
    """KIE says the task succeeded, poll after poll, but gives no video."""

    retryable = True


class PollingFailedError(RunwayError):
    """Too many polls of a task went wrong in a row. The task goes on at KIE; a retry waits on it."""

    retryable = True


class WaitTimeoutError(RunwayError):
    """A task was not ready in time. It goes on at KIE; a retry waits on it."""

    retryable = True


class UnreadableRecordError(RunwayError):
    """The record of an earlier submission is there and cannot be read. Nothing was sent."""


class RecordsFolderError(RunwayError):
    """The records folder cannot be read or written, or does not create files exclusively."""


class NotFinishedError(RunwayError):
    """The video is still being made, so there is nothing to store yet."""

    retryable = True


class DownloadError(RunwayError):
    """The media host did not give the whole file. A retry downloads it again and pays nothing."""

    retryable = True


class DeadLinkError(DownloadError):
    """The media host no longer knows the link, and no fresh one works either."""


class NotAVideoError(DownloadError):
    """The media host gave something else than a video, such as an error page."""


class TargetExistsError(RunwayError):
    """Another file is at the target, and it may not be overwritten."""


class TargetUnwritableError(RunwayError):
    """The video cannot be stored at the target: no access, no room, no such store, a folder of that name."""

    retryable = True


class FilmError(RunwayError):
    """A film, or a picture of a video, cannot be made: a clip is unusable, or ffmpeg is missing or fails."""
