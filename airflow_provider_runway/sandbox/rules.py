"""The rules of the request bodies: of the dedicated endpoints and, by other names, of the unified ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from airflow_provider_runway.sandbox.messages import Refusal
from airflow_provider_runway.sandbox.video.clip import RATIOS, WIDE_RATIOS

Body = Mapping[str, Any]

LONGEST_PROMPT = 1800
QUALITIES = ("720p", "1080p")
DURATIONS = (5, 10)
INVALID = 422


@dataclass(frozen=True, slots=True)
class Names:
    """How one generation of the API calls its fields."""

    image: str = "imageUrl"
    ratio: str = "aspectRatio"
    watermark: str = "waterMark"
    task: str = "taskId"
    video: str = "videoUrl"
    upload_cn: str = "uploadCn"
    reference: str = "referenceImage"


DEDICATED = Names()
UNIFIED = Names(
    image="image_url",
    ratio="aspect_ratio",
    watermark="watermark",
    task="task_id",
    video="video_url",
    upload_cn="upload_cn",
    reference="reference_image",
)


@dataclass(frozen=True, slots=True)
class Generate:
    """A checked request for a video from text, or from an image and text.

    :param ratio: empty when the image decides.
    """

    prompt: str
    seconds: int
    quality: str
    image_url: str
    ratio: str
    watermark: str


@dataclass(frozen=True, slots=True)
class Extend:
    """A checked request for an extension."""

    task_id: str
    prompt: str
    quality: str
    watermark: str


@dataclass(frozen=True, slots=True)
class Aleph:
    """A checked request for a changed video."""

    prompt: str
    video_url: str
    reference_url: str
    ratio: str
    watermark: str


def read_generate(body: Body, names: Names = DEDICATED) -> Generate:
    """Check a request for a video.

    :raises Refusal: code 422, with a message that names the field.
    """
    prompt = _prompt(body, longest=LONGEST_PROMPT)
    seconds = _duration(body)
    quality = _choice(body, "quality", QUALITIES, required=True)
    image_url = _url(body, names.image)
    ratio = _choice(body, names.ratio, RATIOS, required=not image_url)
    if seconds == DURATIONS[-1] and quality == QUALITIES[-1]:
        raise _invalid("duration and quality: a 10 second video cannot be generated in 1080p")
    return Generate(prompt, seconds, quality, image_url, ratio, _text(body, names.watermark))


def read_extend(body: Body, names: Names = DEDICATED) -> Extend:
    """Check a request for an extension.

    :raises Refusal: code 422, with a message that names the field.
    """
    return Extend(
        task_id=_text(body, names.task, required=True),
        prompt=_prompt(body, longest=LONGEST_PROMPT),
        quality=_choice(body, "quality", QUALITIES, required=True),
        watermark=_text(body, names.watermark),
    )


def read_aleph(body: Body, names: Names = DEDICATED) -> Aleph:
    """Check a request for a changed video.

    :raises Refusal: code 422, with a message that names the field.
    """
    for name, kind in ((names.upload_cn, bool), ("seed", int)):
        value = body.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool)):
            raise _invalid(f"{name} must be {'a boolean' if kind is bool else 'an integer'}")
    return Aleph(
        prompt=_prompt(body, longest=None),
        video_url=_url(body, names.video, required=True),
        reference_url=_url(body, names.reference),
        ratio=_choice(body, names.ratio, WIDE_RATIOS),
        watermark=_text(body, names.watermark),
    )


def read_callback(body: Body) -> str:
    """The URL to call back; empty for none."""
    return _url(body, "callBackUrl")


def parts_of(url: object) -> SplitResult | None:
    """The parts of a http or https URL; None when it is none."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return None
    return parts if parts and parts.scheme in ("http", "https") and parts.netloc else None


def _prompt(body: Body, *, longest: int | None) -> str:
    prompt = _text(body, "prompt", required=True)
    if longest and len(prompt) > longest:
        raise _invalid(f"prompt must not be longer than {longest} characters")
    return prompt


def _duration(body: Body) -> int:
    value = body.get("duration")
    if value is None or value == "":
        raise _invalid("duration is required")
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        for seconds in DURATIONS:
            if value in (seconds, str(seconds)):
                return seconds
    raise _invalid("duration must be 5 or 10")


def _choice(body: Body, name: str, allowed: tuple[str, ...], *, required: bool = False) -> str:
    value = _text(body, name, required=required)
    if value and value not in allowed:
        raise _invalid(f"{name} must be one of {', '.join(allowed)}")
    return value


def _url(body: Body, name: str, *, required: bool = False) -> str:
    value = _text(body, name, required=required)
    if value and parts_of(value) is None:
        raise _invalid(f"{name} must be a http or https URL")
    return value


def _text(body: Body, name: str, *, required: bool = False) -> str:
    value = body.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise _invalid(f"{name} must be a string")
    if required and not value.strip():
        raise _invalid(f"{name} is required")
    return value


def _invalid(msg: str) -> Refusal:
    return Refusal(INVALID, msg)
