"""Uploads to S3 in parts that killed processes have left behind.

Nobody sees them, and AWS bills them until they are aborted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

log = logging.getLogger(__name__)

# An upload that no part has come to for so long belongs to a process that was killed: a part has 8 MiB.
QUIET = timedelta(minutes=5)


def abort_abandoned_uploads(file_system: AbstractFileSystem, path: str, *, inherited: bool) -> None:
    """Abort what killed processes have left of uploads to this very object. What goes wrong with it is only logged.

    :param file_system: The file system. One that is not s3fs has nothing of the kind.
    :param path: The object: bucket and key.
    :param inherited: Whether an earlier process on this machine was killed with this target: then its uploads are
        aborted at once, otherwise those that no part has come to for five minutes.
    """
    call: Callable[..., Mapping[str, Any]] | None = getattr(file_system, "call_s3", None)
    if call is None:
        return
    try:
        bucket, key, _ = file_system.split_path(path)
        answer = call("list_multipart_uploads", Bucket=bucket, Prefix=key)
        for upload in answer.get("Uploads", ()):
            one = {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}
            if upload["Key"] == key and (inherited or _last_sign(upload, call, one) < _now(answer) - QUIET):
                call("abort_multipart_upload", **one)
                log.info("An upload to s3://%s/%s that was cut off is aborted: its parts are removed.", bucket, key)
    except Exception as error:  # noqa: BLE001 - a right that is missing must not keep the video from being stored
        log.info("Whether uploads to %s were cut off could not be seen (%s).", path, type(error).__name__)


def _last_sign(upload: Mapping[str, Any], call: Callable[..., Mapping[str, Any]], one: Mapping[str, Any]) -> datetime:
    parts = call("list_parts", **one).get("Parts", ())
    signs: list[datetime] = [upload["Initiated"], *(part["LastModified"] for part in parts)]
    return max(signs)


def _now(answer: Mapping[str, Any]) -> datetime:
    """By the store's own clock, which its other times are of."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(timezone.utc)
