from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_runway.kie.fingerprints import fingerprint
from airflow_provider_runway.kie.requests import JobRequest

from .support import ALEPH, EXTEND, GENERATE, JOB


def test_the_same_video_has_the_same_fingerprint_wherever_its_callback_goes() -> None:
    assert fingerprint(GENERATE) == fingerprint(replace(GENERATE, callback_url="https://example.com/done"))
    assert len(fingerprint(GENERATE)) == 16
    assert int(fingerprint(GENERATE), 16) > 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("X-Amz-Date=20261122T080000Z&X-Amz-Signature=aa", "X-Amz-Date=20261122T081000Z&X-Amz-Signature=bb"),
        ("X-Goog-Expires=60&X-Goog-Signature=aa", "X-Goog-Expires=60&X-Goog-Signature=bb"),
        ("sv=2026-01-01&se=2026-11-22T08&sp=r&sig=aa", "sv=2026-01-01&se=2026-11-22T09&sp=r&sig=bb"),
        ("Expires=1&Signature=aa&Key-Pair-Id=k", "Expires=2&Signature=bb&Key-Pair-Id=k"),
    ],
)
def test_an_image_that_is_signed_anew_for_each_try_is_the_same_image(first: str, second: str) -> None:
    one, two = (replace(GENERATE, image_url=f"https://bucket/fox.png?v=1&{query}") for query in (first, second))
    other = replace(GENERATE, image_url=f"https://bucket/fox.png?v=2&{first}")

    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(other)


def test_a_video_and_a_picture_for_aleph_may_be_signed_anew_too() -> None:
    one, two = (
        replace(
            ALEPH, video_url=f"https://b/fox.mp4?X-Amz-Signature={each}", reference_image_url=f"https://b/a?sig={each}"
        )
        for each in ("aa", "bb")
    )
    assert fingerprint(one) == fingerprint(two) != fingerprint(replace(one, video_url="https://b/other.mp4"))


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "Another fox"},
        {"image_url": "https://example.com/a.png"},
        {"duration": 10},
        {"quality": "1080p"},
        {"aspect_ratio": "1:1"},
        {"watermark": ""},
        {"extra_fields": {"seed": 1}},
    ],
)
def test_any_other_change_makes_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(replace(GENERATE, **change)) != fingerprint(GENERATE)


def test_extensions_of_different_videos_differ() -> None:
    assert fingerprint(EXTEND) != fingerprint(replace(EXTEND, task_id="source-2"))
    assert fingerprint(EXTEND) != fingerprint(GENERATE)


@pytest.mark.parametrize("change", [{"seed": 7}, {"aspect_ratio": "1:1"}, {"upload_cn": True}, {"watermark": "x"}])
def test_any_change_for_aleph_makes_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(replace(ALEPH, **change)) != fingerprint(ALEPH)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"image": "https://b/a?X-Amz-Signature=a"}, {"image": "https://b/a?X-Amz-Signature=b"}, True),
        ({"in": [{"urls": ["https://b/a?sig=a"]}]}, {"in": [{"urls": ["https://b/a?sig=b"]}]}, True),
        ({"image": "https://b/a?v=1"}, {"image": "https://b/a?v=2"}, False),
        ({"prompt": "sig=a"}, {"prompt": "sig=b"}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"n": 1}, {"n": 2}, False),
    ],
)
def test_a_job_is_the_same_whose_urls_are_only_signed_anew(
    first: dict[str, Any], second: dict[str, Any], same: bool
) -> None:
    one, two = (JobRequest(model="veo-3-1", input=fields) for fields in (first, second))
    assert (fingerprint(one) == fingerprint(two)) is same
    assert fingerprint(one) != fingerprint(replace(one, model="veo-3-2"))


def test_the_order_of_extra_fields_does_not_make_another_video() -> None:
    one = replace(GENERATE, extra_fields={"a": 1, "b": {"c": 2, "d": 3}})
    two = replace(GENERATE, extra_fields={"b": {"d": 3, "c": 2}, "a": 1})
    assert fingerprint(one) == fingerprint(two)


def test_fingerprints_stay_what_they_were_as_records_outlive_releases() -> None:
    assert fingerprint(GENERATE) == "d16134822135747d"
    assert fingerprint(EXTEND) == "a1350b4cb3b56ddb"
    assert fingerprint(JOB) == "2a167b66b06b1cae"
    assert fingerprint(ALEPH) == "5c916e1217581ff6"
