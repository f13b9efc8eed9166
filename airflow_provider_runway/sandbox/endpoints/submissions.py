"""The endpoints that make a task: what they take, what it costs, how long and how large the result is."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_runway.sandbox.endpoints.families import FAMILIES
from airflow_provider_runway.sandbox.endpoints.fields import DURATIONS, INVALID, LONGEST_PROMPT, QUALITIES, Fields
from airflow_provider_runway.sandbox.faults import CallBack, Fail
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer
from airflow_provider_runway.sandbox.tasks import ApiGroup, Failure, Operation, Task, Upload
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


class Submission(NamedTuple):
    """A submission on its way to become a task.

    :param api: the API that it came by.
    """

    sandbox: SandboxState
    request: SandboxRequest
    api: ApiGroup
    fields: Fields

    def make(
        self,
        operation: Operation,
        *,
        cost: float,
        prompt: str,
        ratio: str = "",
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
        sandbox, request, api, _ = self
        body, now, fault = request.payload or {}, request.at, request.fault
        callback_url = Fields(body).url("callBackUrl")
        if any(url and sandbox.is_out_of_reach(url, request) for url in inputs):
            if operation != "aleph":
                raise Refusal(451)
            failure = _FETCH_FAILED
        if cost > sandbox.balance:
            raise Refusal(402)
        finish_at = now + sandbox.time_for(prompt)
        task_id = uuid.uuid4().hex
        before = source.clip.segments if source else ()
        stretch = Segment(task_id, operation, prompt, seconds)
        sandbox.add(
            Task(
                id=task_id,
                api=api,
                operation=operation,
                body=body,
                prompt=prompt,
                body_hash=request.body_hash(),
                key=sandbox.key_hash(request.key),
                clip=Clip(ratio or _USUAL_RATIO, quality, (*before, stretch), watermark),
                cost=cost,
                created_at=now,
                visible_at=now + sandbox.settings.visible_after,
                finish_at=finish_at,
                expires_at=finish_at + sandbox.settings.media_ttl,
                base_url=sandbox.base_url(request),
                callback_url=callback_url,
                failure=FAMILIES[api].failure(fault) if isinstance(fault, Fail) else failure,
                call=fault.how if isinstance(fault, CallBack) else "",
                call_delay=fault.seconds if isinstance(fault, CallBack) and fault.how == "late" else 0.0,
                **more,
            )
        )
        made = {"taskId": task_id} if api == "aleph" else {"taskId": task_id, "recordId": task_id}
        return answer(made, task_id=task_id)


async def submit(sandbox: SandboxState, request: SandboxRequest, *, api: ApiGroup, read: Reader) -> Reply:
    """Any endpoint of ``ENDPOINTS``; what comes too soon is not read."""
    sandbox.check_pace(request.at)
    if request.payload is None:
        raise Refusal(INVALID, "The request body must be a JSON object")
    return read(Submission(sandbox, request, api, Fields(request.payload)))


def generate(submission: Submission) -> Reply:
    """A new video; an image decides the shape, if it is known here."""
    fields, prices = submission.fields, submission.sandbox.settings.prices
    prompt, seconds = fields.text("prompt", required=True, longest=LONGEST_PROMPT), fields.duration()
    quality = fields.text("quality", required=True, allowed=QUALITIES)
    image_url = fields.url("image_url")
    ratio = fields.text("aspect_ratio", required=not image_url, allowed=RATIOS)
    long, full_hd = seconds == DURATIONS[-1], quality == QUALITIES[-1]
    if long and full_hd:
        raise Refusal(INVALID, "duration and quality: a 10 second video cannot be generated in 1080p")
    return submission.make(
        "generate",
        model="runway",
        prompt=prompt,
        cost=prices.generate_1080p if full_hd else prices.generate_long if long else prices.generate,
        seconds=seconds,
        ratio=_shape(submission, image_url) or ratio,
        quality=quality,
        watermark=fields.text("watermark"),
        image_url=image_url,
        inputs=(image_url,),
    )


def extend(submission: Submission) -> Reply:
    """An extension: one clip that holds its source and 5 s more, shaped like the source.

    The source must be made by the same API, successful and not expired.
    """
    sandbox, request, api, fields = submission
    task_id = fields.text("task_id", required=True)
    source = sandbox.finished(task_id, request.at)
    if source and (source.api != api or source.operation not in ("generate", "extend")):
        source = None
    return submission.make(
        "extend",
        model="runway/extend-ai-video",
        prompt=fields.text("prompt", required=True, longest=LONGEST_PROMPT),
        cost=sandbox.settings.prices.extend,
        ratio=source.clip.ratio if source else "",
        quality=fields.text("quality", required=True, allowed=QUALITIES),
        watermark=fields.text("watermark"),
        parent_id=task_id,
        source=source,
        failure=None if source else _NO_SOURCE,
    )


def aleph(submission: Submission) -> Reply:
    """A video changed by Aleph."""
    fields = submission.fields
    fields.typed("upload_cn", bool)
    fields.typed("seed", int)
    prompt, video_url = fields.text("prompt", required=True), fields.url("video_url", required=True)
    reference_url = fields.url("reference_image")
    return submission.make(
        "aleph",
        model="runway/gen4-aleph",
        prompt=prompt,
        cost=submission.sandbox.settings.prices.aleph,
        ratio=fields.text("aspect_ratio", allowed=WIDE_RATIOS),
        watermark=fields.text("watermark"),
        image_url=reference_url,
        inputs=(video_url, reference_url),
    )


def create_task(submission: Submission) -> Reply:
    """A job of the unified API, which has one endpoint for every model."""
    model, given = map(submission.fields.values.get, ("model", "input"))
    if not isinstance(model, str) or not model:
        raise Refusal(INVALID, "model is required")
    if not isinstance(given, dict):
        raise Refusal(INVALID, "input is required and must be an object")
    job = submission._replace(fields=Fields(given, unified=True))
    return _MODELS[model](job) if model in _MODELS else _any_job(job, model)


def _any_job(submission: Submission, model: str) -> Reply:
    """Any other model's job: a video or, when the model's name speaks of images, pictures.

    Its input is not checked; a prompt, a number of seconds, an aspect ratio and a number of results are heeded.
    """
    given = submission.fields.values
    prompt, ratio = given.get("prompt"), given.get("aspect_ratio")
    picture = "video" not in model.lower() and any(word in model.lower() for word in _PICTURE_WORDS)
    return submission.make(
        "job",
        model=model,
        prompt=prompt if isinstance(prompt, str) else "",
        cost=submission.sandbox.settings.prices.job,
        seconds=_number(given.get("duration"), usual=_USUAL_SECONDS, most=30),
        ratio=ratio if ratio in WIDE_RATIOS else "",
        extension="png" if picture else "mp4",
        outputs=_number(next((given[name] for name in _COUNTS if name in given), None), usual=1, most=4),
    )


def _shape(submission: Submission, url: str) -> str | None:
    """The aspect ratio of a picture that the sandbox holds itself; None for any other."""
    sandbox, request = submission.sandbox, submission.request
    path = sandbox.own_path(url, request)
    found = sandbox.served(path, request.at) if path else None
    if isinstance(found, Upload):
        from airflow_provider_runway.sandbox.video.film import nearest_ratio

        return nearest_ratio(found.data)
    return found.clip.ratio if found and found.clip.ratio in RATIOS else None


def _number(value: object, *, usual: int, most: int) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 1:
        return usual
    return int(min(value, most))


Reader = Callable[[Submission], Reply]
ENDPOINTS: Mapping[str, tuple[ApiGroup, Reader]] = {
    "/api/v1/runway/generate": ("runway", generate),
    "/api/v1/runway/extend": ("runway", extend),
    "/api/v1/aleph/generate": ("aleph", aleph),
    "/api/v1/jobs/createTask": ("jobs", create_task),
}
_MODELS: Mapping[str, Reader] = {
    "runway": generate,
    "runway/extend-ai-video": extend,
    "runway/gen4-aleph": aleph,
}
