"""Why KIE failed a task, read from the text it gives, and whether the same request can do better next time."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class FailureReason(str, Enum):
    """The cause of a failed task."""

    MODERATION = "moderation"
    INPUT = "input"
    CAPACITY = "capacity"
    SERVICE = "service"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


# The input, as far as can be told; but some of these were seen to pass when KIE was less busy.
_FETCHES = (
    "failed to fetch", "fetch failed", "fetch the image", "fetch the video", "fetch the file", "failed to download",
    "access limits",
)  # fmt: skip

# Themes of the messages KIE documents for Runway (docs.kie.ai, "Runway callbacks") and of those seen in use. The
# order counts: a message that blames the input as well as the service is about the input.
_THEMES: Mapping[FailureReason, tuple[str, ...]] = {
    FailureReason.MODERATION: (
        "inappropriate", "moderator", "moderation", "nsfw", "sensitive", "prohibited", "flagged", "violates",
        "violating", "violation of", "content policy", "our policy", "safety", "unsafe", "copyright",
        "content could not be processed",
    ),
    FailureReason.INPUT: (
        "2048", "characters", "image format", "incorrect image", "unsupported", "get image info failed",
        "invalid image", "width and height", "width/height", "is too long", "too large", "size exceeds",
        "length exceeds", "duration exceeds", "resolution exceeds", "process the provided", "invalid_image",
        "not supported", "are supported", *_FETCHES,
    ),
    FailureReason.CAPACITY: (
        "free trial", "subscribe", "upgrade", "concurrent", "concurrency", "limit reached", "too many requests",
        "too many tasks", "server is busy", "capacity",
    ),
    FailureReason.SERVICE: (
        "try again", "network", "upload failed", "internal error", "timeout", "timed out", "generation failed",
    ),
}  # fmt: skip


def failure_reason(message: str | None) -> FailureReason:
    """Class a failure by KIE's text for it; ``UNKNOWN`` where the text says nothing known."""
    text = _plain(message)
    for reason, themes in _THEMES.items():
        if any(theme in text for theme in themes):
            return reason
    return FailureReason.UNKNOWN


def useful_resubmissions(message: str | None) -> int | None:
    """How many further submissions of the same request may help, after a failure with this text.

    :return: 0 where the prompt or the input is to blame. 1 where the text says nothing known, or that a file could not
        be fetched. ``None`` for faults of the service, which the task's own ``retries`` bound: a failed task gives its
        credits back.
    """
    reason = failure_reason(message)
    if reason is FailureReason.UNKNOWN:
        return 1
    if reason is FailureReason.INPUT and any(theme in _plain(message) for theme in _FETCHES):
        return 1
    return 0 if reason in {FailureReason.INPUT, FailureReason.MODERATION} else None


def _plain(message: str | None) -> str:
    return (message or "").lower().replace("\u2019", "'")
