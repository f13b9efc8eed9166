"""Everything that can go wrong with KIE.AI, as one tree of exceptions, under the name users import it by.

::

    RunwayError
    ├── InvalidRequestError           a field breaks a rule; nothing was sent
    ├── ConnectionSettingsError       the connection lacks something or is wrong; nothing was sent
    ├── UnreadableFileError           a file that is to be uploaded cannot be read
    ├── NotSentError                  no connection to KIE could be made; nothing was sent
    ├── NoAnswerError                 sent, but the answer never came whole
    ├── ServiceError                  KIE (or its edge) answered with an error
    │   ├── BadRequestError           400, 405, 409
    │   ├── AuthenticationError       401
    │   ├── InsufficientCreditsError  402
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404
    │   ├── RejectedError             413, 422
    │   ├── RateLimitedError          429, 430
    │   ├── QuotaExceededError        433
    │   ├── InputUnreachableError     451
    │   ├── MaintenanceError          455
    │   ├── FeatureDisabledError      505
    │   ├── ServerError               408 and the other 5xx
    │   └── UnreadableAnswerError     not KIE's envelope: not JSON, empty, no code
    ├── CreditFloorError              the video would take the balance below the connection's floor; nothing was sent
    ├── DailyCreditLimitError         the video would take the day's spending above the limit; nothing was sent
    ├── AmbiguousSubmissionError      sent; KIE may or may not have taken and charged it
    ├── GenerationFailedError         KIE made the task and then failed it; the credits come back
    ├── TaskNotFoundError             KIE knows no task of that id
    ├── VideoExpiredError             the video was made, and KIE has deleted it since
    ├── MissingVideoError             KIE says success but gives no video
    ├── PollingFailedError            too many polls in a row went wrong; the task itself goes on
    ├── WaitTimeoutError              not ready in time; the task itself goes on
    ├── UnreadableRecordError         the record of an earlier submission cannot be read; nothing was sent
    ├── RecordsFolderError            the records folder cannot be used
    ├── NotFinishedError              the video is still being made, so there is nothing to store
    ├── DownloadError                 the media host did not give the whole file
    │   ├── DeadLinkError             it no longer knows the link
    │   └── NotAVideoError            it gave something else
    ├── TargetExistsError             another file is at the target already
    ├── TargetUnwritableError         the video cannot be stored at the target
    ├── FilmError                     a clip is unusable, or ffmpeg is missing or fails
    ├── PublicationError              the video is not published: not sent whole, or refused
    ├── PublicationInDoubtError       the video was sent, and nobody knows whether it is published
    └── PublicationAnswerError        the video is published, and the answer cannot be read
"""

from __future__ import annotations

# ruff: noqa: F403, F405 - the same names, of which those are public that stand below
from airflow_provider_runway.kie.errors import *
from airflow_provider_runway.kie.spending_errors import DailyCreditLimitError
from airflow_provider_runway.publishing.errors import *

__all__ = [
    "AmbiguousSubmissionError", "AuthenticationError", "BadRequestError", "ConnectionSettingsError",
    "CreditFloorError", "DailyCreditLimitError", "DeadLinkError", "DownloadError", "FeatureDisabledError",
    "FilmError", "GenerationFailedError", "InputUnreachableError", "InsufficientCreditsError", "InvalidRequestError",
    "MaintenanceError", "MissingVideoError", "NoAnswerError", "NotAVideoError", "NotFinishedError", "NotFoundError",
    "NotSentError", "PermissionDeniedError", "PollingFailedError", "PublicationAnswerError", "PublicationError",
    "PublicationInDoubtError", "QuotaExceededError", "RateLimitedError", "RecordsFolderError", "RejectedError",
    "RunwayError", "ServerError", "ServiceError", "TargetExistsError", "TargetUnwritableError", "TaskNotFoundError",
    "UnreadableAnswerError", "UnreadableFileError", "UnreadableRecordError", "VideoExpiredError", "WaitTimeoutError",
]  # fmt: skip
