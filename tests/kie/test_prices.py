from __future__ import annotations

import pytest

from airflow_provider_runway.kie.prices import CREDITS, RUNWAY, estimate, in_dollars, price_key, priced
from airflow_provider_runway.kie.requests import ExtendRequest, GenerateRequest
from airflow_provider_runway.kie.rules import DURATIONS, QUALITIES

from .support import ALEPH, EXTEND, JOB


@pytest.mark.parametrize(
    ("duration", "quality", "image_url", "credits_", "dollars"),
    [
        (5, "720p", None, 12, "$0.06"),
        (10, "720p", None, 30, "$0.15"),
        (5, "1080p", None, 30, "$0.15"),
        (5, "1080p", "https://example.com/a.png", 30, "$0.15"),
    ],
)
def test_a_video_costs_what_the_price_feed_says(
    duration: int, quality: str, image_url: str | None, credits_: float, dollars: str
) -> None:
    request = GenerateRequest(prompt="x", aspect_ratio="1:1", duration=duration, quality=quality, image_url=image_url)
    assert estimate(request) == credits_
    assert in_dollars(credits_) == dollars
    assert priced(credits_) == f"about {credits_} credits ({dollars})"


@pytest.mark.parametrize("quality", QUALITIES)
def test_an_extension_has_a_price(quality: str) -> None:
    assert estimate(ExtendRequest(task_id="t", prompt="x", quality=quality)) == CREDITS[f"extend-{quality}"]


def test_every_video_that_can_be_asked_for_has_a_price_and_every_price_a_video() -> None:
    allowed = [(d, q) for d in DURATIONS for q in QUALITIES if (d, q) != (10, "1080p")]
    keys = {price_key(GenerateRequest(prompt="x", aspect_ratio="1:1", duration=d, quality=q)) for d, q in allowed}
    assert keys | {f"extend-{quality}" for quality in QUALITIES} | {"aleph"} == set(RUNWAY)


def test_aleph_costs_the_same_whatever_is_asked_for() -> None:
    assert (estimate(ALEPH), in_dollars(110)) == (110, "$0.55")


def test_another_model_has_the_price_that_the_list_gives_it_or_none_that_is_known() -> None:
    assert estimate(JOB) is None
    assert estimate(JOB, {**CREDITS, JOB.model: 55}) == 55
    assert priced(None) == "a price that is not known here"


def test_a_price_list_of_ones_own_counts() -> None:
    assert estimate(EXTEND, {**CREDITS, "extend-720p": 7.5}) == 7.5
