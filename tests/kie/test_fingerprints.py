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


S3 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k&X-Amz-Date={0}&X-Amz-Expires=60&X-Amz-Signature={0}"
SAS = "sv=2026-01-01&sr=b&sp=r&st={0}&se={0}&sig={0}"


@pytest.mark.parametrize(
    "signature",
    [
        f"{S3}&X-Amz-SignedHeaders=host&X-Amz-Security-Token={{0}}",
        "AWSAccessKeyId=k&Signature={0}&Expires={0}",
        "X-Goog-Algorithm=GOOG4&X-Goog-Credential=k&X-Goog-Date={0}&X-Goog-Expires=60&X-Goog-Signature={0}",
        "GoogleAccessId=k&Expires={0}&Signature={0}",
        SAS,
        f"{SAS}&skoid={{0}}&sktid={{0}}&skt={{0}}&ske={{0}}&sks=b&skv={{0}}",
        "sv=2026-01-01&si=policy&sr=b&sig={0}",
        "Expires={0}&Signature={0}&Key-Pair-Id=k",
        "Policy={0}&Signature={0}&Key-Pair-Id=k",
        "OSSAccessKeyId=k&Expires={0}&Signature={0}&security-token={0}",
        "x-oss-signature-version=OSS4&x-oss-credential=k&x-oss-date={0}&x-oss-expires=60&x-oss-signature={0}",
        "q-sign-algorithm=sha1&q-ak=k&q-sign-time={0}&q-key-time={0}&q-header-list=&q-url-param-list=&q-signature={0}",
    ],
)
def test_an_image_that_is_signed_anew_for_each_try_is_the_same_image(signature: str) -> None:
    first, second = signature.format("aa"), signature.format("bb")
    one, two = (replace(GENERATE, image_url=f"https://bucket/fox.png?v=1&{query}") for query in (first, second))
    other = replace(GENERATE, image_url=f"https://bucket/fox.png?v=2&{first}")

    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    "name",
    ["sku", "sp", "sv", "se", "sr", "st", "si", "sig", "policy", "Expires", "Signature", "X-Amz-Date", "token", "x-id"],
)
def test_a_parameter_that_is_no_part_of_a_whole_signature_tells_images_apart(name: str) -> None:
    one, two = (f"https://shop.example/fox.png?Key-Pair-Id=k&x-amz-algorithm=a&{name}={value}" for value in (17, 18))

    assert fingerprint(replace(GENERATE, image_url=one)) != fingerprint(replace(GENERATE, image_url=two))
    jobs = (JobRequest(model="veo-3-1", input={"images": [url]}) for url in (one, two))
    assert len({fingerprint(job) for job in jobs}) == 2


def test_what_stands_beside_a_whole_signature_tells_images_apart() -> None:
    one, two = (f"https://b/fox.png?sku={value}&{S3.format('aa')}" for value in (17, 18))

    assert fingerprint(replace(GENERATE, image_url=one)) != fingerprint(replace(GENERATE, image_url=two))


def test_a_video_and_a_picture_for_aleph_may_be_signed_anew_too() -> None:
    one, two = (
        replace(
            ALEPH,
            video_url=f"https://b/fox.mp4?{S3.format(each)}",
            reference_image_url=f"https://b/a?{SAS.format(each)}",
        )
        for each in ("aa", "bb")
    )
    assert fingerprint(one) == fingerprint(two) != fingerprint(replace(one, video_url="https://b/other.mp4"))


def test_a_url_among_the_extra_fields_may_be_signed_anew_too() -> None:
    one, two = (replace(GENERATE, extra_fields={"a": [f"https://b/a?{SAS.format(each)}"]}) for each in ("aa", "bb"))
    assert fingerprint(one) == fingerprint(two)


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
        ({"image": f"https://b/a?{S3.format('a')}"}, {"image": f"https://b/a?{S3.format('b')}"}, True),
        (
            {"in": [{"urls": [f"https://b/a?{SAS.format('a')}"]}]},
            {"in": [{"urls": [f"https://b/a?{SAS.format('b')}"]}]},
            True,
        ),
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
    image = "https://example.com/a%20fox.png?size=1%202&v="
    assert fingerprint(replace(GENERATE, image_url=image)) == "b1844d7187267a4d"
