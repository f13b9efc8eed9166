"""Files that a request names: known by their bytes, and uploaded when it is about to be submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.errors import InvalidRequestError, RunwayError, UnreadableFileError
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.operators.named_files import NamedFile, named_files, with_values
from airflow_provider_runway.operators.task_state import TaskState
from airflow_provider_runway.results import to_iso

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

    from airflow_provider_runway.hooks.runway import RunwayHook
    from airflow_provider_runway.storage.sources import Media

FILES_KEY = "runway_files"
# With what an address begins that stands for a file.
FILE_ADDRESS = "https://sha256.invalid/"


class RequestFiles:
    """The files of one task's request.

    Until it is submitted, a file stands in the request as an address made of its checksum. So a retry that finds the
    same bytes finds its submission, wherever they were uploaded to; and nobody could ever fetch that address.

    :param hook: The connection's hook.
    :param state: Where their checksums are kept for later tries.
    :param log: Where to say what is uploaded.
    """

    def __init__(self, hook: RunwayHook, state: TaskState, log: Logger) -> None:
        self._hook = hook
        self._state = state
        self._log = log
        self._named: list[NamedFile] = []
        self._checksums: dict[str, str] = {}
        self._fault: RunwayError | None = None

    def identify(self, request: Request) -> Request:
        """Put an address made of its checksum in the place of each file.

        :param request: The request, with the files as they were given.
        :raises InvalidRequestError: If a file is not what it must be, and no earlier try has read it.
        :raises UnreadableFileError: If one cannot be read now, and no earlier try has.
        """
        self._named = named_files(request)
        if not self._named:
            return request
        known = self._state.get(FILES_KEY) or {}
        checksums = self._checksums = dict[str, str]()
        # One that is named as a picture and as a video would have to be both.
        read: set[tuple[str, Media | None]] = set()
        for file in self._named:
            if (file.path, file.media) not in read:
                read.add((file.path, file.media))
                checksums[file.path] = self._checksum(file, known)
        if checksums != known:
            self._state.set(FILES_KEY, checksums)
        return with_values(request, {file.place: f"{FILE_ADDRESS}{checksums[file.path]}" for file in self._named})

    def check(self) -> None:
        """See that the files can be uploaded, before one is: one that an earlier try has read may have changed since.

        :raises InvalidRequestError: If a file is not what it must be.
        :raises UnreadableFileError: If one cannot be read.
        """
        if self._fault is not None:
            raise self._fault

    def upload(self, request: Request) -> Request:
        """Upload the files of a request that is about to be submitted, and put their links in their places.

        :param request: What :meth:`identify` has returned.
        :raises UnreadableFileError: If a file has changed since: a retry would take what was sent for another request.
        """
        links: dict[str, str] = {}
        for file in self._named:
            if file.path in links:
                continue
            uploaded = self._hook.upload(file.path, field=file.field, media=file.media)
            if uploaded.sha256 != self._checksums[file.path]:
                raise UnreadableFileError(f"{file.path} has changed while it was about to be submitted")
            self._log.info(
                "%s is uploaded to KIE.AI (%d bytes), which keeps it until about %s.",
                file.path,
                uploaded.size,
                to_iso(uploaded.expires_at),
            )
            links[file.path] = uploaded.url
        return with_values(request, {file.place: links[file.path] for file in self._named})

    def _checksum(self, file: NamedFile, known: Mapping[str, Any]) -> str:
        from airflow_provider_runway.storage.sources import read_source

        try:
            return read_source(file.path, file.field, file.media).sha256
        except (InvalidRequestError, UnreadableFileError) as error:
            if file.path not in known:
                raise
            self._fault = error
            self._log.warning("%s It is taken to be the same as in the earlier try.", error)
            return str(known[file.path])
