from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.exceptions import (
    ConnectionSettingsError,
    InvalidRequestError,
    PublicationAnswerError,
    PublicationError,
    PublicationInDoubtError,
    RecordsFolderError,
    RunwayError,
    UnreadableFileError,
    UnreadableRecordError,
)
from airflow_provider_runway.publishing.advice import Situation, advise

NORMAL: dict[str, Any] = {
    "service": "https://a.example/posts", "conn_id": "poster", "is_recorded": True, "record_key": None,
    "is_in_doubt": False, "is_clean": True, "repeats": False, "has_retry": True,
}  # fmt: skip
IN_DOUBT = PublicationInDoubtError("x", retryable=True)


@pytest.mark.parametrize(
    ("error", "changed", "says"),
    [
        (PublicationError("x", http_status=401), {}, "Nothing was published. Correct the credentials of"),
        (PublicationError("x", http_status=422), {}, "Correct what is sent, or connection 'poster'. Then clear"),
        (PublicationError("x", http_status=422), {"conn_id": None}, "Correct what is sent, or the URL."),
        (PublicationError("x", retryable=True), {}, "look at connection 'poster'. A retry sends it."),
        (PublicationError("x", retryable=True), {"has_retry": False}, "Then clear this task."),
        (PublicationError("x", retryable=True), {"is_in_doubt": True}, "What an earlier try sent may be published."),
        (PublicationError("x", retryable=True), {"is_clean": False}, "This try has published nothing. If it stays so"),
        (InvalidRequestError("fields", 1, "must"), {}, "Nothing was published. Correct fields. Then clear this task."),
        (ConnectionSettingsError("x", detail="Make one."), {}, "Make one. Then clear"),
        (UnreadableFileError("x"), {}, "Look at the file's address"),
        (RecordsFolderError("x"), {}, "Look at the records folder's address"),
        (IN_DOUBT, {}, "It may be published. A retry asks again, and sends what is not there."),
        (IN_DOUBT, {"repeats": True, "has_retry": False}, "Clearing this task sends it again, which changes nothing."),
        (PublicationInDoubtError("x"), {}, "Look at https://a.example/posts for it. If it is there, mark this task as"),
        (PublicationInDoubtError("x"), {"record_key": "0a1b"}, "forget 0a1b' and clear this task: it publishes."),
        (PublicationInDoubtError("x"), {"is_recorded": False}, "If it is not, clear this task: it publishes."),
        (UnreadableRecordError("x"), {}, "It may be published. Look at"),
        (PublicationAnswerError("x"), {}, "It is published. Correct response_filter, and clear"),
        (PublicationAnswerError("x"), {"is_recorded": False}, "Mark this task as successful"),
    ],
)  # fmt: skip
def test_it_says_what_is_published_and_what_to_do(error: RunwayError, changed: dict[str, Any], says: str) -> None:
    advice = advise(error, Situation(**{**NORMAL, **changed}))
    assert says in str(advice)
    assert advice.is_paid is False
