"""Fetching one file from the media host: redirects by hand, resumed after cuts, checked for what it is.

The client used here belongs to this module alone: it knows no API key, so none can reach the media host.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal

import httpx
from typing_extensions import Self

from airflow_provider_runway.kie.address import USER_AGENT
from airflow_provider_runway.kie.envelope import read_retry_after
from airflow_provider_runway.kie.errors import DeadLinkError, DownloadError, NotAVideoError
from airflow_provider_runway.kie.exchange import Patience
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.storage.content import (
    HEAD,
    ends_within_a_box,
    is_text,
    is_video,
    media_suffix,
    picture_suffix,
)
from airflow_provider_runway.storage.fast_transport import best_transport
from airflow_provider_runway.storage.links import hidden_queries, shown, usable_link
from airflow_provider_runway.storage.ranges import Next, Progress, read_answer
from airflow_provider_runway.storage.sink import Sink

log = logging.getLogger(__name__)

Media = Literal["video", "thumbnail", "media file"]
OnProgress = Callable[[int, "int | None"], None]

# Six faults in a row without a new byte, half a minute of pauses, and the download is left to the task's retries.
DEFAULT_PATIENCE = Patience(tries=6)
MOST_REDIRECTS = 5
# Cuts after which even a download that moves on each time is given up.
_MOST_CUTS = 1000
# Seconds, the longest pause that is kept because the media host asks for it.
_LONGEST_ASKED_PAUSE = 120.0
_TRY_LATER = frozenset({408, 425, 429})
_ADVICE = "It is paid and KIE.AI still has it (14 days at most): a retry downloads it again and pays nothing."


class _FaultError(Exception):
    """Why a request did not bring the rest of the file, and what that makes of the download."""

    def __init__(
        self,
        reason: str,
        *,
        becomes: type[DownloadError] = DownloadError,
        status: int | None = None,
        pause: float | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.becomes = becomes
        self.status = status
        self.pause = pause
        self.final = final


@dataclass(slots=True, kw_only=True)
class Downloader:
    """What all downloads of one video share.

    :param task_id: The KIE task, for messages.
    :param timeout: Seconds for connecting and for each read.
    :param patience: How many faults in a row without a new byte are borne, and how long the pauses between are.
    :param renew: Given the link that has died, returns another to the video; asked once.
    :param transport: An httpx transport in place of the network, for tests.
    :param sleep: What pauses.
    """

    task_id: str
    timeout: float
    patience: Patience
    renew: Callable[[str], str] | None
    transport: httpx.BaseTransport | None
    sleep: Callable[[float], None]

    def fetch(
        self,
        link: str,
        sink: Sink,
        *,
        media: Media = "video",
        on_start: Callable[[Progress], None] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Progress:
        """Fetch a file whole.

        :param link: Where it is.
        :param sink: Where its bytes go. What is there at the end is the file and nothing else.
        :param media: What it should be.
        :param on_start: Told size and version before the first byte is taken; ends the download by raising.
        :param on_progress: Told the bytes received and, if known, those of the whole file, again and again.
        :return: How it ended: all bytes received.
        :raises DownloadError: If the file could not be fetched whole.
        """
        transport = self.transport or best_transport()
        with hidden_queries(), httpx.Client(timeout=self.timeout, transport=transport) as client:
            return _Download(
                settings=self,
                client=client,
                link=link,
                sink=sink,
                media=media,
                on_start=on_start,
                on_progress=on_progress,
            ).run()

    def error(self, fault: _FaultError, media: Media) -> DownloadError:
        """The error that a download ends with."""
        return fault.becomes(
            f"The {media} of task {self.task_id} could not be downloaded: {fault.reason}. {_ADVICE}",
            http_status=fault.status,
            task_id=self.task_id,
        )


@dataclass(slots=True, kw_only=True)
class _Download:
    """One file on its way."""

    settings: Downloader
    client: httpx.Client
    link: str
    sink: Sink
    media: Media
    on_start: Callable[[Progress], None] | None
    on_progress: OnProgress | None
    progress: Progress = field(default_factory=Progress)
    head: bytes = b""
    content_type: str = ""

    def run(self) -> Progress:
        settings = self.settings
        renewed = False
        faults = cuts = furthest = 0
        while True:
            try:
                self._attempt()
            except _FaultError as fault:
                if fault.becomes is DeadLinkError and settings.renew is not None and not renewed:
                    renewed = True
                    log.info(
                        "The link to the %s of task %s has died; asking for another.", self.media, settings.task_id
                    )
                    self.link = settings.renew(self.link)
                    continue
                cuts += 1
                faults = 1 if self.progress.received > furthest else faults + 1
                furthest = max(furthest, self.progress.received)
                error = settings.error(fault, self.media)
                if fault.final or faults >= settings.patience.tries or cuts >= _MOST_CUTS:
                    raise error from fault.__cause__
                pause = max(settings.patience.pause(faults, error), fault.pause or 0.0)
                log.warning(
                    "The download of the %s of task %s stopped at %d of %s bytes: %s. Going on in %.1f s.",
                    self.media,
                    settings.task_id,
                    self.progress.received,
                    "unknown" if self.progress.total is None else self.progress.total,
                    fault.reason,
                    pause,
                )
                settings.sleep(pause)
            else:
                return self.progress

    def _attempt(self) -> None:
        """Ask for what is missing, and take what comes; return only with all of it."""
        with self._follow() as answer:
            status = answer.response.status_code
            if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}:
                raise _refusal(answer.response)
            step, self.progress = read_answer(self.progress, status, answer.response.headers)
            if step is Next.ASK_ANEW:
                self._start_over()
                raise _FaultError("the media host did not resume where it should, so it starts over", status=status)
            if step is Next.START_OVER:
                self._start_over(self.progress)
            if step is not Next.ALREADY_WHOLE:
                self._take(answer.response)
        self._check_end()

    def _take(self, response: httpx.Response) -> None:
        if response.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
            raise _FaultError("the media host sends it compressed, which was not asked for", becomes=NotAVideoError)
        if self.progress.received == 0:
            self.content_type = response.headers.get("Content-Type", "").strip().lower()
            if self.on_start is not None:
                self.on_start(self.progress)
        received, total = self.progress.received, self.progress.total
        chunks = response.iter_raw()
        try:
            while (chunk := _next(chunks)) is not None:
                handed_on = self.sink.write(chunk)
                received += len(chunk)
                if len(self.head) < HEAD:
                    self.head += chunk[: HEAD - len(self.head)]
                    if len(self.head) == HEAD:
                        self._check_head()
                if handed_on and self.on_progress is not None:
                    self.on_progress(received, total)
        finally:
            self.progress = replace(self.progress, received=received)

    def _check_end(self) -> None:
        received, total = self.progress.received, self.progress.total
        if total is not None and received < total:
            raise _FaultError(f"the connection ended after {received} of {total} bytes")
        if total is not None and received > total:
            self._start_over()
            raise _FaultError(f"more than the announced {total} bytes came")
        if received == 0:
            raise _FaultError("the file is empty")
        if received < HEAD:
            self._check_head()
        self.sink.settle()
        # The length may be unknown or wrong: then the file itself has to tell.
        if ends_within_a_box(self.sink.file):
            self._start_over()
            raise _FaultError(f"the file that came is cut off after {received} bytes")
        self.progress = replace(self.progress, total=received)
        if self.on_progress is not None:
            self.on_progress(received, self.progress.total)

    def _check_head(self) -> None:
        head = self.head
        if self.media == "thumbnail":
            wrong = picture_suffix(head) is None
        elif self.media == "media file":
            wrong = media_suffix(head) is None and is_text(head, self.content_type)
        else:
            wrong = not is_video(head) and is_text(head, self.content_type)
        if wrong:
            begins = shorten(head.decode("utf-8", "replace"), 80)
            called = f" ({shorten(self.content_type, 60)})" if self.content_type else ""
            raise _FaultError(
                f"what the media host sends{called} is no {self.media}: it begins {begins!r}",
                becomes=NotAVideoError,
                final=True,
            )

    def _start_over(self, progress: Progress | None = None) -> None:
        self.progress = progress or Progress()
        self.head = b""
        self.sink.start_over()

    def _follow(self) -> _Answer:
        """Send the request, and follow redirects."""
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **self.progress.headers}
        url = _checked(self.link)
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(url, headers)
            if not response.has_redirect_location:
                return _Answer(response)
            response.close()
            url = _checked(response.headers["Location"], url)
        raise _FaultError(f"the media host redirects more than {MOST_REDIRECTS} times")

    def _send(self, url: httpx.URL, headers: dict[str, str]) -> httpx.Response:
        try:
            request = self.client.build_request("GET", url, headers=headers)
            return self.client.send(request, stream=True, auth=None, follow_redirects=False)
        except Exception as error:
            raise _FaultError(f"no answer from {shown(url)} ({type(error).__name__})") from error


@dataclass(frozen=True, slots=True)
class _Answer:
    """A response that is closed at the end of the block, however that comes."""

    response: httpx.Response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()


def _next(chunks: object) -> bytes | None:
    """The next bytes, ``None`` at the end: kept apart, so that a fault of the network is not taken for the disk's."""
    try:
        chunk: bytes | None = next(chunks, None)  # type: ignore[call-overload]
    except Exception as error:
        raise _FaultError(f"the connection was cut ({type(error).__name__})") from error
    return chunk


def _checked(link: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        return usable_link(link, base)
    except ValueError as error:
        raise _FaultError(str(error), final=True) from None


def _refusal(response: httpx.Response) -> _FaultError:
    status = response.status_code
    reason = f"{shown(response.request.url)} answered with HTTP status {status}"
    if 400 <= status < 500 and status not in _TRY_LATER:  # noqa: PLR2004 - HTTP's own borders
        return _FaultError(
            f"{reason}, which says that the link has died", becomes=DeadLinkError, status=status, final=True
        )
    asked = read_retry_after(response.headers.get("Retry-After"))
    return _FaultError(reason, status=status, pause=None if asked is None else min(asked, _LONGEST_ASKED_PAUSE))
