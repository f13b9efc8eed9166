"""What KIE.AI's other models cost, by what is asked of them: a table.

From KIE's price feed, as it was seen from June to October 2026. What it does not tell for certain is not here: a price
by the seconds of a video that is sent along, and what a model takes for granted where a field is left out, unless KIE's
documentation says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_runway.kie.seconds import finite

# When the newest of the prices was seen.
SEEN = "2026-10"
# Seconds that no video of KIE's has.
_TOO_LONG = 3600.0


@dataclass(frozen=True, slots=True)
class Price:
    """One price of a model.

    :param name: What it is called in ``[runway] prices``: the model, and after colons what distinguishes it.
    :param credits: Credits for one of the unit.
    :param unit: ``"submission"``, or ``"second"`` of the field ``duration``.
    :param where: The fields on which it depends, and the texts that each may have; an empty one stands for no such
        field.
    """

    name: str
    credits: float
    unit: Literal["submission", "second"] = "submission"
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """KIE's name of the model."""
        return self.name.partition(":")[0]

    def units(self, fields: Mapping[str, Any]) -> float | None:
        """How many of the unit a request is charged for; ``None`` if this is not its price."""
        if any(text_of(fields.get(name)) not in texts for name, texts in self.where.items()):
            return None
        if self.unit == "submission":
            return 1.0
        seconds = finite(fields.get("duration"))
        return seconds if seconds is not None and 0 < seconds < _TOO_LONG else None


def text_of(value: object) -> str:
    """A field's value as it stands in the table, in whichever type a DAG gives it."""
    if value is None or isinstance(value, (list, tuple, Mapping)):
        return "several" if value else ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lower()


_SOUND = {"": ("false",), ":sound": ("true",)}


def _kling() -> Iterator[Price]:
    for model in ("kling/v2-5-turbo-text-to-video-pro", "kling/v2-5-turbo-image-to-video-pro"):
        yield Price(f"{model}:5s", 42, where={"duration": ("5",)})
        yield Price(f"{model}:10s", 84, where={"duration": ("10",)})
    for model in ("kling-2.6/text-to-video", "kling-2.6/image-to-video"):
        for seconds, plain in ((5, 55), (10, 110)):
            for sound, texts in _SOUND.items():
                where = {"duration": (str(seconds),), "sound": texts}
                yield Price(f"{model}:{seconds}s{sound}", 2 * plain if sound else plain, where=where)
    for mode, plain, loud in (("std", 14, 20), ("pro", 18, 27), ("4k", 67, 67)):
        for sound, texts in _SOUND.items():
            where = {"mode": (mode,), "sound": texts}
            yield Price(f"kling-3.0/video:{mode}{sound}", loud if sound else plain, "second", where)
    for model in ("kling/v3-turbo-text-to-video", "kling/v3-turbo-image-to-video"):
        yield Price(f"{model}:720p", 18, "second", {"resolution": ("720p",)})


def _seedance() -> Iterator[Price]:
    # With a video sent along its seconds are charged as well, and nobody knows them here.
    alone = {"reference_video_urls": ("",), "reference_video_urls ": ("",)}
    for model, prices in {
        "bytedance/seedance-2": {"480p": 19.0, "720p": 41.0, "1080p": 102.0},
        "bytedance/seedance-2-fast": {"480p": 15.5, "720p": 33.0},
        "bytedance/seedance-2-mini": {"720p": 8.2},
        "bytedance/seedance-2-5": {"720p": 63.0},
    }.items():
        for resolution, credits_ in prices.items():
            yield Price(f"{model}:{resolution}", credits_, "second", {"resolution": (resolution,), **alone})


def _veo() -> Iterator[Price]:
    # The dedicated endpoint's models, which the unified one (veo-3-1) takes in the field "model".
    for model, prices in {"veo3_lite": (30, 35, 150), "veo3_fast": (60, 65, 180), "veo3": (250, 255, 380)}.items():
        for resolution, credits_ in zip(("720p", "1080p", "4k"), prices, strict=True):
            texts = (resolution, "") if resolution == "720p" else (resolution,)
            yield Price(f"{model}:{resolution}", credits_, where={"resolution": texts})
            where = {"model": (model,), "resolution": texts}
            yield Price(f"veo-3-1:{model}:{resolution}", credits_, where=where)
    for model, credits_ in {"lite": 30, "fast": 60, "quality": 250}.items():
        yield Price(f"veo/extend:{model}", credits_, where={"model": (model, "") if model == "fast" else (model,)})
    yield Price("veo/get-1080p-video", 5)
    yield Price("veo/get-4k-video", 120)


def _images() -> Iterator[Price]:
    yield Price("4o-image-api", 6)
    yield Price("flux-kontext-pro", 5)
    yield Price("flux-kontext-max", 10)
    for model, credits_ in {"flux-kontext-pro": 5, "flux-kontext-max": 10}.items():
        yield Price(f"flux1-kontext:{model}", credits_, where={"model": (model,)})


def _suno() -> Iterator[Price]:
    songs = ("generate", "extend", "upload-and-cover-audio", "upload-and-extend-audio")
    for operation in (*songs, "add-instrumental", "add-vocals"):
        yield Price(f"ai-music-api/{operation}", 12)
    yield Price("ai-music-api/sounds", 2.5)
    yield Price("vocal-removal/generate:separate_vocal", 10, where={"type": ("separate_vocal", "")})
    yield Price("vocal-removal/generate:split_stem", 50, where={"type": ("split_stem",)})
    yield Price("ai-music-api/create-music-video", 2)
    for operation in ("generate-lyrics", "convert-to-wav-format", "boost-music-style"):
        yield Price(f"ai-music-api/{operation}", 0.4)


PRICES: tuple[Price, ...] = (*_kling(), *_seedance(), *_veo(), *_images(), *_suno())
