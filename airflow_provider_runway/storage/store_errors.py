"""Which errors of storage libraries a retry can mend.

Each library has classes of its own (botocore's and aiobotocore's, gcsfs's, google-auth's, Azure's), and none of them
need be installed. So they are known by what they carry: a code of S3 or Azure, an HTTP status, the class's name.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping

from airflow_provider_runway.kie.transport_faults import fault_of

# A person has to change the target, its rights, or what is installed.
_FINAL_TYPES = (
    PermissionError,
    FileNotFoundError,  # a missing bucket: folders are made
    IsADirectoryError,
    NotADirectoryError,
    FileExistsError,
    ImportError,
    TypeError,
    ValueError,
)
_FINAL_ERRNOS = {errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_FINAL_NAMES = {
    "AirflowNotFoundException",
    "ClientAuthenticationError",
    "DefaultCredentialsError",
    "NoCredentialsError",
    "NoRegionError",
    "ParamValidationError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "RefreshError",
    "UnknownCredentialError",
}
_PASSING_TYPES = (ConnectionError, TimeoutError)
# Refusals that another try does not meet: a temporary key that has run out, a request that arrived maimed or late, a
# simultaneous writer.
_PASSING_CODES = {
    "BadDigest",
    "ConditionalRequestConflict",
    "ExpiredToken",
    "IncompleteBody",
    "InvalidBlockList",
    "InvalidPart",
    "NoSuchUpload",
    "OperationAborted",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "SlowDown",
    "TokenRefreshRequired",
    "XAmzContentSHA256Mismatch",
}
_PASSING_STATUSES = {408, 409, 425, 429}
_LONGEST_CHAIN = 10


def is_retryable(error: BaseException) -> bool:
    """Whether a retry can mend what a file system has raised.

    What nothing is known of may pass.

    :param error: The error; those that led to it count too.
    """
    chain = list(_chain(error))
    if any(_code(fault) in _PASSING_CODES for fault in chain):
        return True
    return next((verdict for verdict in map(_verdict, chain) if verdict is not None), True)


def told(error: BaseException) -> tuple[str, BaseException | None]:
    """What a file system has raised, for people, and what may be its cause: nothing that quotes credentials of a URL.

    Those that reach a store through a proxy name it, with its password.
    """
    name = type(error).__name__
    if any(_CREDENTIALS.search(str(each)) for each in _chain(error)):
        return fault_of(error), None
    return (f"{name}: {error}" if str(error) else name), error


_CREDENTIALS = re.compile(r"//[^/\s@]*:[^/\s@]*@")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _verdict(fault: BaseException) -> bool | None:
    """Whether this one is retryable, if it tells."""
    if isinstance(fault, _PASSING_TYPES):
        return True
    if isinstance(fault, _FINAL_TYPES) or type(fault).__name__ in _FINAL_NAMES:
        return bool(getattr(fault, "retryable", False))  # google-auth's
    if isinstance(fault, OSError) and (fault.errno in _FINAL_ERRNOS or str(fault).startswith("Forbidden: ")):
        return False  # gcsfs has no other sign of 403
    status = _status(fault)
    return None if status is None else not 400 <= status < 500 or status in _PASSING_STATUSES  # noqa: PLR2004


def _response(fault: BaseException) -> Mapping[str, object]:
    response = getattr(fault, "response", None)
    return response if isinstance(response, Mapping) else {}


def _code(fault: BaseException) -> str | None:
    """S3's code, or Azure's."""
    refusal = _response(fault).get("Error")
    code = refusal.get("Code") if isinstance(refusal, Mapping) else getattr(fault, "error_code", None)
    return None if code is None else str(getattr(code, "value", code))


def _status(fault: BaseException) -> int | None:
    """The HTTP status: botocore's, Azure's, aiohttp's, or gcsfs's."""
    meta = _response(fault).get("ResponseMetadata")
    named = meta.get("HTTPStatusCode") if isinstance(meta, Mapping) else None
    for value in (named, *(getattr(fault, name, None) for name in ("status_code", "status", "code"))):
        try:
            return int(value)  # type: ignore[arg-type] # that is what is found out
        except (TypeError, ValueError, OverflowError):
            continue
    return None
