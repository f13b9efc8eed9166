"""Files on their way to KIE's upload host, by stream. Uploading is free, so what goes wrong is simply tried again.

Rules and names are those of https://docs.kie.ai, page "File Upload API".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO

import httpx

from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.envelope import Answer, read_data
from airflow_provider_runway.kie.errors import RunwayError, UnreadableAnswerError, UnreadableFileError
from airflow_provider_runway.kie.over_httpx import client_for, request_answer
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.rules import is_url

DEFAULT_UPLOAD_URL = "https://kieai.redpandaai.co"
# KIE's pages say 24 hours in some places and three days in others.
UPLOAD_LIFETIME = timedelta(hours=24)
# Bytes a second, fewer than which no upload goes on with.
_SLOWEST = 16_384
_PATH = "/api/file-stream-upload"
_FOLDER = "airflow-provider-runway"
# The page that describes the reply and the one that shows it do not agree.
_LINKS = ("downloadUrl", "fileUrl")

OnUpload = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file at KIE.

    :param url: Where it can be fetched, by KIE and by anybody else.
    :param expires_at: When KIE deletes it, at the earliest.
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param content_type: What it is, by its first bytes.
    """

    url: str
    expires_at: datetime
    size: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploader:
    """Sends files.

    :param address: The upload host, and the key that goes to it alone.
    :param timeout: Seconds for connecting, and the most that one read or write may take.
    :param retry_rules: How often, and after what pauses, a file is sent again.
    :param transport: An httpx transport in place of the network, for tests.
    :param clock: How time passes.
    """

    address: Address
    timeout: float
    retry_rules: RetryRules = field(default_factory=RetryRules)
    transport: httpx.BaseTransport | None = None
    clock: Clock = CLOCK

    def send(
        self,
        opened: Callable[[], AbstractContextManager[BinaryIO]],
        *,
        suffix: str,
        content_type: str,
        on_progress: OnUpload | None = None,
    ) -> str:
        """Upload a file under a name that no other has.

        :param opened: Opens the file; called anew for each send.
        :param suffix: The end of its name, such as ``.png``.
        :param content_type: What it is.
        :param on_progress: Called again and again with the bytes sent and those of the whole file.
        :return: Its URL.
        :raises RunwayError: If KIE did not take it; the class says why.
        """
        with client_for(self.address, self.timeout, self.transport) as http:
            sends = 0
            while True:
                sends += 1
                name = f"{uuid.uuid4().hex}{suffix}"
                try:
                    with opened() as file:
                        answer = self._post(http, _Counted(file, on_progress), name, content_type)
                    return _link(read_data(answer))
                except RunwayError as error:
                    if not error.retryable or not self.retry_rules.allows_another(sends, error):
                        raise self.address.finished(error) from None
                    self.clock.sleep(self.retry_rules.pause(sends, error))

    def _post(self, http: httpx.Client, file: _Counted, name: str, content_type: str) -> Answer:
        return request_answer(
            http,
            self.address,
            "POST",
            _PATH,
            seconds=2 * self.timeout + file.size / _SLOWEST,
            data={"uploadPath": _FOLDER, "fileName": name},
            files={"file": (name, file, content_type)},
        )


class _Counted:
    """A file that tells how far it has been read."""

    def __init__(self, file: BinaryIO, on_progress: OnUpload | None) -> None:
        self._file = file
        self._on_progress = on_progress
        self.size = file.seek(0, 2)
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        try:
            piece = self._file.read(size)
        except Exception as error:
            raise UnreadableFileError(f"The file cannot be read on: {type(error).__name__}: {error}") from error
        if piece and self._on_progress is not None:
            self._on_progress(self._file.tell(), self.size)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _link(data: object) -> str:
    for link in (data.get(name) for name in _LINKS) if isinstance(data, Mapping) else ():
        if isinstance(link, str) and is_url(link):
            return link
    raise UnreadableAnswerError("KIE.AI's upload host took the file, and did not say where it is.")
