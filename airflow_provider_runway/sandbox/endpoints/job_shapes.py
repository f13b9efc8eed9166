"""The unified API's results: which model's come in which shape, and of how many files they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_runway.sandbox.endpoints.content import (
    aligned_words,
    in_snake_case,
    instruments,
    lyrics,
    songs,
    stems,
    stems_count,
)

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.endpoints.view import View

_PICTURE_WORDS = ("image", "flux", "banana", "seedream", "ideogram", "recraft", "imagen", "midjourney")
_VOICE_WORDS = ("-tts", "speech", "dialogue")
_MUSIC = "ai-music-api/"


def _links(view: View) -> Any:
    return {"resultUrls": view.urls} if view.urls else None


def _links_and_frames(view: View) -> Any:
    given = view.task.body["input"]
    if not view.urls or not given.get("return_last_frame"):
        return _links(view)
    return {"resultUrls": view.urls, "firstFrameUrl": [view.poster], "lastFrameUrl": [f"{view.poster}?last=true"]}


def _songs(view: View) -> Any:
    return {"data": in_snake_case(songs(view))} if view.urls else None


def _named_links(view: View) -> Any:
    return {f"{name}_url": url for name, url in stems(view).items()} if view.urls else None


def _lyrics(view: View) -> Any:
    return _object(view, {"lyricsData": lyrics(view.task)})


def _notes(view: View) -> Any:
    return _object(view, {"state": "complete", "instruments": instruments(view.task)})


def _transcript(view: View) -> Any:
    text = view.task.prompt or "Every word of this was spoken nowhere."
    return _object(view, {"language_code": "eng", "text": text, "words": aligned_words(text, view.task.clip.seconds)})


def _masks(view: View) -> Any:
    return _object(view, {"subject": True, "mask_urls": view.urls}) if view.urls else None


def _word(view: View) -> Any:
    return _object(view, {"text": f"Done: {view.task.model}"})


def _object(view: View, what: dict[str, Any]) -> Any:
    return {"resultObject": what} if view.succeeded else None


class Shape(NamedTuple):
    """The shape of a model's results.

    :param extension: what its files are.
    :param outputs: how many there are; None: as many as are asked for.
    :param result: what is told of them.
    :param voice: whether somebody speaks in them.
    """

    extension: str = "mp4"
    outputs: int | None = None
    result: Callable[[View], Any] = _links
    voice: bool = False


_SHAPES: Mapping[str, Shape] = {
    f"{_MUSIC}generate-lyrics": Shape("txt", 0, _lyrics),
    f"{_MUSIC}generate-midi-from-audio": Shape("mid", 0, _notes),
    f"{_MUSIC}convert-to-wav-format": Shape("wav", 1),
    f"{_MUSIC}create-music-video": Shape("mp4", 1),
    f"{_MUSIC}cover-generate": Shape("png", 2),
    f"{_MUSIC}separate-vocals": Shape("mp3", None, _named_links),
    **{
        f"{_MUSIC}{name}": Shape("mp3", 2, _songs)
        for name in (
            *("generate", "extend", "sounds", "mashup", "replace-section", "add-instrumental", "add-vocals"),
            *("upload-and-cover-audio", "upload-and-extend-audio"),
        )
    },
    "elevenlabs/speech-to-text": Shape("txt", 0, _transcript),
    "elevenlabs/audio-isolation": Shape("mp3", 1, voice=True),
    "omnihuman-1-5/subject-detection": Shape("png", 2, _masks),
    "omnihuman-1-5/human-identification": Shape("png", 2, _masks),
    "grok-imagine-image-2-0/segment-map": Shape("png", 1, _masks),
}


def shape_of(model: str) -> Shape:
    """The shape of a model's results: by its name, where nothing more is known of it."""
    if model in _SHAPES:
        return _SHAPES[model]
    name = model.lower()
    if name.startswith(_MUSIC):
        return Shape("txt", 0, _word)
    if "video" not in name and any(word in name for word in _VOICE_WORDS):
        return Shape("mp3", 1, voice=True)
    if "video" not in name and any(word in name for word in _PICTURE_WORDS):
        return Shape("png")
    return Shape(result=_links_and_frames)


def outputs_of(shape: Shape, given: Mapping[str, Any], asked: int) -> int:
    """How many files a job makes.

    :param given: its input.
    :param asked: how many are asked for.
    """
    if shape.result is _named_links:
        return stems_count(given.get("type", given.get("stem_name")))
    return asked if shape.outputs is None else shape.outputs


def result_of(view: View) -> Any:
    """What a record of the unified API tells of the result; None where there is none yet."""
    return shape_of(view.task.model).result(view)
