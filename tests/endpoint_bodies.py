"""Bodies that KIE.AI's dedicated endpoints take, without the address of a callback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VEO: dict[str, Any] = {"prompt": "A fox in the snow", "model": "veo3_fast"}
SONG: dict[str, Any] = {"prompt": "A sea shanty", "customMode": False, "instrumental": False, "model": "V5"}
SOUND = {"uploadUrl": "https://example.com/a.mp3"}
BODIES: Mapping[str, dict[str, Any]] = {
    "veo/generate": VEO,
    "gpt4o-image/generate": {"prompt": "A cat", "size": "3:2"},
    "flux/kontext/generate": {"prompt": "A cat"},
    "generate": SONG,
    "generate/upload-cover": {**SONG, **SOUND},
    "generate/upload-extend": {
        **SOUND,
        "defaultParamFlag": False,
        "instrumental": True,
        "continueAt": 9,
        "model": "V5",
    },
    "generate/add-instrumental": {**SOUND, "title": "x", "tags": "folk", "negativeTags": "metal"},
    "generate/add-vocals": {**SOUND, "prompt": "x", "title": "x", "style": "folk", "negativeTags": "metal"},
    "generate/mashup": {
        "uploadUrlList": ["https://example.com/a.mp3", "https://example.com/b.mp3"],
        "style": "folk",
        "title": "x",
        "prompt": "la",
        "customMode": True,
        "model": "V5",
    },
    "generate/sounds": {"prompt": "A door", "model": "V5_5"},
    "lyrics": {"prompt": "The sea"},
}
