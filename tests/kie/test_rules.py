"""What each field of a request may be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.rules import (
    ALEPH_ASPECT_RATIOS,
    ASPECT_RATIOS,
    DURATIONS,
    QUALITIES,
    is_file_address,
    is_task_id,
)

from .support import aleph, extend, generate, job, refused

NOT_TEXT = [None, 5, b"bytes", ["list"], True]


NOT_URLS = [
    "",
    "example.com/a.png",
    "s3://bucket/folder/",
    "data:image/png;base64,AAAA",
    "https://",
    "https:///a.png",
    "//example.com/a.png",
    "https://exam ple.com",
    "https://example.com/a\nb",
    "https://example.com:99999/a.png",
    "https://example.com:port/a.png",
    "https://[::1/a.png",
    " https://example.com",
    "https://example.com/\ud800",
    b"https://example.com",
    5,
]


FILES = [
    "s3://bucket/fox.png",
    "s3://conn@bucket/a b.png",
    "file:///srv/fox.png",
    "gs://b/f",
    "ftp://example.com/a.png",
]


@pytest.mark.parametrize("make", [generate, extend])
@pytest.mark.parametrize("length", [1, 1799, 1800])
def test_a_prompt_has_1_to_1800_characters(make: Any, length: int) -> None:
    assert len(make(prompt="ü" * length).prompt) == length


@pytest.mark.parametrize("make", [generate, extend])
@pytest.mark.parametrize("prompt", ["", " ", "\n\t ", "\u200b", "\u2060 \ufeff", "\u00ad", *NOT_TEXT])
def test_a_prompt_that_says_nothing_is_refused(make: Any, prompt: Any) -> None:
    assert "1 to 1800 characters" in refused("prompt", make, prompt=prompt)


@pytest.mark.parametrize("make", [generate, extend])
def test_a_prompt_of_1801_characters_is_refused(make: Any) -> None:
    assert "at most 1800 characters" in refused("prompt", make, prompt="x" * 1801)


@pytest.mark.parametrize("make", [generate, extend])
def test_half_a_character_cannot_be_sent(make: Any) -> None:
    assert "surrogate" in refused("prompt", make, prompt="a fox \ud83e")
    assert "surrogate" in refused("watermark", make, watermark="\udd8a")


@pytest.mark.parametrize("duration", DURATIONS)
def test_a_video_lasts_5_or_10_seconds(duration: int) -> None:
    assert generate(duration=duration).duration == duration


@pytest.mark.parametrize("duration", [0, 8, 15, -5, "5", "10", 5.0, Decimal(5), True, None, float("nan"), 10**30])
def test_any_other_duration_is_refused(duration: Any) -> None:
    assert "must be 5 or 10 (seconds)" in refused("duration", generate, duration=duration)


@pytest.mark.parametrize("make", [generate, extend])
@pytest.mark.parametrize("quality", QUALITIES)
def test_a_video_is_720p_or_1080p(make: Any, quality: str) -> None:
    assert make(quality=quality).quality == quality


@pytest.mark.parametrize("make", [generate, extend])
@pytest.mark.parametrize("quality", ["", "480p", "720P", "4k", 720, None, ["720p"]])
def test_any_other_quality_is_refused(make: Any, quality: Any) -> None:
    assert "'720p' or '1080p'" in refused("quality", make, quality=quality)


def test_a_ten_second_video_cannot_be_1080p() -> None:
    assert "when duration is 10 seconds" in refused("quality", generate, duration=10, quality="1080p")


def test_a_five_second_video_can_be_1080p() -> None:
    assert generate(duration=5, quality="1080p").quality == "1080p"


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_five_shapes_exist(ratio: str) -> None:
    assert generate(aspect_ratio=ratio).aspect_ratio == ratio


@pytest.mark.parametrize("ratio", ["", "21:9", "16x9", "16:9 ", 1.78, ["16:9"]])
def test_any_other_shape_is_refused(ratio: Any) -> None:
    assert "must be one of 16:9, 4:3, 1:1, 3:4, 9:16" in refused("aspect_ratio", generate, aspect_ratio=ratio)


def test_text_alone_needs_an_aspect_ratio() -> None:
    assert "is needed without image_url" in refused("aspect_ratio", generate, aspect_ratio=None)


@pytest.mark.parametrize("ratio", [None, "1:1"])
def test_an_image_needs_no_aspect_ratio_and_may_have_one(ratio: str | None) -> None:
    assert generate(image_url="https://example.com/a.png", aspect_ratio=ratio).aspect_ratio == ratio


@pytest.mark.parametrize("field", ["image_url", "callback_url"])
@pytest.mark.parametrize(
    "url",
    ["https://example.com/a.png?x=1#y", "http://127.0.0.1:8123/a", "HTTPS://EXAMPLE.COM", "https://bücher.example"],
)
def test_a_url_is_http_or_https(field: str, url: str) -> None:
    assert getattr(generate(**{field: url}), field) == url


@pytest.mark.parametrize("field", ["image_url", "callback_url"])
@pytest.mark.parametrize("url", NOT_URLS)
def test_what_is_no_absolute_url_is_refused(field: str, url: Any) -> None:
    assert "absolute http:// or https:// URL" in refused(field, generate, **{field: url})


@pytest.mark.parametrize("make", [generate, extend])
@pytest.mark.parametrize("watermark", [None, "", "ACME"])
def test_a_watermark_is_a_text_or_none(make: Any, watermark: str | None) -> None:
    assert make(watermark=watermark).watermark == watermark


@pytest.mark.parametrize("make", [generate, extend])
def test_any_other_watermark_is_refused(make: Any) -> None:
    assert "must be a text" in refused("watermark", make, watermark=5)


@pytest.mark.parametrize(
    "task_id", ["ee603959-debb-48d1-98c4-a6d1c717eba6", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "veo_task_abc", "7", "ä"]
)
def test_a_task_id_may_look_like_anything(task_id: str) -> None:
    assert extend(task_id=task_id).task_id == task_id


@pytest.mark.parametrize("task_id", ["", " ", "two words", "line\nbreak", "tab\t", "\ud800", "\0", 7, None])
def test_what_cannot_be_a_task_id_is_refused(task_id: Any) -> None:
    refused("task_id", extend, task_id=task_id)


@pytest.mark.parametrize("prompt", ["x", "ü" * 5000])
def test_a_prompt_for_aleph_has_no_longest_length(prompt: str) -> None:
    assert aleph(prompt=prompt).prompt == prompt


@pytest.mark.parametrize("prompt", ["", " ", "\n\t ", "\u200b", "\u2060 \ufeff", "\u00ad", *NOT_TEXT])
def test_a_prompt_for_aleph_says_something(prompt: Any) -> None:
    assert "at least 1 character" in refused("prompt", aleph, prompt=prompt)


@pytest.mark.parametrize("ratio", [None, *ALEPH_ASPECT_RATIOS])
def test_aleph_knows_six_shapes_and_needs_none(ratio: str | None) -> None:
    assert aleph(aspect_ratio=ratio).aspect_ratio == ratio


@pytest.mark.parametrize("ratio", ["", "2:1", "9:21", 1.78, ["16:9"]])
def test_any_other_shape_is_refused_for_aleph(ratio: Any) -> None:
    assert "must be one of 16:9, 9:16, 4:3, 3:4, 1:1, 21:9" in refused("aspect_ratio", aleph, aspect_ratio=ratio)


@pytest.mark.parametrize("seed", [None, 0, -7, 4_294_967_295, 2**63 - 1])
def test_a_seed_is_a_whole_number_or_none(seed: int | None) -> None:
    assert aleph(seed=seed).seed == seed


@pytest.mark.parametrize("seed", ["7", 7.0, True, 2**63, -(2**63), 10**30, [7]])
def test_any_other_seed_is_refused(seed: Any) -> None:
    assert "must be a whole number" in refused("seed", aleph, seed=seed)


@pytest.mark.parametrize("watermark", [None, "x", "x" * 20])
def test_a_watermark_for_aleph_has_1_to_20_characters(watermark: str | None) -> None:
    assert aleph(watermark=watermark).watermark == watermark


@pytest.mark.parametrize("watermark", ["", "x" * 21, 5])
def test_any_other_watermark_is_refused_for_aleph(watermark: Any) -> None:
    refused("watermark", aleph, watermark=watermark)


@pytest.mark.parametrize("url", [None, *NOT_URLS])
def test_the_video_for_aleph_is_needed_and_a_url(url: Any) -> None:
    assert "absolute http:// or https:// URL" in refused("video_url", aleph, video_url=url)


@pytest.mark.parametrize("field", ["reference_image_url", "callback_url"])
@pytest.mark.parametrize("url", NOT_URLS)
def test_the_other_urls_for_aleph_are_urls_or_none(field: str, url: Any) -> None:
    refused(field, aleph, **{field: url})


@pytest.mark.parametrize("flag", [None, 0, 1, "yes", ""])
def test_where_aleph_keeps_the_result_is_said_by_true_or_false(flag: Any) -> None:
    assert "True or False" in refused("upload_cn", aleph, upload_cn=flag)


@pytest.mark.parametrize("model", ["veo-3-1", "google/nano-banana", "kling-2.6/image-to-video", "ä"])
def test_a_model_may_be_called_anything(model: str) -> None:
    assert job(model=model).model == model


@pytest.mark.parametrize("model", ["", " ", "two words", "line\nbreak", "\ud800", 7, None, ["veo"]])
def test_what_cannot_be_a_model_is_refused(model: Any) -> None:
    assert "must be KIE's name of a model" in refused("model", job, model=model)


@given(st.text())
def test_a_task_id_fits_on_one_line_and_into_utf_8(text: str) -> None:
    if is_task_id(text):
        assert text.encode()
        assert text.split() == [text]


def test_a_seed_too_long_to_be_shown_is_refused_all_the_same() -> None:
    assert "a int that cannot be shown" in refused("seed", aleph, seed=10**5000)


@pytest.mark.parametrize("value", ["https://example.com/a.png", "HTTP://example.com/a", *NOT_URLS, None])
def test_what_is_on_the_web_or_nowhere_is_no_file(value: object) -> None:
    assert not is_file_address(value)


@pytest.mark.parametrize("address", FILES)
def test_a_picture_may_be_a_file_but_a_callback_may_not(address: str) -> None:
    assert is_file_address(address)
    assert generate(image_url=address, aspect_ratio=None).image_url == address
    refused("callback_url", generate, callback_url=address)
