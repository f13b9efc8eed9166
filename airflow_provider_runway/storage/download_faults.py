"""What goes wrong with a request to the media host, before it is known what that makes of the download."""

from __future__ import annotations

from airflow_provider_runway.kie.errors import DownloadError


class FaultError(Exception):
    """Why a request did not bring the rest of the file.

    :param reason: What went wrong, for people.
    :param becomes: The error that the download ends with, if it ends so.
    :param status: The HTTP status, if there was one.
    :param pause: Seconds that the media host asks to pause.
    :param final: Whether asking again in this download is of no use.
    :param hopeless: Whether a retry of the task is of no use either.
    :param slow: Whether the answer dripped: what came of it is no progress.
    """

    def __init__(
        self,
        reason: str,
        *,
        becomes: type[DownloadError] = DownloadError,
        status: int | None = None,
        pause: float | None = None,
        final: bool = False,
        hopeless: bool = False,
        slow: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.becomes = becomes
        self.status = status
        self.pause = pause
        self.final = final or hopeless
        self.hopeless = hopeless
        self.slow = slow
