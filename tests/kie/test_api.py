from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_runway.kie.api import CREDIT_CALL, lookups
from airflow_provider_runway.kie.endpoints import SubmitEndpoint
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.families import FAMILIES
from airflow_provider_runway.kie.requests import AlephRequest, ExtendRequest, GenerateRequest
from airflow_provider_runway.kie.task_ids import APIS, Api

from .support import ALEPH, EXTEND, GENERATE, JOB, call_of

EVERYTHING_FROM_AN_IMAGE = GenerateRequest(
    prompt="It turns its head",
    image_url="https://example.com/a.png",
    quality="1080p",
    aspect_ratio="1:1",
    watermark="ACME",
    callback_url="https://example.com/done",
    extra_fields={"model": "runway-duration-5-generate"},
)
EVERYTHING_EXTENDED = ExtendRequest(
    task_id="t-1", prompt="It runs", quality="1080p", watermark="", callback_url="https://example.com/done"
)
EVERYTHING_CHANGED = AlephRequest(
    prompt="Make it snow",
    video_url="https://example.com/fox.mp4",
    aspect_ratio="21:9",
    seed=7,
    reference_image_url="https://example.com/snow.png",
    watermark="ACME",
    upload_cn=True,
    callback_url="https://example.com/done",
    extra_fields={"style": "quiet"},
)
SUBMISSIONS = [
    (kind, submission)
    for family in FAMILIES.values()
    for kind, submission in family.endpoints.items()
    if isinstance(kind, type)
]


def test_a_video_from_text_is_this_call() -> None:
    request = GenerateRequest(prompt="A fox", duration=10, quality="720p", aspect_ratio="9:16")
    call = call_of(request)
    assert (call.method, call.path, call.query) == ("POST", "/api/v1/runway/generate", None)
    assert call.body == {"prompt": "A fox", "duration": 10, "quality": "720p", "aspectRatio": "9:16"}


def test_a_video_from_an_image_with_everything_is_this_call() -> None:
    assert call_of(EVERYTHING_FROM_AN_IMAGE).body == {
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
    call = call_of(EVERYTHING_EXTENDED)
    assert (call.method, call.path) == ("POST", "/api/v1/runway/extend")
    assert call.body == {
        "taskId": "t-1",
        "prompt": "It runs",
        "quality": "1080p",
        "waterMark": "",
        "callBackUrl": "https://example.com/done",
    }


def test_a_video_out_of_another_one_is_this_call() -> None:
    call = call_of(ALEPH)
    assert (call.method, call.path) == ("POST", "/api/v1/aleph/generate")
    assert call.body == {"prompt": "Make it snow", "videoUrl": "https://example.com/fox.mp4", "uploadCn": False}
    assert call_of(EVERYTHING_CHANGED).body == {
        "prompt": "Make it snow",
        "videoUrl": "https://example.com/fox.mp4",
        "aspectRatio": "21:9",
        "seed": 7,
        "referenceImage": "https://example.com/snow.png",
        "waterMark": "ACME",
        "uploadCn": True,
        "callBackUrl": "https://example.com/done",
        "style": "quiet",
    }


@pytest.mark.parametrize(
    ("request_", "model", "fields"),
    [
        (
            EVERYTHING_FROM_AN_IMAGE,
            "runway",
            {
                "prompt": "It turns its head",
                "image_url": "https://example.com/a.png",
                "duration": 5,
                "quality": "1080p",
                "aspect_ratio": "1:1",
                "watermark": "ACME",
                "model": "runway-duration-5-generate",
            },
        ),
        (
            replace(EVERYTHING_EXTENDED, task_id="jobs:t-1"),
            "runway/extend-ai-video",
            {"task_id": "t-1", "prompt": "It runs", "quality": "1080p", "watermark": ""},
        ),
        (
            EVERYTHING_CHANGED,
            "runway/gen4-aleph",
            {
                "prompt": "Make it snow",
                "video_url": "https://example.com/fox.mp4",
                "aspect_ratio": "21:9",
                "seed": 7,
                "reference_image": "https://example.com/snow.png",
                "watermark": "ACME",
                "upload_cn": True,
                "style": "quiet",
            },
        ),
    ],
)
def test_the_unified_api_has_one_endpoint_for_all_of_it(request_: Any, model: str, fields: dict[str, Any]) -> None:
    call = call_of(request_, "jobs")
    assert (call.method, call.path) == ("POST", "/api/v1/jobs/createTask")
    assert call.body == {"model": model, "callBackUrl": "https://example.com/done", "input": fields}


@pytest.mark.parametrize("api", APIS)
def test_any_other_model_is_a_job_of_the_unified_api_whatever_the_connection_says(api: Api) -> None:
    request = replace(JOB, callback_url="https://example.com/done", extra_fields={"progressCallBackUrl": "https://x.y"})
    call = call_of(request, api)
    assert (call.method, call.path) == ("POST", "/api/v1/jobs/createTask")
    assert call.body == {
        "model": "kling-2.6/text-to-video",
        "input": {"prompt": "A hare in the snow", "duration": "5"},
        "callBackUrl": "https://example.com/done",
        "progressCallBackUrl": "https://x.y",
    }


@pytest.mark.parametrize("name", ["model", "input", "callBackUrl"])
def test_an_extra_field_of_a_job_cannot_take_the_place_of_a_parameter(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="must not repeat a field that is a parameter"):
        call_of(replace(JOB, extra_fields={name: "x"}))


def test_no_callback_is_no_field_of_the_unified_api_either() -> None:
    assert call_of(GENERATE, "jobs").body == {
        "model": "runway",
        "input": {"prompt": "A fox in the snow", "duration": 5, "quality": "720p", "aspect_ratio": "16:9"},
    }


@pytest.mark.parametrize(("task_id", "api"), [("t-1", "runway"), ("jobs:t-1", "jobs")])
def test_kie_is_only_ever_sent_the_bare_id_of_the_video_to_extend(task_id: str, api: Api) -> None:
    assert "jobs:" not in json.dumps(call_of(replace(EXTEND, task_id=task_id), api).body)


@pytest.mark.parametrize(("task_id", "made_by", "api"), [("jobs:t-1", "jobs", "runway"), ("t-1", "runway", "jobs")])
def test_a_video_of_one_api_is_not_extended_through_the_other(task_id: str, made_by: Api, api: Api) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        call_of(replace(EXTEND, task_id=task_id), api)
    assert caught.value.field == "task_id"
    assert f"a task of the API {made_by!r}, and this connection submits with {api!r}" in str(caught.value)
    assert str(caught.value).endswith("Nothing was sent.")


def test_the_duration_goes_out_as_a_number() -> None:
    assert '"duration": 5' in json.dumps(call_of(GENERATE).body)


@pytest.mark.parametrize("name", ["prompt", "imageUrl", "duration", "quality", "aspectRatio", "waterMark"])
def test_an_extra_field_cannot_take_the_place_of_a_parameter(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="must not repeat a field that is a parameter"):
        call_of(replace(GENERATE, extra_fields={name: "x"}))


@pytest.mark.parametrize(("kind", "submission"), SUBMISSIONS)
def test_every_field_of_a_request_has_its_name_at_kie(kind: type[Any], submission: SubmitEndpoint) -> None:
    assert set(submission.names) | {"extra_fields"} == set(kind.__slots__)


@pytest.mark.parametrize("request_", [GENERATE, EXTEND, ALEPH])
@pytest.mark.parametrize("api", APIS)
def test_every_request_can_be_sent_to_either_api(request_: Any, api: Api) -> None:
    if request_ is EXTEND and api == "jobs":
        request_ = replace(EXTEND, task_id="jobs:t-1")
    assert call_of(request_, api).path.startswith("/api/v1/jobs/") == (api == "jobs")


def places(task_id: str, kind: Any, api: Api = "runway") -> list[tuple[str, str, str]]:
    """Where a task is looked up: the endpoint, the id that goes there, and what the task is called if found."""
    found = []
    for place in lookups(task_id, kind, api):
        assert (place.call.method, place.call.body) == ("GET", None)
        assert place.call.query is not None
        found.append((place.call.path, place.call.query["taskId"], place.task_id))
    return found


DETAIL, ALEPH_INFO, JOB_INFO = "/api/v1/runway/record-detail", "/api/v1/aleph/record-info", "/api/v1/jobs/recordInfo"


@pytest.mark.parametrize(("kind", "path"), [("runway", DETAIL), ("aleph", ALEPH_INFO)])
def test_a_bare_id_is_looked_up_at_the_dedicated_endpoint_of_its_kind(kind: str, path: str) -> None:
    assert places("t-1", kind) == [(path, "t-1", "t-1")]


@pytest.mark.parametrize("kind", ["runway", "aleph"])
@pytest.mark.parametrize("api", APIS)
def test_an_id_that_says_the_unified_api_made_it_is_looked_up_there_alone(kind: str, api: Api) -> None:
    assert places("jobs:t-1", kind, api) == [(JOB_INFO, "t-1", "jobs:t-1")]


@pytest.mark.parametrize(("kind", "path"), [("runway", DETAIL), ("aleph", ALEPH_INFO)])
def test_a_bare_id_on_a_connection_to_the_unified_api_may_be_of_either(kind: str, path: str) -> None:
    assert places("t-1", kind, "jobs") == [(JOB_INFO, "t-1", "jobs:t-1"), (path, "t-1", "t-1")]


@pytest.mark.parametrize("task_id", ["t-1", "jobs:t-1"])
@pytest.mark.parametrize("api", APIS)
def test_a_job_is_looked_up_at_the_unified_api_whatever_its_id_says(task_id: str, api: Api) -> None:
    assert places(task_id, "job", api) == [(JOB_INFO, "t-1", "jobs:t-1")]


@pytest.mark.parametrize("task_id", ["", "two words", "\ud800", 5, None, "None"])
def test_what_cannot_be_a_task_id_is_not_looked_up(task_id: Any) -> None:
    with pytest.raises(InvalidRequestError, match="task_id must be the id of a KIE task"):
        lookups(task_id, "runway")


def test_a_kind_that_there_is_not_is_not_looked_up() -> None:
    with pytest.raises(InvalidRequestError, match=r"kind must be 'runway', .* or 'suno-cover'; got 'luma'"):
        lookups("t-1", "luma")  # type: ignore[arg-type]


def test_the_balance_is_asked_for_at_the_free_endpoint() -> None:
    assert (CREDIT_CALL.method, CREDIT_CALL.path) == ("GET", "/api/v1/chat/credit")
