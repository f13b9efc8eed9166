from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.requests import AlephRequest, ExtendRequest, GenerateRequest, JobRequest
from airflow_provider_runway.kie.rules import (
    ALEPH_ASPECT_RATIOS,
    ASPECT_RATIOS,
    DURATIONS,
    QUALITIES,
    is_file_address,
    is_task_id,
    plain_fields,
)

from .support import JSON, call_of, wild

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


def generate(**fields: Any) -> GenerateRequest:
    return GenerateRequest(**{"prompt": "A fox", "aspect_ratio": "16:9", **fields})


def extend(**fields: Any) -> ExtendRequest:
    return ExtendRequest(**{"task_id": "t-1", "prompt": "It runs", **fields})


def aleph(**fields: Any) -> AlephRequest:
    return AlephRequest(**{"prompt": "Make it snow", "video_url": "https://example.com/fox.mp4", **fields})


def job(**fields: Any) -> JobRequest:
    return JobRequest(**{"model": "kling-2.6/text-to-video", "input": {"prompt": "A hare"}, **fields})


def refused(field: str, make: Any, **fields: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        make(**fields)
    assert caught.value.field == field
    assert not caught.value.retryable
    return str(caught.value)


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


def test_an_extension_checks_its_callback_url_too() -> None:
    refused("callback_url", extend, callback_url="nowhere")


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


@pytest.mark.parametrize("make", [generate, extend, aleph])
@pytest.mark.parametrize(
    "extra",
    [
        None,
        [],
        "text",
        {1: "number as name"},
        {"set": {1}},
        {"nan": float("nan")},
        {"infinity": float("inf")},
        {"bytes": b""},
        {"half": "\ud800"},
        {"\ud800": 1},
    ],
)
def test_extra_fields_are_names_and_json_values(make: Any, extra: Any) -> None:
    refused("extra_fields", make, extra_fields=extra)
    with pytest.raises(InvalidRequestError):
        plain_fields("extra_fields", extra)


def test_extra_fields_that_contain_themselves_are_refused() -> None:
    extra: dict[str, Any] = {}
    extra["self"] = extra
    refused("extra_fields", generate, extra_fields=extra)


def test_extra_fields_nested_too_deeply_are_refused() -> None:
    extra: dict[str, Any] = {}
    for _ in range(5_000):
        extra = {"in": extra}
    refused("extra_fields", generate, extra_fields=extra)


def test_changing_the_mapping_afterwards_does_not_change_the_request() -> None:
    extra = {"seed": 1, "inner": {"a": [1]}}
    request = generate(extra_fields=extra)
    before = fingerprint(request)
    extra["seed"] = 2
    extra["inner"]["a"].append(2)  # type: ignore[index]
    assert request.extra_fields == {"seed": 1, "inner": {"a": [1]}}
    assert fingerprint(request) == before


def test_names_inside_extra_fields_become_texts_as_json_makes_them() -> None:
    assert generate(extra_fields={"inner": {1: "a", "b": (2, 3)}}).extra_fields == {"inner": {"1": "a", "b": [2, 3]}}


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


@pytest.mark.parametrize("given", [None, [], "text", {1: "x"}, {"set": {1}}, {"nan": float("nan")}, {"n": 10**5000}])
def test_the_fields_for_a_model_are_names_and_json_values(given: Any) -> None:
    refused("input", job, input=given)


def test_the_fields_for_a_model_are_kept_as_they_were() -> None:
    given = {"image_urls": ["https://example.com/a.png"], "n": 2}
    request = job(input=given)
    before = fingerprint(request)
    given["image_urls"].append("x")  # type: ignore[attr-defined]
    assert request.input == {"image_urls": ["https://example.com/a.png"], "n": 2}
    assert fingerprint(request) == before


@pytest.mark.parametrize(("given", "prompt"), [({"prompt": "A hare"}, "A hare"), ({}, ""), ({"prompt": 7}, "")])
def test_the_prompt_of_a_job_is_told_where_it_has_one(given: dict[str, Any], prompt: str) -> None:
    assert job(input=given).prompt == prompt


def test_a_job_checks_its_callback_url_and_extra_fields_too() -> None:
    refused("callback_url", job, callback_url="nowhere")
    refused("extra_fields", job, extra_fields={"nan": float("nan")})


@pytest.mark.parametrize("request_", [generate(), extend(), aleph(), job()])
def test_a_request_cannot_be_changed(request_: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        request_.callback_url = "another"


@wild
@given(
    prompt=st.text(max_size=60) | st.text(st.characters(), min_size=1795, max_size=1805),
    watermark=st.none() | st.text(max_size=20),
    extra=st.dictionaries(st.text(max_size=8), JSON, max_size=3),
)
def test_a_request_that_is_accepted_can_be_sent_and_any_other_names_its_field(
    prompt: str, watermark: str | None, extra: dict[str, Any]
) -> None:
    try:
        request = generate(prompt=prompt, watermark=watermark, extra_fields=extra)
        call = call_of(request)
    except InvalidRequestError as refusal:
        named = refusal.field
    else:
        sent = json.loads(json.dumps(call.body, ensure_ascii=False, allow_nan=False).encode())
        assert sent["prompt"] == prompt
        assert len(fingerprint(request)) == 16
        return
    assert named in {"prompt", "watermark", "extra_fields"}


@wild
@given(st.text())
def test_a_task_id_fits_on_one_line_and_into_utf_8(text: str) -> None:
    if is_task_id(text):
        assert text.encode()
        assert text.split() == [text]


def test_a_seed_too_long_to_be_shown_is_refused_all_the_same() -> None:
    assert "a int that cannot be shown" in refused("seed", aleph, seed=10**5000)


@wild
@given(
    model=st.text(max_size=20) | st.just("veo-3-1"),
    fields=st.dictionaries(st.text(max_size=8), JSON | st.just("https://b/a?sig=1"), max_size=4) | JSON,
)
def test_a_job_that_is_accepted_can_be_sent_and_any_other_names_its_field(model: str, fields: Any) -> None:
    try:
        request = job(model=model, input=fields)
    except InvalidRequestError as refusal:
        named = refusal.field
    else:
        sent = json.loads(json.dumps(call_of(request).body, ensure_ascii=False, allow_nan=False).encode())
        assert sent == {"model": model, "input": request.input}
        assert len(fingerprint(request)) == 16
        return
    assert named in {"model", "input"}


@pytest.mark.parametrize("address", FILES)
def test_a_picture_may_be_a_file_but_a_callback_may_not(address: str) -> None:
    assert is_file_address(address)
    assert generate(image_url=address, aspect_ratio=None).image_url == address
    refused("callback_url", generate, callback_url=address)


@pytest.mark.parametrize("value", ["https://example.com/a.png", "HTTP://example.com/a", *NOT_URLS, None])
def test_what_is_on_the_web_or_nowhere_is_no_file(value: object) -> None:
    assert not is_file_address(value)
