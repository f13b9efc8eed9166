"""Checked requests become orders: what they cost, how long and how large the result is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.order import Order
from airflow_provider_runway.sandbox.tasks import Failure, Phase
from airflow_provider_runway.sandbox.video.clip import WIDE_RATIOS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_runway.sandbox.messages import SandboxRequest
    from airflow_provider_runway.sandbox.rules import Aleph, Extend, Generate
    from airflow_provider_runway.sandbox.state import SandboxState
    from airflow_provider_runway.sandbox.tasks import Api, Task

NO_SOURCE = "Get image info failed."
EXTENSION_SECONDS = 5
ALEPH_SECONDS = 5
_USUAL_RATIO = "16:9"
_COUNTS = ("num_images", "max_images", "n")
_PICTURE_WORDS = ("image", "flux", "banana", "seedream", "ideogram", "recraft", "imagen", "midjourney")


def generation(sandbox: SandboxState, asked: Generate, request: SandboxRequest, *, api: Api, model: str) -> Order:
    """The order of a new video; an image decides the shape, if it is known here."""
    prices = sandbox.settings.prices
    cost = prices.generate
    if asked.quality == "1080p":
        cost = prices.generate_1080p
    elif asked.seconds > EXTENSION_SECONDS:
        cost = prices.generate_long
    shape = sandbox.shape_of(asked.image_url, request) if asked.image_url else None
    return Order(
        api=api,
        kind="generate",
        model=model,
        prompt=asked.prompt,
        cost=cost,
        seconds=asked.seconds,
        ratio=shape or asked.ratio or _USUAL_RATIO,
        quality=asked.quality,
        watermark=asked.watermark,
        image_url=asked.image_url,
        inputs=(asked.image_url,) if asked.image_url else (),
    )


def extension(sandbox: SandboxState, asked: Extend, now: float, *, api: Api, model: str) -> Order:
    """The order of an extension: one clip that holds its source and 5 s more, shaped like the source."""
    source = _source(sandbox, asked.task_id, now, api)
    return Order(
        api=api,
        kind="extend",
        model=model,
        prompt=asked.prompt,
        cost=sandbox.settings.prices.extend,
        seconds=EXTENSION_SECONDS,
        ratio=source.clip.ratio if source else _USUAL_RATIO,
        quality=asked.quality,
        watermark=asked.watermark,
        parent_id=asked.task_id,
        source=source,
        failure=None if source else Failure(NO_SOURCE, 400),
    )


def alteration(sandbox: SandboxState, asked: Aleph, *, api: Api, model: str) -> Order:
    """The order of a video changed by Aleph."""
    return Order(
        api=api,
        kind="aleph",
        model=model,
        prompt=asked.prompt,
        cost=sandbox.settings.prices.aleph,
        seconds=ALEPH_SECONDS,
        ratio=asked.ratio or _USUAL_RATIO,
        watermark=asked.watermark,
        image_url=asked.reference_url,
        inputs=tuple(url for url in (asked.video_url, asked.reference_url) if url),
        fetched_later=True,
    )


def _source(sandbox: SandboxState, task_id: str, now: float, api: Api) -> Task | None:
    """The task to extend, if it can be: made by the same API, successful and not expired."""
    task = sandbox.tasks.get(task_id)
    if task is None or task.api != api or task.kind not in ("generate", "extend"):
        return None
    return task if task.phase(now) is Phase.SUCCEEDED and not task.expired(now) else None


def any_job(sandbox: SandboxState, asked: Mapping[str, Any], *, model: str) -> Order:
    """The order of any other model's job: a video or, when the model's name speaks of images, pictures.

    Its input is not checked; a prompt, a number of seconds, an aspect ratio and a number of results are heeded.
    """
    prompt, ratio = asked.get("prompt"), asked.get("aspect_ratio")
    picture = "video" not in model.lower() and any(word in model.lower() for word in _PICTURE_WORDS)
    return Order(
        api="jobs",
        kind="job",
        model=model,
        prompt=prompt if isinstance(prompt, str) else "",
        cost=sandbox.settings.prices.job,
        seconds=_number(asked.get("duration"), usual=EXTENSION_SECONDS, most=30),
        ratio=ratio if ratio in WIDE_RATIOS else _USUAL_RATIO,
        extension="png" if picture else "mp4",
        outputs=_number(next((asked[name] for name in _COUNTS if name in asked), None), usual=1, most=4),
    )


def _number(value: object, *, usual: int, most: int) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 1:
        return usual
    return int(min(value, most))
