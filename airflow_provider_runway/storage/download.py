"""Fetching one file from the media host: redirects by hand, resumed after cuts, checked for what it is.

The client used here belongs to this module alone: it knows no API key, so none can reach the media host.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import httpx

from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.errors import DeadLinkError, DownloadError, NotAVideoError
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.kie.transport_faults import fault_of
from airflow_provider_runway.storage.content import (
    HEAD,
    decoded,
    is_error_page,
    is_no_picture,
    is_no_sound,
    is_no_video,
    picture_suffix,
)
from airflow_provider_runway.storage.links import hidden_queries
from airflow_provider_runway.storage.media_request import Answer, Asker, FaultError
from airflow_provider_runway.storage.public_hosts import Resolve, resolve
from airflow_provider_runway.storage.ranges import Next, PartialDownload, next_step
from airflow_provider_runway.storage.sink import Sink
from airflow_provider_runway.storage.transport import LEAST, PERIOD, MediaTransport, Pace, TooSlowError
from airflow_provider_runway.storage.wholeness import is_cut_off
from airflow_provider_runway.utils.config import LARGEST_FILE

log = logging.getLogger(__name__)

Expected = Literal["video", "sound", "picture", "thumbnail", "media file"]
OnProgress = Callable[[int, "int | None"], None]

# Six faults in a row that bring too little, half a minute of pauses, and the download is left to the task's retries.
DEFAULT_RETRY_RULES = RetryRules(tries=6)
# Cuts after which even a download that moves on each time is given up.
_MOST_CUTS = 1000
_PAID = "It is paid and KIE.AI still has it (14 days at most)."


@dataclass(slots=True, kw_only=True)
class Downloader:
    """What all downloads of one video share.

    :param task_id: The KIE task, for messages.
    :param timeout: Seconds for connecting and for each read.
    :param retry_rules: How many faults in a row without a new byte are borne, and how long the pauses between are.
    :param renew: Given the link that has died, returns another to the video; asked once.
    :param transport: An httpx transport in place of the network, for tests.
    :param largest: Bytes that a file may have at most.
    :param clock: What time it is, and how it passes.
    :param resolve: The addresses of a host and port.
    :param on_progress: Told the bytes received and, if known, those of the whole file, again and again.
    """

    task_id: str
    timeout: float = 30.0
    retry_rules: RetryRules = DEFAULT_RETRY_RULES
    renew: Callable[[str], str] | None = None
    transport: httpx.BaseTransport | None = None
    largest: int = LARGEST_FILE
    clock: Clock = CLOCK
    resolve: Resolve = resolve
    on_progress: OnProgress | None = None

    def fetch(
        self,
        link: str,
        sink: Sink,
        *,
        expected: Expected = "video",
        on_start: Callable[[PartialDownload], None] | None = None,
    ) -> PartialDownload:
        """Fetch a file whole.

        :param link: Where it is.
        :param sink: Where its bytes go. What is there at the end is the file and nothing else.
        :param expected: What it should be.
        :param on_start: Told size and version before the first byte is taken; ends the download by raising.
        :return: How it ended: all bytes received.
        :raises DownloadError: If the file could not be fetched whole.
        """
        transport = self.transport or MediaTransport()
        with hidden_queries(), httpx.Client(timeout=self.timeout, transport=transport) as client:
            asker = Asker(client, self.resolve, self.clock)
            return _Download(self, asker, link, sink, expected, on_start).run()

    def error(self, fault: FaultError, expected: Expected, *, renewed: bool = False) -> DownloadError:
        """The error that a download ends with.

        :param renewed: Whether another link than the first was asked for.
        """
        detail, also = _PAID if fault.retryable else f"{_PAID} Raise that option.", ""
        if fault.becomes is DeadLinkError:
            detail = "It was paid; KIE.AI deletes it 14 days after it was made."
            also = ", as had the one before it" if renewed else ""
        return fault.becomes(
            f"The {expected} of task {self.task_id} could not be downloaded: {fault.reason}{also}.",
            detail=detail,
            http_status=fault.status,
            task_id=self.task_id,
            retryable=fault.retryable,
        )


@dataclass(slots=True)
class _Download:
    """One file on its way."""

    settings: Downloader
    asker: Asker
    link: str
    sink: Sink
    expected: Expected
    on_start: Callable[[PartialDownload], None] | None
    so_far: PartialDownload = field(default_factory=PartialDownload)
    head: bytes = b""
    content_type: str = ""
    answer: Answer | None = None

    def run(self) -> PartialDownload:
        settings = self.settings
        renewed = False
        faults = cuts = furthest = 0
        since = settings.clock.monotonic()
        while True:
            try:
                self._attempt()
            except FaultError as fault:
                if fault.becomes is DeadLinkError and settings.renew is not None and not renewed:
                    renewed = True
                    log.info(
                        "The link to the %s of task %s has died; asking for another.", self.expected, settings.task_id
                    )
                    self.link = settings.renew(self.link)
                    continue
                cuts += 1
                faults += 1
                if not fault.slow and _is_progress(self.so_far.received - furthest, settings.clock.monotonic() - since):
                    faults, furthest, since = 1, self.so_far.received, settings.clock.monotonic()
                error = settings.error(fault, self.expected, renewed=renewed)
                if fault.final or faults >= settings.retry_rules.tries or cuts >= _MOST_CUTS:
                    raise error from fault.__cause__
                pause = max(settings.retry_rules.pause(faults, error), fault.pause or 0.0)
                log.warning(
                    "The download of the %s of task %s stopped at %d of %s bytes: %s. Going on in %.1f s.",
                    self.expected,
                    settings.task_id,
                    self.so_far.received,
                    "unknown" if self.so_far.total is None else self.so_far.total,
                    fault.reason,
                    pause,
                )
                settings.clock.sleep(pause)
                if fault.pause:  # which the media host has asked for
                    since = settings.clock.monotonic()
            else:
                return self.so_far

    def _attempt(self) -> None:
        """Ask for what is missing, and take what comes; return only with all of it."""
        with self.asker.ask(self.link, self.so_far.headers) as answer:
            self.answer = answer
            step, self.so_far = next_step(self.so_far, answer.response.status_code, answer.response.headers)
            if step is Next.ASK_ANEW:
                self._start_over()
                status = answer.response.status_code
                raise FaultError("the media host did not resume where it should, so it starts over", status=status)
            if step is Next.START_OVER:
                self._start_over(self.so_far)
            self._check_size(self.so_far.total or 0)
            if step is not Next.ALREADY_WHOLE:
                self._take(answer)
        self._check_end()

    def _take(self, answer: Answer) -> None:
        response = answer.response
        if response.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
            raise FaultError("the media host sends it compressed, which was not asked for", becomes=NotAVideoError)
        if self.so_far.received == 0:
            self.content_type = response.headers.get("Content-Type", "").strip().lower()
            if self.on_start is not None:
                self.on_start(self.so_far)
        received, total = self.so_far.received, self.so_far.total
        chunks = response.iter_raw()
        try:
            while (chunk := _next(chunks, answer.pace, f"{received} of {total or 'unknown'} bytes")) is not None:
                received += len(chunk)
                self._check_size(received)
                if total is not None and received > total:
                    break
                handed_on = self.sink.write(chunk)
                if len(self.head) < HEAD:
                    self.head += chunk[: HEAD - len(self.head)]
                    if len(self.head) == HEAD:
                        self._check_head()
                if handed_on and self.settings.on_progress is not None:
                    self.settings.on_progress(received, total)
        finally:
            self.so_far = replace(self.so_far, received=received)

    def _check_end(self) -> None:
        received, total = self.so_far.received, self.so_far.total
        if total is not None and received < total:
            raise FaultError(f"the connection ended after {received} of {total} bytes")
        if total is not None and received > total:
            self._start_over()
            raise FaultError(f"more than the announced {total} bytes came")
        if received == 0:
            raise FaultError("the file is empty")
        if received < HEAD:
            self._check_head()
        self.sink.flush()
        # The length may be unknown or wrong: then the file itself has to tell.
        if is_cut_off(self.sink.file, is_announced=total is not None):
            self._start_over()
            raise FaultError(f"the file that came is cut off after {received} bytes")
        self.so_far = replace(self.so_far, total=received)
        if self.settings.on_progress is not None:
            self.settings.on_progress(received, received)

    def _check_size(self, size: int) -> None:
        if size > self.settings.largest:
            raise FaultError(
                f"it has {size} bytes or more, and [runway] largest_file allows {self.settings.largest}",
                final=True,
                retryable=False,
            )

    def _check_head(self) -> None:
        if self.expected == "thumbnail":
            wrong = picture_suffix(self.head) is None
        elif self.expected == "media file":
            wrong = is_error_page(self.head, self.content_type, self.link)
        else:
            wrong = _IS_NONE[self.expected](self.head, self.content_type)
        if not wrong:
            return
        called = beginning = ""
        if self.answer is not None and self.answer.may_be_quoted:
            called = f" ({shorten(self.content_type, 60)})" if self.content_type else ""
            beginning = f": it begins {shorten(decoded(self.head), 80)!r}"
        reason = f"what the media host sends{called} is no {self.expected}{beginning}"
        raise FaultError(reason, becomes=NotAVideoError, final=True)

    def _start_over(self, so_far: PartialDownload | None = None) -> None:
        self.so_far = so_far or PartialDownload()
        self.head = b""
        self.sink.start_over()


_IS_NONE = {"video": is_no_video, "sound": is_no_sound, "picture": is_no_picture}


def _is_progress(came: int, seconds: float) -> bool:
    """Whether the bytes of one answer or more came as fast as those of one have to, the pauses between included."""
    return came > LEAST * seconds / PERIOD


def _next(chunks: Iterator[bytes], pace: Pace, so_far: str) -> bytes | None:
    """The next bytes, ``None`` at the end: kept apart, so that a fault of the network is not taken for the disk's."""
    try:
        chunk = next(chunks, None)
        if chunk is not None:
            pace.took_of_file(len(chunk))
    except TooSlowError as error:
        raise FaultError(f"the media host is too slow ({error})", slow=True) from error
    except Exception as error:  # noqa: BLE001 - whatever the network raises
        raise FaultError(f"the connection was cut after {so_far} ({fault_of(error)})") from None
    return chunk
