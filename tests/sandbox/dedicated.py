"""Requests to the dedicated endpoints of the sandbox."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import av
import endpoint_bodies
from endpoint_bodies import VEO
from PIL import Image

from .support import Api

PLACEHOLDER = {"callBackUrl": "https://example.com/placeholder"}
SONG = {**endpoint_bodies.SONG, **PLACEHOLDER}
RECORDS = {
    "veo": "veo/record-info",
    "gpt4o-image": "gpt4o-image/record-info",
    "flux": "flux/kontext/record-info",
    "lyrics": "lyrics/record-info",
    "wav": "wav/record-info",
    "vocal-removal": "vocal-removal/record-info",
    "midi": "midi/record-info",
    "mp4": "mp4/record-info",
    "suno": "suno/cover/record-info",
    "generate": "generate/record-info",
}


def submit(api: Api, path: str, **body: Any) -> str:
    """The id of a new task."""
    answer = api.post(f"/api/v1/{path}", body)
    assert answer["code"] == 200, answer
    task_id: str = answer["data"]["taskId"]
    return task_id


def record(api: Api, path: str, task_id: str) -> Any:
    answer = api.get(f"/api/v1/{RECORDS[path.partition('/')[0]]}", taskId=task_id)
    assert answer["code"] == 200, answer
    return answer["data"]


def made(api: Api, path: str, **body: Any) -> Any:
    """The record of a task that is ready at once."""
    return record(api, path, submit(api, path, **body))


def song(api: Api) -> dict[str, str]:
    """A song, as what is made of one names it."""
    found = made(api, "generate", **SONG)
    return {"taskId": found["taskId"], "audioId": found["response"]["sunoData"][0]["id"], **PLACEHOLDER}


def links(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All links in a record, with the names that they stand under."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from links(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from links(each, name)
    elif isinstance(value, str) and value.startswith("http://127"):
        yield value, name


def kind_of(api: Api, url: str) -> str:
    """What a file is, once it has been read as that."""
    reply = api.media(url)
    assert reply.status_code == 200
    kind: str = reply.headers["content-type"]
    if kind.startswith("image/"):
        with Image.open(io.BytesIO(reply.content)) as picture:
            picture.load()
            return str(picture.format)
    with av.open(io.BytesIO(reply.content)) as media:
        assert sum(1 for _ in media.decode(media.streams[0])) > 0
        assert media.streams[0].type == kind.partition("/")[0]
    return kind


# What is sung or played wants a callback.
BODIES: Mapping[str, dict[str, Any]] = {
    path: {**body, **(PLACEHOLDER if path.startswith("generate") and path != "generate/sounds" else {})}
    for path, body in endpoint_bodies.BODIES.items()
}


def body_of(api: Api, path: str) -> dict[str, Any]:
    """A body that an endpoint takes; what it refers to is made before."""
    if path in BODIES:
        return BODIES[path]
    if path == "veo/extend":
        return {"taskId": submit(api, "veo/generate", **VEO), "prompt": "On"}
    if path == "midi/generate":
        return {"taskId": submit(api, "vocal-removal/generate", **song(api)), **PLACEHOLDER}
    if path == "generate/extend":
        return {**song(api), "defaultParamFlag": False, "prompt": "On", "model": "V5"}
    if path == "generate/replace-section":
        more = dict.fromkeys(("prompt", "tags", "title", "fullLyrics"), "x")
        return {**song(api), **more, "infillStartS": 2, "infillEndS": 8}
    return song(api)
