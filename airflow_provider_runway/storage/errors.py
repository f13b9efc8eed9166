"""What can go wrong between a finished video and its storage.

::

    RunwayError
    ├── NotFinishedError          the video is still being made
    ├── DownloadError             the media host did not give the whole file
    │   ├── DeadLinkError         it no longer knows the link
    │   └── NotAVideoError        it gave something else
    ├── TargetExistsError         another file is there already
    └── TargetUnwritableError     it cannot be stored there

None of them means that money is lost: the video is made and paid, and KIE keeps it for 14 days.
"""

from __future__ import annotations

from airflow_provider_runway.kie.errors import RunwayError


class NotFinishedError(RunwayError):
    """The video is still being made, so there is nothing to store yet."""

    retry_can_help = True


class DownloadError(RunwayError):
    """The media host did not give the whole file. A retry downloads it again and pays nothing."""

    retry_can_help = True


class DeadLinkError(DownloadError):
    """The media host no longer knows the link, and no fresh one works either."""


class NotAVideoError(DownloadError):
    """The media host gave something else than a video, such as an error page."""


class TargetExistsError(RunwayError):
    """Another file is at the target, and it may not be overwritten."""


class TargetUnwritableError(RunwayError):
    """The video cannot be stored at the target: no access, no room, no such store, a folder of that name."""

    retry_can_help = True
