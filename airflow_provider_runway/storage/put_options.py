"""How each file system is told, in its own words, how to take a file."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# s3fs and gcsfs keep whole parts in memory, by default some hundred mebibytes of them.
PART = 8_388_608
_S3 = {"s3", "s3a", "s3n"}
_AZURE = {"abfs", "abfss", "az", "adl"}
# Their put_file is one request, or an upload in parts that is dropped when it fails (s3fs, gcsfs, adlfs).
SHOWN_ONLY_WHOLE = _S3 | _AZURE | {"gs", "gcs"}


def protocols(file_system: AbstractFileSystem) -> set[str]:
    """The schemes that a file system answers to."""
    named = file_system.protocol
    return {named} if isinstance(named, str) else set(named)


def put_options(file_system: AbstractFileSystem, content_type: str, *, exclusive: bool) -> dict[str, Any]:
    """What to hand to ``put_file`` besides the paths, as far as the file system has it.

    :param file_system: The file system.
    :param content_type: The type that the file is to have there.
    :param exclusive: Whether it is to be refused, with ``FileExistsError``, if there is a file already.
    """
    put = getattr(file_system, "_put_file", file_system.put_file)
    known = inspect.signature(put).parameters
    wanted: dict[str, Any] = {"chunksize": PART, "max_concurrency": 2, "content_type": content_type}
    if exclusive:
        wanted |= {"mode": "create", "overwrite": False}
    options = {name: value for name, value in wanted.items() if name in known}
    names = protocols(file_system)
    if names & _S3:
        options["ContentType"] = content_type
    elif names & _AZURE:
        blob: Any = importlib.import_module("azure.storage.blob")
        options["content_settings"] = blob.ContentSettings(content_type=content_type)
    return options
