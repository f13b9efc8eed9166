"""The fields of a submission, checked: of the dedicated endpoints and, by other names, of the unified ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_runway.sandbox.messages import Refusal, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
_WORDS = {str: "a string", int: "an integer", bool: "a boolean"}


class Fields:
    """Reads fields by the names that the unified API has for them.

    Whatever is wrong is a :class:`Refusal` with code 422 and a message that names the field.

    :param values: the fields as they came.
    :param unified: whether they have the names of the unified API; if not, those of the dedicated endpoints.
    """

    def __init__(self, values: Mapping[str, Any], *, unified: bool = False) -> None:
        self.values = values
        self._names = {} if unified else _DEDICATED

    def typed(self, field: str, kind: type) -> Any:
        """A value of a type; None when there is none."""
        value = self.values.get(self._name(field))
        if value is not None and type(value) is not kind:
            self._refuse(field, f"must be {_WORDS[kind]}")
        return value

    def text(
        self, field: str, *, required: bool = False, allowed: Sequence[str] = (), longest: int | None = None
    ) -> str:
        """A text; empty when there is none.

        :param allowed: it is one of these.
        :param longest: characters that it has at most.
        """
        value: str = self.typed(field, str) or ""
        if required and not value.strip():
            self._refuse(field, "is required")
        if value and allowed and value not in allowed:
            self._refuse(field, f"must be one of {', '.join(allowed)}")
        if longest and len(value) > longest:
            self._refuse(field, f"must not be longer than {longest} characters")
        return value

    def url(self, field: str, *, required: bool = False) -> str:
        """A http or https URL; empty when there is none."""
        value = self.text(field, required=required)
        if value and parts_of(value) is None:
            self._refuse(field, "must be a http or https URL")
        return value

    def duration(self) -> int:
        """The length, in seconds."""
        value = self.values.get("duration")
        for seconds in DURATIONS:
            if value in (seconds, str(seconds)):
                return seconds
        self._refuse("duration", "is required and must be 5 or 10")

    def _name(self, field: str) -> str:
        return self._names.get(field, field)

    def _refuse(self, field: str, rule: str) -> NoReturn:
        raise Refusal(INVALID, f"{self._name(field)} {rule}")
