from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_runway.kie.api import CREDIT_CALL, RECORDS, SUBMISSIONS, fingerprint, record_call, submission_call
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.requests import ExtendRequest, GenerateRequest

from .support import EXTEND, GENERATE


def test_a_video_from_text_is_this_call() -> None:
    request = GenerateRequest(prompt="A fox", duration=10, quality="720p", aspect_ratio="9:16")
    call = submission_call(request)
    assert (call.method, call.path, call.query) == ("POST", "/api/v1/runway/generate", None)
    assert call.body == {"prompt": "A fox", "duration": 10, "quality": "720p", "aspectRatio": "9:16"}


def test_a_video_from_an_image_with_everything_is_this_call() -> None:
    request = GenerateRequest(
        prompt="It turns its head",
        image_url="https://example.com/a.png",
        quality="1080p",
        aspect_ratio="1:1",
        watermark="ACME",
        callback_url="https://example.com/done",
        extra_fields={"model": "runway-duration-5-generate"},
    )
    assert submission_call(request).body == {
        "prompt": "It turns its head",
        "imageUrl": "https://example.com/a.png",
        "duration": 5,
        "quality": "1080p",
        "aspectRatio": "1:1",
        "waterMark": "ACME",
        "callBackUrl": "https://example.com/done",
        "model": "runway-duration-5-generate",
    }


def test_an_extension_is_this_call() -> None:
    call = submission_call(
        ExtendRequest(
            task_id="t-1",
            prompt="It runs",
            quality="1080p",
            watermark="",
            callback_url="https://example.com/done",
        )
    )
    assert (call.method, call.path) == ("POST", "/api/v1/runway/extend")
    assert call.body == {
        "taskId": "t-1",
        "prompt": "It runs",
        "quality": "1080p",
        "waterMark": "",
        "callBackUrl": "https://example.com/done",
    }


def test_the_duration_goes_out_as_a_number() -> None:
    assert '"duration": 5' in json.dumps(submission_call(GENERATE).body)


@pytest.mark.parametrize("name", ["prompt", "imageUrl", "duration", "quality", "aspectRatio", "waterMark"])
def test_an_extra_field_cannot_take_the_place_of_a_parameter(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="must not repeat a field that is a parameter"):
        submission_call(replace(GENERATE, extra_fields={name: "x"}))


@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_every_field_of_a_request_has_its_name_at_kie(kind: type[Any]) -> None:
    assert set(SUBMISSIONS[kind].names) | {"extra_fields"} == set(kind.__slots__)


def test_tasks_of_generate_and_extend_are_looked_up_at_record_detail() -> None:
    call = record_call("t-1", "runway")
    assert (call.method, call.path, call.query, call.body) == (
        "GET",
        "/api/v1/runway/record-detail",
        {"taskId": "t-1"},
        None,
    )
    assert {submission.kind for submission in SUBMISSIONS.values()} <= set(RECORDS)


def test_tasks_of_aleph_are_looked_up_at_their_own_place() -> None:
    assert record_call("t-1", "aleph").path == "/api/v1/aleph/record-info"


@pytest.mark.parametrize("task_id", ["", "two words", "\ud800", 5, None])
def test_what_cannot_be_a_task_id_is_not_looked_up(task_id: Any) -> None:
    with pytest.raises(InvalidRequestError, match="task_id must be the id of a KIE task"):
        record_call(task_id, "runway")


def test_the_balance_is_asked_for_at_the_free_endpoint() -> None:
    assert (CREDIT_CALL.method, CREDIT_CALL.path) == ("GET", "/api/v1/chat/credit")


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


def test_the_order_of_extra_fields_does_not_make_another_video() -> None:
    one = replace(GENERATE, extra_fields={"a": 1, "b": {"c": 2, "d": 3}})
    two = replace(GENERATE, extra_fields={"b": {"d": 3, "c": 2}, "a": 1})
    assert fingerprint(one) == fingerprint(two)


def test_fingerprints_stay_what_they_were_as_records_outlive_releases() -> None:
    assert fingerprint(GENERATE) == "d16134822135747d"
    assert fingerprint(EXTEND) == "a1350b4cb3b56ddb"
