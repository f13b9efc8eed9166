"""Uploaded files, for as long as they are kept."""

from __future__ import annotations

from typing import NamedTuple


class Upload(NamedTuple):
    """A file.

    :param expires_at: until when it is served, in seconds since the epoch.
    """

    path: str
    data: bytes
    content_type: str
    expires_at: float


class UploadStore:
    """Files by path; a second one of the same path takes the place of the first."""

    def __init__(self) -> None:
        self._files: dict[str, Upload] = {}

    def add(self, upload: Upload) -> None:
        """Keep a file."""
        self._files[upload.path] = upload

    def get(self, path: str, now: float) -> Upload | None:
        """The file of a path, unless its time is over."""
        found = self._files.get(path)
        return found if found and now < found.expires_at else None

    def clear(self) -> None:
        """Forget all."""
        self._files.clear()
