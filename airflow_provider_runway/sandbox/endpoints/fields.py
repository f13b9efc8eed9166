"""The fields of a submission, checked: of the dedicated endpoints and, by other names, of the unified ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from airflow_provider_runway.sandbox.messages import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

INVALID = 422
QUALITIES = ("720p", "1080p")
DURATIONS = (5, 10)
LONGEST_PROMPT = 1800
_DEDICATED = {
    "image_url": "imageUrl",
    "aspect_ratio": "aspectRatio",
    "watermark": "waterMark",
    "task_id": "taskId",
    "video_url": "videoUrl",
    "upload_cn": "uploadCn",
    "reference_image": "referenceImage",
}


class Fields:
    """Reads fields by the names that the unified API has for them.

    Whatever is wrong is a :class:`Refusal` with code 422 and a message that names the field.

    :param values: the fields as they came.
    :param unified: whether they have the names of the unified API; if not, those of the dedicated endpoints.
    """

    def __init__(self, values: Mapping[str, Any], *, unified: bool = False) -> None:
        self.values = values
        self._names = {} if unified else _DEDICATED

    def text(self, field: str, *, required: bool = False) -> str:
        """A text; empty when there is none."""
        name, value = self._named(field)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise Refusal(INVALID, f"{name} must be a string")
        if required and not value.strip():
            raise Refusal(INVALID, f"{name} is required")
        return value

    def prompt(self, *, longest: int | None = LONGEST_PROMPT) -> str:
        """The prompt."""
        prompt = self.text("prompt", required=True)
        if longest and len(prompt) > longest:
            raise Refusal(INVALID, f"prompt must not be longer than {longest} characters")
        return prompt

    def duration(self) -> int:
        """The length, in seconds."""
        value = self.values.get("duration")
        if value is None or value == "":
            raise Refusal(INVALID, "duration is required")
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            for seconds in DURATIONS:
                if value in (seconds, str(seconds)):
                    return seconds
        raise Refusal(INVALID, "duration must be 5 or 10")

    def choice(self, field: str, allowed: tuple[str, ...], *, required: bool = False) -> str:
        """One of some texts; empty when there is none."""
        value = self.text(field, required=required)
        if value and value not in allowed:
            raise Refusal(INVALID, f"{self._named(field)[0]} must be one of {', '.join(allowed)}")
        return value

    def url(self, field: str, *, required: bool = False) -> str:
        """A http or https URL; empty when there is none."""
        value = self.text(field, required=required)
        if value and parts_of(value) is None:
            raise Refusal(INVALID, f"{self._named(field)[0]} must be a http or https URL")
        return value

    def check_type(self, field: str, kind: type, words: str) -> None:
        """See that a value, if there is one, is of a type."""
        name, value = self._named(field)
        if value is not None and type(value) is not kind:
            raise Refusal(INVALID, f"{name} must be {words}")

    def _named(self, field: str) -> tuple[str, Any]:
        name = self._names.get(field, field)
        return name, self.values.get(name)


def parts_of(url: object) -> SplitResult | None:
    """The parts of a http or https URL; None when it is none."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None
    return parts if parts and parts.scheme in ("http", "https") and parts.netloc else None
