"""The endpoints that make a task: what they take, what it costs, how long and how large the result is."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints.fields import DURATIONS, INVALID, QUALITIES, Fields
from airflow_provider_runway.sandbox.faults import Fail
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer
from airflow_provider_runway.sandbox.tasks import ApiGroup, Failure, Operation, Phase, Task, failure_by
from airflow_provider_runway.sandbox.video.clip import RATIOS, WIDE_RATIOS, Clip, Segment

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

# What a task fails with whose input turns out to be out of reach, as recorded of Aleph.
_FETCH_FAILED = Failure("internal error, please try again later.", 500)
_NO_SOURCE = Failure("Get image info failed.", 400)
_USUAL_SECONDS = 5
_USUAL_RATIO = "16:9"
_COUNTS = ("num_images", "max_images", "n")
_PICTURE_WORDS = ("image", "flux", "banana", "seedream", "ideogram", "recraft", "imagen", "midjourney")


async def runway_generate(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/runway/generate``."""
    return _generate(sandbox, request, _fields(sandbox, request), "runway")


async def runway_extend(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/runway/extend``."""
    return _extend(sandbox, request, _fields(sandbox, request), "runway")


async def aleph_generate(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/aleph/generate``."""
    return _aleph(sandbox, request, _fields(sandbox, request), "aleph")


async def create_task(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/v1/jobs/createTask``, the unified API: one endpoint for every model."""
    body = _fields(sandbox, request).values
    model, given = body.get("model"), body.get("input")
    if not isinstance(model, str) or not model:
        raise Refusal(INVALID, "model is required")
    if not isinstance(given, dict):
        raise Refusal(INVALID, "input is required and must be an object")
    fields = Fields(given, unified=True)
    if model in _MODELS:
        return _MODELS[model](sandbox, request, fields, "jobs")
    return _any_job(sandbox, request, fields, model)


def _fields(sandbox: SandboxState, request: SandboxRequest) -> Fields:
    """The fields of a submission, unless it comes too soon."""
    sandbox.check_pace(request.at)
    if request.payload is None:
        raise Refusal(INVALID, "The request body must be a JSON object")
    return Fields(request.payload)


def _generate(sandbox: SandboxState, request: SandboxRequest, fields: Fields, api: ApiGroup) -> Reply:
    """A new video; an image decides the shape, if it is known here."""
    prompt, seconds = fields.prompt(), fields.duration()
    quality = fields.choice("quality", QUALITIES, required=True)
    image_url = fields.url("image_url")
    ratio = fields.choice("aspect_ratio", RATIOS, required=not image_url)
    prices = sandbox.settings.prices
    cost = prices.generate
    if quality == QUALITIES[-1]:
        cost = prices.generate_1080p
        if seconds == DURATIONS[-1]:
            raise Refusal(INVALID, "duration and quality: a 10 second video cannot be generated in 1080p")
    elif seconds == DURATIONS[-1]:
        cost = prices.generate_long
    return _make(
        sandbox,
        request,
        api=api,
        operation="generate",
        model="runway",
        prompt=prompt,
        cost=cost,
        seconds=seconds,
        ratio=(sandbox.shape_of(image_url, request) if image_url else None) or ratio or _USUAL_RATIO,
        quality=quality,
        watermark=fields.text("watermark"),
        image_url=image_url,
        inputs=(image_url,),
    )


def _extend(sandbox: SandboxState, request: SandboxRequest, fields: Fields, api: ApiGroup) -> Reply:
    """An extension: one clip that holds its source and 5 s more, shaped like the source.

    The source must be made by the same API, successful and not expired.
    """
    task_id, now = fields.text("task_id", required=True), request.at
    source = sandbox.tasks.get(task_id)
    if source and (
        source.api != api
        or source.operation not in ("generate", "extend")
        or source.phase(now) is not Phase.SUCCEEDED
        or source.expired(now)
    ):
        source = None
    return _make(
        sandbox,
        request,
        api=api,
        operation="extend",
        model="runway/extend-ai-video",
        prompt=fields.prompt(),
        cost=sandbox.settings.prices.extend,
        ratio=source.clip.ratio if source else _USUAL_RATIO,
        quality=fields.choice("quality", QUALITIES, required=True),
        watermark=fields.text("watermark"),
        parent_id=task_id,
        source=source,
        failure=None if source else _NO_SOURCE,
    )


def _aleph(sandbox: SandboxState, request: SandboxRequest, fields: Fields, api: ApiGroup) -> Reply:
    """A video changed by Aleph."""
    fields.check_type("upload_cn", bool, "a boolean")
    fields.check_type("seed", int, "an integer")
    prompt, video_url = fields.prompt(longest=None), fields.url("video_url", required=True)
    reference_url = fields.url("reference_image")
    return _make(
        sandbox,
        request,
        api=api,
        operation="aleph",
        model="runway/gen4-aleph",
        prompt=prompt,
        cost=sandbox.settings.prices.aleph,
        ratio=fields.choice("aspect_ratio", WIDE_RATIOS) or _USUAL_RATIO,
        watermark=fields.text("watermark"),
        image_url=reference_url,
        inputs=(video_url, reference_url),
    )


_MODELS = {"runway": _generate, "runway/extend-ai-video": _extend, "runway/gen4-aleph": _aleph}


def _any_job(sandbox: SandboxState, request: SandboxRequest, fields: Fields, model: str) -> Reply:
    """Any other model's job: a video or, when the model's name speaks of images, pictures.

    Its input is not checked; a prompt, a number of seconds, an aspect ratio and a number of results are heeded.
    """
    given = fields.values
    prompt, ratio = given.get("prompt"), given.get("aspect_ratio")
    picture = "video" not in model.lower() and any(word in model.lower() for word in _PICTURE_WORDS)
    return _make(
        sandbox,
        request,
        api="jobs",
        operation="job",
        model=model,
        prompt=prompt if isinstance(prompt, str) else "",
        cost=sandbox.settings.prices.job,
        seconds=_number(given.get("duration"), usual=_USUAL_SECONDS, most=30),
        ratio=ratio if ratio in WIDE_RATIOS else _USUAL_RATIO,
        extension="png" if picture else "mp4",
        outputs=_number(next((given[name] for name in _COUNTS if name in given), None), usual=1, most=4),
    )


def _number(value: object, *, usual: int, most: int) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 1:
        return usual
    return int(min(value, most))


def _make(
    sandbox: SandboxState,
    request: SandboxRequest,
    *,
    api: ApiGroup,
    operation: Operation,
    prompt: str,
    cost: float,
    ratio: str,
    seconds: float = _USUAL_SECONDS,
    quality: str = QUALITIES[0],
    watermark: str = "",
    source: Task | None = None,
    inputs: tuple[str, ...] = (),
    failure: Failure | None = None,
    **more: Any,
) -> Reply:
    """Make a task, charge it, and answer its id.

    :param seconds: length of the new stretch of video.
    :param source: the task whose video is extended.
    :param inputs: URLs that the service would have to fetch: Aleph later, all others at once.
    :param failure: set when it is known to fail.
    :param more: fields of the task.
    :raises Refusal: code 451 when an input cannot be fetched, 402 when the balance is not enough.
    """
    body = request.payload or {}
    callback_url = Fields(body).url("callBackUrl")
    now, settings = request.at, sandbox.settings
    if any(url and sandbox.out_of_reach(url, request) for url in inputs):
        if operation != "aleph":
            raise Refusal(451)
        failure = _FETCH_FAILED
    if cost > sandbox.balance:
        raise Refusal(402)
    finish_at = now + sandbox.time_for(prompt)
    task_id = uuid.uuid4().hex
    before = source.clip.segments if source else ()
    sandbox.add(
        Task(
            id=task_id,
            api=api,
            operation=operation,
            body=body,
            prompt=prompt,
            body_hash=request.body_hash(),
            key=sandbox.key_hash(request.key),
            clip=Clip(ratio, quality, (*before, Segment(task_id, operation, prompt, seconds)), watermark),
            cost=cost,
            created_at=now,
            visible_at=now + settings.visible_after,
            finish_at=finish_at,
            expires_at=finish_at + settings.media_ttl,
            base_url=sandbox.base_url(request),
            callback_url=callback_url,
            failure=failure_by(request.fault, api) if isinstance(request.fault, Fail) else failure,
            **more,
        )
    )
    return answer({"taskId": task_id} if api == "aleph" else {"taskId": task_id, "recordId": task_id}, task_id=task_id)
