"""All that is known of KIE's endpoints, as data: of each kind of task, where it is looked up, and what makes it.

Paths and names are those of https://docs.kie.ai: the dedicated endpoints (there under "old model"), and the unified
API, which serves every model by one pair of endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from airflow_provider_runway.kie.endpoints import Family, SubmitEndpoint
from airflow_provider_runway.kie.envelope import read_progress
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.family_records import (
    COVER_FLAGS,
    FAILURE_CODES,
    FLUX_FLAGS,
    IMAGE_WORDS,
    MIDI_FLAGS,
    SUNO_WORDS,
    VEO_FLAGS,
    FamilyReader,
    read_answer,
    read_upscaling,
)
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.requests import (
    AlephRequest,
    ExtendRequest,
    GenerateRequest,
    JobRequest,
    Request,
)
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import EXTENSION_MODEL, read_aleph_record, read_job_record, read_runway_record

CALLBACK = "callBackUrl"
_CREATE_TASK = "/api/v1/jobs/createTask"
_RECORD_INFO = "/api/v1/jobs/recordInfo"
_PREFIX = "/api/v1/"


def _names(*same: str, **ours: str) -> Mapping[str, str]:
    """KIE's names by ours: those that are the same, and the others."""
    return {**{name: name for name in same}, **ours, "callback_url": CALLBACK}


def _posts(*names: str, needing_callback: str = "") -> Mapping[type[Request] | str, SubmitEndpoint]:
    """Dedicated endpoints that take a body as KIE wants it, by their names."""
    return {
        name: SubmitEndpoint(_PREFIX + name, needs_callback=name in needing_callback.split())
        for name in (*names, *needing_callback.split())
    }


_read_1080p = partial(read_progress, telling=(500, *FAILURE_CODES))
_read_4k = partial(read_progress, telling=FAILURE_CODES)


FAMILIES: Mapping[tuple[Api, Kind], Family] = {
    ("runway", "runway"): Family(
        "/api/v1/runway/record-detail",
        read_runway_record,
        {
            GenerateRequest: SubmitEndpoint(
                "/api/v1/runway/generate",
                _names(
                    *("prompt", "duration", "quality"),
                    image_url="imageUrl",
                    aspect_ratio="aspectRatio",
                    watermark="waterMark",
                ),
            ),
            ExtendRequest: SubmitEndpoint(
                "/api/v1/runway/extend", _names("prompt", "quality", task_id="taskId", watermark="waterMark")
            ),
        },
    ),
    ("runway", "aleph"): Family(
        "/api/v1/aleph/record-info",
        read_aleph_record,
        {
            AlephRequest: SubmitEndpoint(
                "/api/v1/aleph/generate",
                _names(
                    *("prompt", "seed"),
                    video_url="videoUrl",
                    aspect_ratio="aspectRatio",
                    reference_image_url="referenceImage",
                    watermark="waterMark",
                    upload_cn="uploadCn",
                ),
            ),
        },
    ),
    ("jobs", "runway"): Family(
        _RECORD_INFO,
        partial(read_job_record, kind="runway"),
        {
            GenerateRequest: SubmitEndpoint(
                _CREATE_TASK,
                _names("prompt", "image_url", "duration", "quality", "aspect_ratio", "watermark"),
                model="runway",
            ),
            ExtendRequest: SubmitEndpoint(
                _CREATE_TASK, _names("task_id", "prompt", "quality", "watermark"), model=EXTENSION_MODEL
            ),
        },
    ),
    ("jobs", "aleph"): Family(
        _RECORD_INFO,
        partial(read_job_record, kind="aleph"),
        {
            AlephRequest: SubmitEndpoint(
                _CREATE_TASK,
                _names(
                    *("prompt", "video_url", "aspect_ratio", "seed", "watermark", "upload_cn"),
                    reference_image_url="reference_image",
                ),
                model="runway/gen4-aleph",
            ),
        },
    ),
    # Every other model: its request names it and has its fields in their place already.
    ("jobs", "job"): Family(
        _RECORD_INFO,
        partial(read_job_record, kind="job"),
        {JobRequest: SubmitEndpoint(_CREATE_TASK, _names("model", "input"))},
    ),
    ("runway", "veo"): Family(
        "/api/v1/veo/record-info",
        FamilyReader("veo", "successFlag", VEO_FLAGS, "video"),
        _posts("veo/generate", "veo/extend"),
    ),
    # A larger copy of a Veo video has no record: the call that orders it says whether it is ready.
    ("runway", "veo-1080p"): Family(
        "/api/v1/veo/get-1080p-video",
        partial(read_upscaling, kind="veo-1080p"),
        _posts("veo/get-1080p-video"),
        shortest_pause=20.0,
        unpack=_read_1080p,
        is_ordered_by_polling=True,
        is_asked_by_get=True,
        calls_back=False,
    ),
    ("runway", "veo-4k"): Family(
        "/api/v1/veo/get-4k-video",
        partial(read_upscaling, kind="veo-4k"),
        _posts("veo/get-4k-video"),
        shortest_pause=30.0,
        unpack=_read_4k,
        is_ordered_by_polling=True,
        calls_back=False,
    ),
    ("runway", "4o-image"): Family(
        "/api/v1/gpt4o-image/record-info",
        FamilyReader("4o-image", "status", IMAGE_WORDS, "image"),
        _posts("gpt4o-image/generate"),
    ),
    ("runway", "flux-kontext"): Family(
        "/api/v1/flux/kontext/record-info",
        # The picture that it was made from is there for ten minutes only.
        FamilyReader("flux-kontext", "successFlag", FLUX_FLAGS, "image", repeats=("originImageUrl",)),
        _posts("flux/kontext/generate"),
    ),
    ("runway", "suno"): Family(
        "/api/v1/generate/record-info",
        FamilyReader("suno", "status", SUNO_WORDS, "audio", keeps_object=True),
        _posts(
            *("generate/replace-section", "generate/sounds"),
            needing_callback="generate generate/extend generate/upload-cover generate/upload-extend "
            "generate/add-instrumental generate/add-vocals generate/mashup",
        ),
    ),
    ("runway", "suno-lyrics"): Family(
        "/api/v1/lyrics/record-info",
        FamilyReader("suno-lyrics", "status", SUNO_WORDS, "data", keeps_object=True),
        _posts("lyrics"),
    ),
    ("runway", "suno-wav"): Family(
        "/api/v1/wav/record-info",
        FamilyReader("suno-wav", "successFlag", SUNO_WORDS, "audio"),
        _posts(needing_callback="wav/generate"),
    ),
    ("runway", "suno-vocals"): Family(
        "/api/v1/vocal-removal/record-info",
        FamilyReader(
            "suno-vocals", "successFlag", SUNO_WORDS, "audio", keeps_object=True, repeats=("originData", "originUrl")
        ),
        _posts(needing_callback="vocal-removal/generate"),
    ),
    ("runway", "suno-midi"): Family(
        "/api/v1/midi/record-info",
        FamilyReader("suno-midi", "successFlag", MIDI_FLAGS, "data", "midiData", keeps_object=True),
        _posts(needing_callback="midi/generate"),
    ),
    ("runway", "suno-mp4"): Family(
        "/api/v1/mp4/record-info",
        FamilyReader("suno-mp4", "successFlag", SUNO_WORDS, "video"),
        _posts(needing_callback="mp4/generate"),
    ),
    ("runway", "suno-cover"): Family(
        "/api/v1/suno/cover/record-info",
        FamilyReader("suno-cover", "successFlag", COVER_FLAGS, "image"),
        {"suno/cover/generate": SubmitEndpoint("/api/v1/suno/cover/generate", is_made_once=True)},
    ),
    # Of these there is no task: KIE answers at once.
    ("runway", "answer"): Family(
        "",
        read_answer,
        _posts("style/generate", "generate/get-timestamped-lyrics", "generate/generate-persona"),
        calls_back=False,
    ),
}
_KINDS: Mapping[str, Kind] = {
    name: kind for (_, kind), family in FAMILIES.items() for name in family.endpoints if isinstance(name, str)
}
ENDPOINTS: tuple[str, ...] = tuple(_KINDS)


def kind_of(endpoint: object) -> Kind | None:
    """The kind of task that a dedicated endpoint makes; ``None`` if there is no such endpoint."""
    return _KINDS.get(endpoint) if isinstance(endpoint, str) else None


def check_endpoint(value: object) -> None:
    """The name of a dedicated endpoint: its path behind ``/api/v1/``."""
    if kind_of(value) is None:
        rule = f"must be one of {', '.join(ENDPOINTS)}. Every other model is KieJobOperator's"
        raise InvalidRequestError("endpoint", value, rule)


def endpoint_ordered_by_polling(kind: Kind) -> str | None:
    """The endpoint by which a look at a task of that kind orders it, and pays for it, where nothing else has."""
    families = (family for (_, each), family in FAMILIES.items() if each == kind and family.is_ordered_by_polling)
    return next((str(name) for family in families for name in family.endpoints), None)


def shortest_pause(kind: Kind) -> float:
    """Seconds between two polls of a task of that kind at least."""
    return max((family.shortest_pause for (_, each), family in FAMILIES.items() if each == kind), default=1.0)
