"""The models that the sandbox lists, with their input as JSON Schema: some of each sort, as KIE.AI describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_runway.sandbox.endpoints.suno import MODELS as SUNO_MODELS

_COMPONENT = "Input "  # with a blank at its end, as some of KIE.AI's are


class Model(NamedTuple):
    """A model.

    :param name: its id.
    :param task_types: what it does, as ``text-to-video``.
    :param price: what it costs, in words.
    :param properties: its input's fields.
    :param required: those that have to be there.
    :param referred: whether the schema of the input stands elsewhere in the document.
    """

    name: str
    title: str
    provider: str
    task_types: tuple[str, ...]
    price: str
    properties: Mapping[str, Any]
    required: tuple[str, ...]
    referred: bool = False

    def listed(self) -> dict[str, Any]:
        """As the list of models has it."""
        return {
            "model": self.name,
            "title": self.title,
            "provider": self.provider,
            "taskType": list(self.task_types),
            "description": f"{self.title}, as the sandbox plays it.",
            "pricingDesc": self.price,
        }

    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of its input."""
        return {"type": "object", "properties": dict(self.properties), "required": list(self.required)}

    def document(self) -> dict[str, Any]:
        """The OpenAPI document that describes how it is asked for."""
        schema: dict[str, Any] = self.input_schema()
        components = {"schemas": {_COMPONENT: schema}} if self.referred else {}
        given = {"$ref": "#/components/schemas/Input%20"} if self.referred else schema
        body = {
            "type": "object",
            "required": ["model"],
            "properties": {
                "model": {"type": "string", "enum": [self.name], "default": self.name},
                "callBackUrl": {"type": "string", "format": "uri"},
                "input": given,
            },
        }
        post = {
            "summary": self.title,
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "Request successful"}},
        }
        return {
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": "1.0.0"},
            "paths": {"/api/v1/jobs/createTask": {"post": post}},
            "components": components,
        }


def _text(about: str, longest: int | None = None, **more: Any) -> dict[str, Any]:
    limit = {} if longest is None else {"maxLength": longest}
    return {"type": "string", "description": about, **limit, **more}


def _one_of(*values: object, **more: Any) -> dict[str, Any]:
    kind = "string" if isinstance(values[0], str) else "integer"
    return {"type": kind, "enum": list(values), **more}


def _links(most: int, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "format": "uri"}, "maxItems": most, **more}


_PROMPT = _text("What is to be made.", 5000)
_RATIO = _one_of("16:9", "9:16", "1:1", default="16:9")
_LINK = _text("A public address.", format="uri")
_FLAG = {"type": "boolean"}

MODELS: tuple[Model, ...] = (
    Model(
        "runway",
        "Runway",
        "Runway",
        ("text-to-video", "image-to-video"),
        "5s 720p 12 credits, 10s 720p 30 credits, 5s 1080p 30 credits",
        {
            "prompt": _text("What happens.", 1800),
            "image_url": _LINK,
            "duration": _one_of(5, 10),
            "quality": _one_of("720p", "1080p"),
            "aspect_ratio": _one_of("16:9", "4:3", "1:1", "3:4", "9:16"),
        },
        ("prompt", "duration", "quality"),
    ),
    Model(
        "runway/gen4-aleph",
        "Runway Aleph",
        "Runway",
        ("video-to-video",),
        "110 credits",
        {"prompt": _PROMPT, "video_url": _LINK, "seed": {"type": "integer"}},
        ("prompt", "video_url"),
    ),
    Model(
        "kling-2.6/text-to-video",
        "Kling 2.6 Text to Video",
        "Kling",
        ("text-to-video",),
        "5s 55 credits, 10s 110 credits; with sound twice that",
        {
            "prompt": _text("What happens.", 1000),
            "sound": _FLAG,
            "aspect_ratio": _RATIO,
            "duration": _one_of("5", "10", default="5"),
        },
        ("prompt", "sound", "aspect_ratio", "duration"),
        referred=True,
    ),
    Model(
        "kling-2.6/image-to-video",
        "Kling 2.6 Image to Video",
        "Kling",
        ("image-to-video",),
        "5s 55 credits, 10s 110 credits; with sound twice that",
        {
            "prompt": _text("What happens.", 1000),
            "image_urls": _links(1),
            "sound": _FLAG,
            "duration": _one_of("5", "10", default="5"),
        },
        ("prompt", "image_urls", "sound", "duration"),
    ),
    Model(
        "bytedance/seedance-1.5-pro",
        "Seedance 1.5 Pro",
        "ByteDance",
        ("text-to-video", "image-to-video"),
        "4s 720p 28 credits, 8s 720p 56 credits, 12s 720p 84 credits",
        {
            "prompt": _text("What happens.", 20_000, minLength=3),
            "input_urls": _links(2),
            "aspect_ratio": _RATIO,
            "resolution": _one_of("480p", "720p", "1080p", default="720p"),
            "duration": _one_of(4, 8, 12),
            "return_last_frame": _FLAG,
        },
        ("prompt", "aspect_ratio", "duration"),
    ),
    Model(
        "veo-3-1",
        "Veo 3.1",
        "Google",
        ("text-to-video", "image-to-video"),
        "Lite 30 credits, Fast 60 credits, Quality 250 credits (720p)",
        {
            "prompt": _PROMPT,
            "image_urls": _links(3),
            "aspect_ratio": _one_of("16:9", "9:16", "Auto", default="16:9"),
            "resolution": _one_of("720p", "1080p", "4k", default="720p"),
            "duration": _one_of(4, 6, 8, default=8),
        },
        ("prompt",),
    ),
    Model(
        "google/nano-banana",
        "Nano Banana",
        "Google",
        ("text-to-image",),
        "4 credits per image",
        {
            "prompt": _PROMPT,
            "output_format": _one_of("png", "jpeg", default="png"),
            "image_size": _one_of("1:1", "16:9", "9:16", "4:3", "3:4", default="1:1"),
        },
        ("prompt",),
        referred=True,
    ),
    Model(
        "bytedance/seedream-v4-text-to-image",
        "Seedream 4.0 Text to Image",
        "ByteDance",
        ("text-to-image",),
        "5 credits per image",
        {
            "prompt": _PROMPT,
            "image_size": _one_of("square_hd", "portrait_16_9", "landscape_16_9", default="square_hd"),
            "max_images": {"type": "integer", "minimum": 1, "maximum": 6, "default": 1},
        },
        ("prompt",),
    ),
    Model(
        "ai-music-api/generate",
        "Suno Generate Music",
        "Suno",
        ("text-to-music",),
        "12 credits per generation",
        {
            "prompt": _PROMPT,
            "custom_mode": _FLAG,
            "instrumental": _FLAG,
            "model": _one_of(*SUNO_MODELS),
            "style": _text("The style.", 1000),
            "title": _text("The title.", 80),
        },
        ("custom_mode", "instrumental", "model"),
    ),
    Model(
        "ai-music-api/generate-lyrics",
        "Suno Generate Lyrics",
        "Suno",
        ("text-to-text",),
        "0.4 credits",
        {"prompt": _text("What the song is about.", 200)},
        ("prompt",),
    ),
    Model(
        "elevenlabs/text-to-speech-multilingual-v2",
        "ElevenLabs Text to Speech Multilingual v2",
        "ElevenLabs",
        ("text-to-speech",),
        "12 credits per 1000 characters",
        {
            "text": _text("What is said.", 5000),
            "voice": _one_of("Rachel", "Aria", "Roger", "Sarah", default="Rachel"),
            "stability": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
            "speed": {"type": "number", "minimum": 0.7, "maximum": 1.2, "default": 1},
        },
        ("text", "voice"),
    ),
    Model(
        "omnihuman-1-5/subject-detection",
        "OmniHuman 1.5 Subject Detection",
        "ByteDance",
        ("image-to-text",),
        "free of charge",
        {"image_url": _LINK},
        ("image_url",),
    ),
)
# Listed, and not described: KIE.AI has no document of some of its models.
UNDESCRIBED = Model("ideogram/v3-reframe", "Ideogram V3 Reframe", "Ideogram", ("image-to-image",), "7 credits", {}, ())
EVERY_MODEL: Mapping[str, Model] = {each.name: each for each in (*MODELS, UNDESCRIBED)}
