"""What the tests of the dedicated endpoints share: a body for each, and what it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from endpoint_bodies import BODIES, SONG, VEO

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.requests import TaskRequest
from airflow_provider_runway.operators.kie_task import KieTaskOperator
from airflow_provider_runway.sandbox import Sandbox

from .support import Task

# What comes of each: the types of its files, in their order, and whether there is an object beside them.
TAKES = ["audio", "image", "audio"]
MADE: Mapping[str, tuple[list[str], bool]] = {
    "veo/generate": (["video"], False),
    "veo/extend": (["video", "video"], False),
    "veo/get-1080p-video": (["video"], False),
    "veo/get-4k-video": (["video", "image"], False),
    "gpt4o-image/generate": (["image"], False),
    "flux/kontext/generate": (["image"], False),
    **dict.fromkeys(
        (
            *("generate", "generate/extend", "generate/upload-cover", "generate/upload-extend"),
            *("generate/add-instrumental", "generate/add-vocals", "generate/mashup", "generate/replace-section"),
            "generate/sounds",
        ),
        (TAKES, True),
    ),
    "lyrics": ([], True),
    "wav/generate": (["audio"], False),
    "vocal-removal/generate": (["audio", "audio"], True),
    "midi/generate": ([], True),
    "mp4/generate": (["video"], False),
    "suno/cover/generate": (["image", "image"], False),
    "style/generate": ([], True),
    "generate/get-timestamped-lyrics": ([], True),
    "generate/generate-persona": ([], True),
}


def made(kie: Sandbox, endpoint: str, body: Mapping[str, Any]) -> Any:
    """A task that is ready, which something else is made of."""
    with RunwayHook() as hook:
        task_id = hook.submit(TaskRequest(endpoint=endpoint, body=body))
        kie.advance(1000)
        kind = KieTaskOperator(task_id="x", endpoint=endpoint, body={}).kind
        return hook.get_task(task_id, kind)


def body_of(kie: Sandbox, endpoint: str) -> dict[str, Any]:
    """A body that an endpoint takes. What it refers to has been made, and is charged, before."""
    if endpoint == "style/generate":  # answered at once, without a KIE task
        return {"content": "warm"}
    if endpoint in BODIES:
        return BODIES[endpoint]
    if endpoint.startswith("veo/"):
        video = {"taskId": made(kie, "veo/generate", VEO).task_id}
        return {**video, "prompt": "On"} if endpoint == "veo/extend" else video
    song = made(kie, "generate", SONG)
    of_a_song = {"taskId": song.task_id, "audioId": song.result["sunoData"][0]["id"]}
    if endpoint == "midi/generate":
        return {"taskId": made(kie, "vocal-removal/generate", of_a_song).task_id}
    texts = dict.fromkeys(("prompt", "tags", "title", "fullLyrics"), "x")
    more: dict[str, dict[str, Any]] = {
        "generate/extend": {"defaultParamFlag": False, "prompt": "On", "model": "V5"},
        "generate/replace-section": {**texts, "infillStartS": 2, "infillEndS": 8},
        "generate/generate-persona": {"name": "Ann", "description": "Warm"},
    }
    return {**of_a_song, **more.get(endpoint, {})}


def task_of(endpoint: str, body: Mapping[str, Any], **parameters: Any) -> Task:
    """An Airflow task for that."""
    return Task(lambda: KieTaskOperator(task_id="made", endpoint=endpoint, body=body, **parameters))
