"""Why KIE failed a task, read from the text it gives, and whether the same request can do better next time."""

from __future__ import annotations

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


_RETRY_CAN_HELP = frozenset({FailureReason.CAPACITY, FailureReason.SERVICE, FailureReason.UNKNOWN})

# Themes of the messages KIE documents for Runway (docs.kie.ai, "Runway callbacks") and of those seen in use. The
# order counts: a message that blames the input as well as the service is about the input.
_THEMES: tuple[tuple[FailureReason, tuple[str, ...]], ...] = (
    (
        FailureReason.MODERATION,
        (
            "inappropriate",
            "moderator",
            "moderation",
            "nsfw",
            "sensitive",
            "prohibited",
            "flagged",
            "violates",
            "violating",
            "violation of",
            "content policy",
            "our policy",
            "safety",
        ),
    ),
    (
        FailureReason.INPUT,
        (
            "2048",
            "characters",
            "image format",
            "incorrect image",
            "unsupported",
            "get image info failed",
            "invalid image",
            "width and height",
            "width/height",
            "is too long",
            "too large",
        ),
    ),
    (
        FailureReason.CAPACITY,
        (
            "free trial",
            "subscribe",
            "upgrade",
            "concurrent",
            "concurrency",
            "limit reached",
            "too many requests",
            "too many tasks",
            "server is busy",
            "capacity",
        ),
    ),
    (
        FailureReason.SERVICE,
        (
            "try again",
            "network",
            "upload failed",
            "internal error",
            "timeout",
            "timed out",
            "generation failed",
        ),
    ),
)


def failure_reason(message: str | None) -> FailureReason:
    """Class a failure by KIE's text for it; ``UNKNOWN`` where the text says nothing known."""
    text = (message or "").lower()
    for reason, themes in _THEMES:
        if any(theme in text for theme in themes):
            return reason
    return FailureReason.UNKNOWN


def retry_can_help(reason: FailureReason) -> bool:
    """Whether submitting the same request again may succeed.

    An unknown reason counts as a fault of the service: a failed task gives its credits back, and the task's
    own ``retries`` bound the tries.
    """
    return reason in _RETRY_CAN_HELP
