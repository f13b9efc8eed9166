"""What a video costs, before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_runway.kie.errors import CreditFloorError
from airflow_provider_runway.kie.price_list import PRICES, text_of
from airflow_provider_runway.kie.requests import ExtendRequest, GenerateRequest, JobRequest, Request, TaskRequest

# One credit in US dollars (https://kie.ai/pricing, 2026-11).
DOLLARS_PER_CREDIT = 0.005

# Credits a video, from KIE's price feed (2026-11). KIE publishes no price for an extension: it is taken to cost
# what five new seconds of that quality cost. Aleph costs the same whatever the video's length.
RUNWAY: Mapping[str, float] = {
    "generate-5s-720p": 12,
    "generate-10s-720p": 30,
    "generate-5s-1080p": 30,
    "extend-720p": 12,
    "extend-1080p": 30,
    "aleph": 110,
}
# All that are built in; those of other models are for a submission or for a second of it.
CREDITS: Mapping[str, float] = {**RUNWAY, **{price.name: price.credits for price in PRICES}}


def price_key(request: Request) -> str:
    """What a request asks for, such as ``generate-5s-720p``; of a job, its model."""
    if isinstance(request, GenerateRequest):
        return f"generate-{request.duration}s-{request.quality}"
    if isinstance(request, ExtendRequest):
        return f"extend-{request.quality}"
    if isinstance(request, TaskRequest):
        return request.endpoint
    return request.model if isinstance(request, JobRequest) else "aleph"


def estimate(request: Request, prices: Mapping[str, float] = CREDITS) -> float | None:
    """Credits that a request is expected to cost; ``None`` where no price is known.

    :param request: The request.
    :param prices: By name. One that is a model's name alone is for a submission, whatever is asked of the model.
    """
    if isinstance(request, TaskRequest):
        return _estimate_of_endpoint(request, prices)
    if not isinstance(request, JobRequest):
        return prices.get(price_key(request))
    return estimate_of(request.model, request.input, prices)


def estimate_of(model: str, fields: Mapping[str, Any], prices: Mapping[str, float] = CREDITS) -> float | None:
    """The same of any model.

    :param model: KIE's name of it.
    :param fields: What is asked of it, by KIE's names.
    :param prices: By name.
    """
    if model in prices:
        return prices[model]
    if (named := _RUNWAY_MODELS.get(model)) is not None:
        return prices.get(named.format_map({name: text_of(fields.get(name)) for name in ("duration", "quality")}))
    for price in PRICES:
        if price.model == model and (units := price.units(fields)) is not None:
            return round(prices[price.name] * units, 6)
    return None


def _estimate_of_endpoint(request: TaskRequest, prices: Mapping[str, float]) -> float | None:
    fields = request.fields
    named = prices.get(request.endpoint)
    if named is not None:
        return named
    usual = _USUAL_MODELS.get(request.endpoint)
    model = str(fields.get("model") or usual) if usual else _ENDPOINTS.get(request.endpoint, request.endpoint)
    return estimate_of(model, fields, prices)


# The models of the list whose prices the dedicated endpoints have; of some the body names it.
_ENDPOINTS = {
    "gpt4o-image/generate": "4o-image-api",
    "generate": "ai-music-api/generate",
    "generate/extend": "ai-music-api/extend",
    "generate/upload-cover": "ai-music-api/upload-and-cover-audio",
    "generate/upload-extend": "ai-music-api/upload-and-extend-audio",
    "generate/add-instrumental": "ai-music-api/add-instrumental",
    "generate/add-vocals": "ai-music-api/add-vocals",
    "generate/sounds": "ai-music-api/sounds",
    "lyrics": "ai-music-api/generate-lyrics",
    "wav/generate": "ai-music-api/convert-to-wav-format",
    "mp4/generate": "ai-music-api/create-music-video",
    "style/generate": "ai-music-api/boost-music-style",
}
_USUAL_MODELS = {"veo/generate": "veo3_fast", "flux/kontext/generate": "flux-kontext-pro"}
# Runway's models at the unified API cost what they do at the dedicated endpoints.
_RUNWAY_MODELS = {
    "runway": "generate-{duration}s-{quality}",
    "runway/extend-ai-video": "extend-{quality}",
    "runway/gen4-aleph": "aleph",
}


def check_floor(balance: float, price: float | None, floor: float) -> None:
    """See that a video leaves the balance above the connection's floor.

    :raises CreditFloorError: If it does not.
    """
    if balance - (price or 0) < floor:
        raise CreditFloorError(balance, price, floor)


def priced(credits_: float | None) -> str:
    """A price for people to read, such as ``about 12 credits ($0.06)``."""
    if credits_ is None:
        return "a price that is not known here"
    return f"about {credits_:g} credits ({in_dollars(credits_)})"


def in_dollars(credits_: float) -> str:
    """An amount of credits in US dollars, such as ``$0.06``."""
    return f"${credits_ * DOLLARS_PER_CREDIT:.2f}"
