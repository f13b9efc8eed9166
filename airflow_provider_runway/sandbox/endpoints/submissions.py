"""The endpoints that make a task: what they take, what it costs, how long and how large the result is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints import images, suno, veo
from airflow_provider_runway.sandbox.endpoints.catalogue import EVERY_MODEL
from airflow_provider_runway.sandbox.endpoints.fields import DURATIONS, INVALID, LONGEST_PROMPT, QUALITIES, Fields
from airflow_provider_runway.sandbox.endpoints.job_shapes import outputs_of, shape_of
from airflow_provider_runway.sandbox.endpoints.submission import USUAL_SECONDS, Submission
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest
from airflow_provider_runway.sandbox.tasks import ApiGroup, Failure, Upload
from airflow_provider_runway.sandbox.video.clip import RATIOS, WIDE_RATIOS
from airflow_provider_runway.sandbox.video.lengths import seconds_of_speech

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

_NO_SOURCE = Failure("Get image info failed.", 400)
_COUNTS = ("num_images", "max_images", "n")


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
        late=True,
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
    """Any other model's job, with a result as such models have it.

    Its input is not checked, unless the setting ``check_inputs`` says so; a prompt, a number of seconds, an aspect
    ratio and a number of results are heeded.
    """
    given, shape = submission.values, shape_of(model)
    if submission.sandbox.settings.check_inputs:
        _check_input(model, given)
    ratio, text = given.get("aspect_ratio"), _words(given)
    asked = _number(next((given[name] for name in _COUNTS if name in given), None), usual=1, most=4)
    seconds = _number(given.get("duration"), usual=USUAL_SECONDS, most=30)
    return submission.make(
        "job",
        model=model,
        prompt=text,
        cost=submission.sandbox.settings.prices.job,
        seconds=seconds_of_speech(text) if shape.voice else seconds,
        ratio=ratio if ratio in WIDE_RATIOS else "",
        extension=shape.extension,
        outputs=outputs_of(shape, given, asked),
        title="voice" if shape.voice else "",
    )


def _check_input(model: str, given: Mapping[str, Any]) -> None:
    """See that an input keeps to the schema of its model, if that is known; KIE.AI tells no more of what is wrong."""
    from jsonschema import Draft202012Validator

    if model not in EVERY_MODEL:
        return
    errors = Draft202012Validator(EVERY_MODEL[model].input_schema()).iter_errors(given)
    if error := next(errors, None):
        missing = error.validator == "required"
        raise Refusal(INVALID, "This field is required" if missing else "The parameter is not within the allowed range")


def _words(given: Mapping[str, Any]) -> str:
    """What is asked for, or what is to be said."""
    said = given.get("prompt") or given.get("text") or given.get("dialogue") or given.get("dialogue_turns")
    if isinstance(said, list):
        said = " ".join(str(each.get("text", "")) for each in said if isinstance(each, dict))
    return said if isinstance(said, str) else ""


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
    "/api/v1/veo/generate": ("veo", veo.generate),
    "/api/v1/veo/extend": ("veo", veo.extend),
    "/api/v1/veo/get-4k-video": ("veo", veo.get_4k),
    "/api/v1/gpt4o-image/generate": ("4o-image", images.generate_4o),
    "/api/v1/flux/kontext/generate": ("flux-kontext", images.generate_flux),
    **{f"/api/v1/{path}": ("suno", read) for path, read in suno.SONGS.items()},
    "/api/v1/lyrics": ("suno-lyrics", suno.lyrics),
    "/api/v1/wav/generate": ("suno-wav", suno.wav),
    "/api/v1/vocal-removal/generate": ("suno-vocals", suno.vocals),
    "/api/v1/midi/generate": ("suno-midi", suno.midi),
    "/api/v1/mp4/generate": ("suno-mp4", suno.mp4),
    "/api/v1/suno/cover/generate": ("suno-cover", suno.cover),
    "/api/v1/style/generate": ("suno", suno.style),
    "/api/v1/generate/get-timestamped-lyrics": ("suno", suno.timestamped_lyrics),
    "/api/v1/generate/generate-persona": ("suno", suno.persona),
}
_MODELS: Mapping[str, Reader] = {
    "runway": generate,
    "runway/extend-ai-video": extend,
    "runway/gen4-aleph": aleph,
}
