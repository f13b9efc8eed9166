"""What other models cost, by what is asked of them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.kie.price_list import PRICES, text_of
from airflow_provider_runway.kie.prices import CREDITS, RUNWAY, estimate, estimate_of
from airflow_provider_runway.kie.requests import JobRequest


@pytest.mark.parametrize(
    ("model", "fields", "credits_"),
    [
        ("kling-2.6/text-to-video", {"duration": "5", "sound": False}, 55),
        ("kling-2.6/text-to-video", {"duration": 10, "sound": "true"}, 220),
        ("kling-2.6/image-to-video", {"duration": 5.0, "sound": True}, 110),
        ("kling/v2-5-turbo-text-to-video-pro", {"duration": "10"}, 84),
        ("kling-3.0/video", {"duration": "7", "mode": "pro", "sound": True}, 189),
        ("kling-3.0/video", {"duration": 3, "mode": "std", "sound": False}, 42),
        ("kling-3.0/video", {"duration": 5, "mode": "4K", "sound": False}, 335),
        ("bytedance/seedance-2", {"duration": 8, "resolution": "1080p"}, 816),
        ("bytedance/seedance-2-fast", {"duration": "4", "resolution": "480p", "reference_video_urls": []}, 62),
        ("bytedance/seedance-2-mini", {"duration": 5, "resolution": "720P"}, 41),
        ("veo-3-1", {"model": "veo3_fast"}, 60),
        ("veo-3-1", {"model": "veo3", "resolution": "4k"}, 380),
        ("veo3_lite", {"resolution": "1080p"}, 35),
        ("veo/extend", {}, 60),
        ("veo/extend", {"model": "quality"}, 250),
        ("4o-image-api", {"size": "1:1"}, 6),
        ("flux1-kontext", {"model": "flux-kontext-max"}, 10),
        ("ai-music-api/generate", {"prompt": "A song"}, 12),
        ("ai-music-api/generate-lyrics", {}, 0.4),
        ("runway", {"duration": "5", "quality": "720p"}, 12),
        ("runway", {"duration": 10, "quality": "720p"}, 30),
        ("runway/extend-ai-video", {"quality": "1080p"}, 30),
        ("runway/gen4-aleph", {}, 110),
    ],
)
def test_a_price_depends_on_what_is_asked_of_the_model(model: str, fields: dict[str, Any], credits_: float) -> None:
    assert estimate(JobRequest(model=model, input=fields)) == credits_


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("kling-2.6/text-to-video", {"duration": "5"}),
        ("kling-2.6/text-to-video", {"duration": "7", "sound": False}),
        ("kling-3.0/video", {"mode": "pro", "sound": True}),
        ("kling-3.0/video", {"duration": "long", "mode": "pro", "sound": True}),
        ("kling-3.0/video", {"duration": -1, "mode": "pro", "sound": True}),
        ("kling-3.0/video", {"duration": 0, "mode": "pro", "sound": True}),
        ("kling-3.0/video", {"duration": float("nan"), "mode": "pro", "sound": True}),
        ("kling-3.0/video", {"duration": 1e300, "mode": "pro", "sound": True}),
        ("kling-3.0/video", {"duration": [5], "mode": "pro", "sound": True}),
        ("bytedance/seedance-2", {"duration": 5}),
        (
            "bytedance/seedance-2",
            {"duration": 5, "resolution": "720p", "reference_video_urls": ["https://a.example/b"]},
        ),
        ("bytedance/seedance-2-mini", {"duration": 5, "resolution": "480p"}),
        ("veo-3-1", {}),
        ("flux1-kontext", {}),
        ("runway", {"duration": 10, "quality": "1080p"}),
        ("runway", {}),
        ("a-model/of-next-year", {"duration": 5}),
    ],
)
def test_where_it_is_not_certain_no_price_is_made_up(model: str, fields: dict[str, Any]) -> None:
    assert estimate_of(model, fields) is None


def test_a_price_of_ones_own_comes_before_those_of_the_table() -> None:
    asked = {"duration": 5, "mode": "pro", "sound": False}
    assert estimate_of("kling-3.0/video", asked, {**CREDITS, "kling-3.0/video:pro": 20}) == 100
    assert estimate_of("kling-3.0/video", asked, {**CREDITS, "kling-3.0/video": 70}) == 70
    assert estimate_of("runway", {"duration": 5, "quality": "720p"}, {**CREDITS, "generate-5s-720p": 13}) == 13


def test_names_are_of_one_price_each_and_none_is_for_a_second_and_for_a_model_alone() -> None:
    names = [*RUNWAY, *(price.name for price in PRICES)]
    assert len(names) == len({*names}) == len(CREDITS)
    assert [price.name for price in PRICES if price.unit == "second" and ":" not in price.name] == []
    assert [price.name for price in PRICES if price.where and ":" not in price.name] == []
    assert [price.name for price in PRICES if not price.credits > 0] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ([], ""),
        (["x"], "several"),
        (True, "true"),
        (5.0, "5"),
        (5.5, "5.5"),
        (" Pro ", "pro"),
        (b"x", "b'x'"),
    ],
)
def test_a_field_is_compared_as_text(value: object, text: str) -> None:
    assert text_of(value) == text
