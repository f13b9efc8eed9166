"""Veo: making a video, making it longer, and making it larger, which each of two endpoints does in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.endpoints.fields import INVALID, Fields
from airflow_provider_runway.sandbox.endpoints.flagged import UPSCALED
from airflow_provider_runway.sandbox.endpoints.rules import FLAG, REQUIRED, Rule, Rules, check
from airflow_provider_runway.sandbox.endpoints.submission import Submission
from airflow_provider_runway.sandbox.faults import Fail, Missing
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer, encode
from airflow_provider_runway.sandbox.tasks import Failure, Phase, Task
from airflow_provider_runway.sandbox.video.clip import FULL_HD, HD, ULTRA_HD

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

_RESOLUTIONS = (HD, FULL_HD, ULTRA_HD)
_PRICES = {"veo3": (250, 255, 380), "veo3_fast": (60, 65, 180), "veo3_lite": (30, 35, 150)}
_EXTENSION_PRICES = {"fast": 60, "quality": 250, "lite": 30}
_LARGER_PRICES = {FULL_HD: 5, ULTRA_HD: 120}
_LARGER = {FULL_HD: "veo/get-1080p-video", ULTRA_HD: UPSCALED}
_IMAGES = {"FIRST_AND_LAST_FRAMES_2_VIDEO": (1, 2), "REFERENCE_2_VIDEO": (1, 3), "TEXT_2_VIDEO": (0, 0)}
_RATIOS = ("16:9", "9:16", "Auto")
_SECONDS = (4, 6, 8)
_SEEDS = Rule(int, least=10_000, most=99_999)
_NO_SOURCE = Failure("The original video does not exist or cannot be extended.", 400)
_NO_RECORD = "Record does not exist"
_NOT_YET = "1080p is processing. It should be ready in 1-2 minutes. Please check back shortly."
_PROCESSING = "4k is processing. It should be ready in 5-10 minutes. Please check back shortly."
_READY = "The video has been generated successfully"

_GENERATE: Rules = {
    "prompt": REQUIRED,
    "imageUrls": Rule(list, most=3, url=True),
    "generationType": Rule(allowed=tuple(_IMAGES)),
    "aspect_ratio": Rule(allowed=_RATIOS),
    "aspectRatio": Rule(allowed=_RATIOS),
    "resolution": Rule(allowed=_RESOLUTIONS),
    "duration": Rule(int, allowed=_SECONDS),
    "enableTranslation": FLAG,
    "enableFallback": FLAG,
    "watermark": Rule(),
    "seeds": _SEEDS,
}
_EXTEND: Rules = {
    "taskId": REQUIRED,
    "prompt": REQUIRED,
    "model": Rule(allowed=tuple(_EXTENSION_PRICES)),
    "watermark": Rule(),
    "seeds": _SEEDS,
}
_GET_LARGER: Rules = {"taskId": REQUIRED, "index": Rule(int, least=0)}


def generate(submission: Submission) -> Reply:
    """A video of 4, 6 or 8 s. The model has to be named, as one client found."""
    given = submission.values
    check(given, _GENERATE)
    model = given.get("model")
    if model not in _PRICES:
        raise Refusal(INVALID, "Invalid model")
    images = given.get("imageUrls") or []
    least, most = _IMAGES.get(given.get("generationType") or "", (0, 3))
    if not least <= len(images) <= most:
        raise Refusal(INVALID, f"imageUrls must be {least} to {most} for this generationType")
    resolution = given.get("resolution") or HD
    ratio = given.get("aspect_ratio") or given.get("aspectRatio") or _RATIOS[0]
    return submission.make(
        "veo/generate",
        model=model,
        prompt=given["prompt"],
        cost=_PRICES[model][_RESOLUTIONS.index(resolution)],
        seconds=given.get("duration") or _SECONDS[-1],
        ratio=_RATIOS[0] if ratio == _RATIOS[-1] else ratio,
        quality=resolution,
        watermark=given.get("watermark") or "",
        inputs=tuple(images),
        late=True,
    )


def extend(submission: Submission) -> Reply:
    """An extension by 8 s. Whether there is a video to make longer turns out later."""
    given = submission.values
    check(given, _EXTEND)
    source = submission.sandbox.finished(given["taskId"], submission.request.at)
    if source and (source.api != "veo" or source.clip.quality == FULL_HD):
        source = None
    return submission.make(
        "veo/extend",
        model="veo/extend",
        prompt=given["prompt"],
        cost=_EXTENSION_PRICES[given.get("model") or "fast"],
        seconds=_SECONDS[-1],
        ratio=source.clip.ratio if source else "",
        watermark=given.get("watermark") or "",
        parent_id=given["taskId"],
        source=source,
        outputs=2,
        failure=None if source else _NO_SOURCE,
    )


def get_4k(submission: Submission) -> Reply:
    """The first call starts it; each further one is code 422, while it is being made and when it is there."""
    sandbox, request = submission.sandbox, submission.request
    given = submission.values
    check(given, _GET_LARGER)
    source = _source(sandbox, request, given["taskId"])
    made = _made(sandbox, source, ULTRA_HD, _index(given.get("index")))
    if made is None or made.phase(request.at) is Phase.FAILED:
        nothing = {"resultUrls": None, "imageUrls": None}
        return _make_larger(submission, source, ULTRA_HD, reply=nothing)
    ready = made.phase(request.at) is Phase.SUCCEEDED
    urls, poster = made.urls(sandbox.base_url(request))
    data = {"taskId": made.id, "resultUrls": urls if ready else None, "imageUrls": [poster] if ready else None}
    body = {"code": INVALID, "msg": _READY if ready else _PROCESSING, "data": data}
    status = INVALID if sandbox.settings.http_errors else 200
    return Reply(encode(body), status, code=INVALID, task_id=made.id)


async def get_1080p(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """An error until it is there; the first call starts it, and charges. A failure is told once."""
    if isinstance(request.fault, Missing):
        raise Refusal(INVALID, _NO_RECORD)
    index = _index(request.query_params.get("index"))
    source = _source(sandbox, request, request.query_params.get("taskId", ""))
    made = _made(sandbox, source, FULL_HD, index)
    if made is None:
        asked = {"taskId": source.id, "index": index}
        _make_larger(Submission(sandbox, request, "veo", Fields(asked)), source, FULL_HD)
        raise Refusal(500, _NOT_YET)
    if isinstance(request.fault, Fail):
        sandbox.fail(made, Failure(request.fault.msg, request.fault.code or 501), request.at)
    if made.phase(request.at) is Phase.FAILED and made.failure:
        made.polls.append(request.at)
        raise Refusal(made.failure.code, made.failure.msg)
    if made.phase(request.at) is not Phase.SUCCEEDED:
        raise Refusal(500, _NOT_YET)
    return answer({"resultUrl": made.urls(sandbox.base_url(request))[0][0]}, task_id=made.id)


def larger_one(sandbox: SandboxState, request: SandboxRequest) -> Task | None:
    """The task that a call for the video in 1080p is about: the one that makes it, if it is there already."""
    source = sandbox.tasks.get(request.query_params.get("taskId", ""))
    return source and (_made(sandbox, source, FULL_HD, _index(request.query_params.get("index"))) or source)


def _source(sandbox: SandboxState, request: SandboxRequest, task_id: str) -> Task:
    source = sandbox.finished(task_id, request.at)
    if source is None or source.api != "veo":
        raise Refusal(INVALID, _NO_RECORD)
    return source


def _made(sandbox: SandboxState, source: Task, quality: str, index: int) -> Task | None:
    """The larger video of a video, if somebody has asked for it, and not been told that it failed."""
    made = (task for task in reversed(sandbox.tasks.values()) if task.parent_id == source.id)
    asked = (task for task in made if (task.operation, _index(task.body.get("index"))) == (_LARGER[quality], index))
    latest = next(asked, None)
    return None if latest is None or (latest.phase(sandbox.now()) is Phase.FAILED and latest.polls) else latest


def _make_larger(submission: Submission, source: Task, quality: str, reply: dict[str, Any] | None = None) -> Reply:
    return submission.make(
        _LARGER[quality],
        model=_LARGER[quality],
        prompt=source.prompt,
        cost=_LARGER_PRICES[quality],
        seconds=0,
        ratio=source.clip.ratio,
        quality=quality,
        parent_id=source.id,
        source=source,
        reply=reply,
    )


def _index(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal()) else 0
