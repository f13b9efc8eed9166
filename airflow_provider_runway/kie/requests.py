"""What can be asked of KIE.AI: immutable requests that are checked before anything is sent.

The rules are KIE's: https://docs.kie.ai, pages "Generate AI video" and "Extend AI video".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_runway.kie.errors import InvalidRequestError

MAX_PROMPT_LENGTH = 1800
DURATIONS = (5, 10)
QUALITIES = ("720p", "1080p")
ASPECT_RATIOS = ("16:9", "4:3", "1:1", "3:4", "9:16")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """A new video from text, or from text and an image.

    :param prompt: What happens in the video, 1 to 1800 characters.
    :param image_url: http(s) URL of a picture to start from (JPG or PNG up to 10 MB); ``None`` for text alone.
    :param duration: Seconds of video, 5 or 10. Ten seconds exist in 720p only.
    :param quality: ``"720p"`` or ``"1080p"``.
    :param aspect_ratio: One of 16:9, 4:3, 1:1, 3:4, 9:16. Needed without an image; with one, the image decides.
    :param watermark: Text at the bottom right; ``None`` for none.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields of the request body, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    prompt: str
    image_url: str | None = None
    duration: int = 5
    quality: str = "720p"
    aspect_ratio: str | None = None
    watermark: str | None = None
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_prompt(self.prompt)
        check_url("image_url", self.image_url)
        check_duration(self.duration)
        check_quality(self.quality)
        check_duration_with_quality(self.duration, self.quality)
        check_aspect_ratio(self.aspect_ratio)
        check_aspect_ratio_is_known(self.aspect_ratio, self.image_url)
        check_text("watermark", self.watermark)
        check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", plain_fields(self.extra_fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest:
    """A longer video out of one made before. It becomes a task of its own; the aspect ratio is inherited.

    :param task_id: The KIE task of the video to extend, which must have succeeded.
    :param prompt: How the clip goes on, 1 to 1800 characters.
    :param quality: ``"720p"`` or ``"1080p"``.
    :param watermark: Text at the bottom right; ``None`` for none.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields of the request body, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    task_id: str
    prompt: str
    quality: str = "720p"
    watermark: str | None = None
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_task_id("task_id", self.task_id)
        check_prompt(self.prompt)
        check_quality(self.quality)
        check_text("watermark", self.watermark)
        check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", plain_fields(self.extra_fields))


Request = GenerateRequest | ExtendRequest


def check_prompt(value: object) -> None:
    """1 to 1800 characters, not only white space (the longest KIE documents)."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError("prompt", value, "must be a text of 1 to 1800 characters")
    if len(value) > MAX_PROMPT_LENGTH:
        raise InvalidRequestError("prompt", value, f"must be at most {MAX_PROMPT_LENGTH} characters")
    check_encodable("prompt", value)


def check_duration(value: object) -> None:
    """5 or 10 seconds."""
    if not isinstance(value, int) or value not in DURATIONS:
        raise InvalidRequestError("duration", value, "must be 5 or 10 (seconds)")


def check_quality(value: object) -> None:
    """720p or 1080p."""
    if value not in QUALITIES:
        raise InvalidRequestError("quality", value, "must be '720p' or '1080p'")


def check_duration_with_quality(duration: object, quality: object) -> None:
    """KIE makes ten-second videos in 720p only."""
    if duration == max(DURATIONS) and quality == "1080p":
        raise InvalidRequestError("quality", quality, "must be '720p' when duration is 10 seconds")


def check_aspect_ratio(value: object) -> None:
    """One of the five shapes, or none."""
    if value is not None and value not in ASPECT_RATIOS:
        raise InvalidRequestError("aspect_ratio", value, f"must be one of {', '.join(ASPECT_RATIOS)}")


def check_aspect_ratio_is_known(aspect_ratio: object, image_url: object) -> None:
    """Without an image nothing else tells the shape of the video."""
    if aspect_ratio is None and image_url is None:
        rule = f"is needed without image_url: one of {', '.join(ASPECT_RATIOS)}"
        raise InvalidRequestError("aspect_ratio", aspect_ratio, rule)


def check_url(name: str, value: object) -> None:
    """An absolute http(s) URL, or none."""
    if value is None:
        return
    if isinstance(value, str) and value.isprintable() and " " not in value:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            usable = False
        if usable:
            return
    raise InvalidRequestError(name, value, "must be an absolute http:// or https:// URL")


def check_text(name: str, value: object) -> None:
    """A text, or none."""
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(name, value, "must be a text")
    if value is not None:
        check_encodable(name, value)


def check_encodable(name: str, value: str) -> None:
    """Half a character (a lone surrogate) cannot be sent as UTF-8."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequestError(name, value, "must be whole Unicode characters (it has a lone surrogate)")


def check_task_id(name: str, value: object) -> None:
    """A text that :func:`is_task_id`."""
    if not isinstance(value, str) or not is_task_id(value):
        raise InvalidRequestError(name, value, "must be the id of a KIE task")


def is_task_id(text: str) -> bool:
    """Any text without white space: KIE's ids come in several forms, none of them promised."""
    return bool(text) and text.isprintable() and " " not in text


def check_extra_fields(value: object) -> None:
    """A mapping with text keys that can be sent as JSON."""
    plain_fields(value)


def plain_fields(value: object) -> dict[str, Any]:
    """A copy of a mapping of extra fields as JSON will carry it, which later changes of the original do not reach.

    :raises InvalidRequestError: If it is no mapping with text keys, or cannot be sent as JSON.
    """
    try:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
            text.encode()  # refuses half a character
            copy: dict[str, Any] = json.loads(text)
            return copy
    except (TypeError, ValueError, RecursionError):
        pass
    raise InvalidRequestError("extra_fields", value, "must be a mapping of field names to JSON values")
