"""Which errors of storage libraries are final, told without the libraries."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from airflow_provider_runway.storage.store_errors import is_retryable, told


def of(name: str, base: type[Exception] = Exception, **attributes: Any) -> Exception:
    """An error of a library's class, with what it carries."""
    error: Exception = type(name, (base,), {})("what the library says")
    vars(error).update(attributes)
    return error


def of_s3(code: str, status: int) -> Exception:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return of("ClientError", response=answer)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        PermissionError("AccessDenied"),
        FileNotFoundError("The specified bucket does not exist"),
        OSError(errno.EROFS, "read-only"),
        OSError(errno.ENAMETOOLONG, "too long"),
        OSError(errno.EINVAL, "InvalidBucketName"),
        OSError("Forbidden: https://storage.googleapis.com/upload\nx does not have storage.objects.create access"),
        ValueError("embedded null byte"),
        ImportError("s3fs"),
        of_s3("InvalidAccessKeyId", 403),
        of_s3("NoSuchBucket", 404),
        of("NoCredentialsError"),
        of("ParamValidationError"),
        of("HttpError", code=401),
        of("HttpError", code="403"),
        of("HttpResponseError", status_code=403, error_code="AuthorizationFailure", response=object()),
        of("ClientAuthenticationError", status_code=None),
        of("ResourceNotFoundError", status_code=404, error_code="ContainerNotFound"),
        of("RefreshError", retryable=False),
        of("DefaultCredentialsError"),
        of("AirflowNotFoundException"),
        caused(RuntimeError("Failed to upload block"), of("HttpResponseError", status_code=403)),
    ],
    ids=lambda error: f"{type(error).__name__}: {error}"[:40],
)
def test_what_a_person_has_to_mend_is_final(error: Exception) -> None:
    assert not is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("reset"),
        TimeoutError(),
        OSError(errno.ENOSPC, "no room"),
        OSError(errno.EBUSY, "SlowDown"),
        OSError(errno.EIO, "?"),
        RuntimeError("never met"),
        of_s3("InternalError", 500),
        of_s3("SlowDown", 503),
        of_s3("ConditionalRequestConflict", 409),
        of("HttpError", code=503),
        of("HttpError", code=429),
        of("HttpError", code=None),
        of("HttpResponseError", status_code=400, error_code="InvalidBlockList"),
        of("RefreshError", retryable=True),
        of("EndpointConnectionError"),
        caused(PermissionError("The provided token has expired."), of_s3("ExpiredToken", 400)),
        caused(FileNotFoundError("NoSuchUpload"), of_s3("NoSuchUpload", 404)),
        caused(ConnectionError("reset"), FileNotFoundError("looked for before")),
    ],
    ids=lambda error: f"{type(error).__name__}: {error}"[:40],
)
def test_what_may_pass_is_worth_a_retry(error: Exception) -> None:
    assert is_retryable(error)


def test_errors_that_lead_to_each_other_come_to_an_end() -> None:
    one, other = RuntimeError("a"), RuntimeError("b")
    one.__cause__, other.__cause__ = other, one
    assert is_retryable(one)


def test_an_error_that_quotes_the_password_of_a_proxy_is_told_by_its_class_alone() -> None:
    quoting = ConnectionError('Failed to connect to proxy URL: "http://user:hush-hush@proxy:3128"')
    assert told(quoting) == ("ConnectionError", None)
    outer = OSError("the store hung up")
    outer.__cause__ = quoting
    assert told(outer) == ("OSError", None)


@pytest.mark.parametrize("text", ["s3://aws_videos@bucket/fox.mp4", "no such bucket", "[Errno 13] /srv/a@b:c"])
def test_any_other_error_is_told_whole(text: str) -> None:
    error = OSError(text)
    assert told(error) == (f"OSError: {text}", error)
