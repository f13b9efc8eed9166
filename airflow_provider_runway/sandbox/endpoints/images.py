"""4o Image and Flux Kontext: what their endpoints take."""

from __future__ import annotations

from airflow_provider_runway.sandbox.endpoints.fields import INVALID
from airflow_provider_runway.sandbox.endpoints.rules import FLAG, REQUIRED, URL, Rule, Rules, check
from airflow_provider_runway.sandbox.endpoints.submission import Submission
from airflow_provider_runway.sandbox.messages import Refusal, Reply
from airflow_provider_runway.sandbox.video.clip import WIDE_RATIOS

_PRICE_OF_4O = 6
_FLUX_PRICES = {"flux-kontext-pro": 5, "flux-kontext-max": 10}
_FORMATS = ("jpeg", "png")
# The nearest that there is of 3:2 and 2:3.
_RATIOS_OF_4O = {"1:1": "1:1", "3:2": "4:3", "2:3": "3:4"}
_MOST_TOLERANT = 6
_MOST_TOLERANT_OF_EDITS = 2

_RULES_OF_4O: Rules = {
    "size": Rule(required=True, allowed=tuple(_RATIOS_OF_4O)),
    "prompt": Rule(),
    "filesUrl": Rule(list, most=5, url=True),
    "maskUrl": URL,
    "isEnhance": FLAG,
    "uploadCn": FLAG,
    "enableFallback": FLAG,
    "fallbackModel": Rule(allowed=("FLUX_MAX", "GPT_IMAGE_1")),
}
_RULES_OF_FLUX: Rules = {
    "prompt": REQUIRED,
    "model": Rule(allowed=tuple(_FLUX_PRICES)),
    "inputImage": URL,
    "aspectRatio": Rule(allowed=WIDE_RATIOS),
    "outputFormat": Rule(allowed=_FORMATS),
    "promptUpsampling": FLAG,
    "safetyTolerance": Rule(int, least=0, most=_MOST_TOLERANT),
    "enableTranslation": FLAG,
    "uploadCn": FLAG,
    "watermark": Rule(),
}


def generate_4o(submission: Submission) -> Reply:
    """A picture by words, by pictures or by both."""
    given = submission.values
    check(given, _RULES_OF_4O)
    pictures = given.get("filesUrl") or []
    if not given.get("prompt") and not pictures:
        raise Refusal(INVALID, "prompt or filesUrl is required")
    return submission.make(
        "gpt4o-image/generate",
        model="4o-image",
        prompt=given.get("prompt") or "",
        cost=_PRICE_OF_4O,
        ratio=_RATIOS_OF_4O[given["size"]],
        inputs=(*pictures, given.get("maskUrl") or ""),
        late=True,
        extension="png",
    )


def generate_flux(submission: Submission) -> Reply:
    """A picture, new or edited."""
    given = submission.values
    check(given, _RULES_OF_FLUX)
    picture = given.get("inputImage") or ""
    if picture and (given.get("safetyTolerance") or 0) > _MOST_TOLERANT_OF_EDITS:
        raise Refusal(INVALID, f"safetyTolerance must not be more than {_MOST_TOLERANT_OF_EDITS} with inputImage")
    model = given.get("model") or "flux-kontext-pro"
    return submission.make(
        "flux/kontext/generate",
        model=model,
        prompt=given["prompt"],
        cost=_FLUX_PRICES[model],
        ratio=given.get("aspectRatio") or "",
        watermark=given.get("watermark") or "",
        image_url=picture,
        inputs=(picture,),
        late=True,
        extension=given.get("outputFormat") or _FORMATS[0],
    )
