from __future__ import annotations

import json
import re
from typing import Any

import pytest

from airflow_provider_runway.sandbox import Fail, Sandbox, States

from .support import Api

ALEPH = {"prompt": "Make it snow", "videoUrl": "https://example.com/a.mp4"}
RUNWAY_INPUT = {"prompt": "A fox", "duration": 5, "quality": "720p", "aspect_ratio": "9:16"}


def _job(api: Api, model: str, **given: Any) -> Any:
    return api.post("/api/v1/jobs/createTask", {"model": model, "input": given})


def _job_record(api: Api, task_id: str) -> Any:
    return api.get("/api/v1/jobs/recordInfo", taskId=task_id)["data"]


def test_aleph_changes_a_video(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)
    task_id = api.post("/api/v1/aleph/generate", {**ALEPH, "aspectRatio": "21:9"})["data"]["taskId"]
    running = api.get("/api/v1/aleph/record-info", taskId=task_id)["data"]
    runway_sandbox.advance(60)
    ready = api.get("/api/v1/aleph/record-info", taskId=task_id)["data"]

    pending = {"successFlag": 0, "response": None, "completeTime": None, "errorCode": None, "errorMessage": None}
    assert {name: running[name] for name in pending} == pending
    assert (ready["successFlag"], ready["errorCode"], ready["errorMessage"]) == (1, None, None)
    assert ready["completeTime"] - ready["createTime"] == 60_000
    assert json.loads(ready["paramJson"])["prompt"] == "Make it snow"
    assert api.media(ready["response"]["resultVideoUrl"]).status_code == 200
    assert api.media(ready["response"]["resultImageUrl"]).status_code == 200
    assert runway_sandbox.ledger.charged == 110


@pytest.mark.parametrize(("fault", "code"), [(Fail("NSFW"), 500), (Fail("NSFW", 400), 400), (Fail("NSFW", 531), 531)])
def test_a_failed_aleph_has_flag_3_and_an_error(api: Api, runway_sandbox: Sandbox, fault: Fail, code: int) -> None:
    runway_sandbox.fault(fault)
    task_id = api.post("/api/v1/aleph/generate", ALEPH)["data"]["taskId"]

    record = api.get("/api/v1/aleph/record-info", taskId=task_id)["data"]

    failed = {"successFlag": 3, "errorCode": code, "errorMessage": "NSFW", "response": None}
    assert {name: record[name] for name in failed} == failed
    assert isinstance(record["completeTime"], int)


def test_aleph_takes_a_video_that_cannot_be_fetched_and_fails_later(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60, unreachable=["example.com"])
    taken = api.post("/api/v1/aleph/generate", ALEPH)
    task_id = taken["data"]["taskId"]
    running = api.get("/api/v1/aleph/record-info", taskId=task_id)["data"]
    runway_sandbox.advance(60)
    failed = api.get("/api/v1/aleph/record-info", taskId=task_id)["data"]

    assert (taken["code"], running["successFlag"]) == (200, 0)
    assert (failed["successFlag"], failed["errorCode"]) == (3, 500)
    assert failed["errorMessage"] == "internal error, please try again later."
    assert runway_sandbox.balance == 5000


def test_task_ids_are_32_hexadecimal_digits(api: Api) -> None:
    made = [api.generate()["data"], api.post("/api/v1/aleph/generate", ALEPH)["data"]]
    made.append(_job(api, "runway", **RUNWAY_INPUT)["data"])

    assert [bool(re.fullmatch("[0-9a-f]{32}", each["taskId"])) for each in made] == [True] * 3
    assert [each.get("recordId") for each in made] == [made[0]["taskId"], None, made[2]["taskId"]]


def test_aleph_may_say_other_flags(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(States((2, 0)))
    task_id = api.post("/api/v1/aleph/generate", ALEPH)["data"]["taskId"]

    flags = [api.get("/api/v1/aleph/record-info", taskId=task_id)["data"]["successFlag"] for _ in range(3)]

    assert flags == [2, 0, 1]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"prompt": ""}, "prompt"),
        ({"videoUrl": None}, "videoUrl"),
        ({"videoUrl": "a.mp4"}, "videoUrl"),
        ({"aspectRatio": "2:1"}, "aspectRatio"),
        ({"seed": "x"}, "seed"),
        ({"seed": True}, "seed"),
        ({"uploadCn": 1}, "uploadCn"),
        ({"referenceImage": "x"}, "referenceImage"),
    ],
)
def test_a_bad_aleph_field_is_refused_by_name(api: Api, changes: dict[str, Any], named: str) -> None:
    answer = api.post("/api/v1/aleph/generate", {**ALEPH, **changes})

    assert answer["code"] == 422
    assert named in answer["msg"]


def test_a_runway_job_goes_its_way(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)
    created = _job(api, "runway", **RUNWAY_INPUT)["data"]
    states = [_job_record(api, created["taskId"])["state"]]
    for seconds in (8, 12):
        runway_sandbox.advance(seconds)
        states.append(_job_record(api, created["taskId"])["state"])
    assert _job_record(api, created["taskId"])["resultJson"] == ""
    runway_sandbox.advance(60)

    record = _job_record(api, created["taskId"])

    assert states == ["waiting", "queuing", "generating"]
    assert set(created) == {"taskId", "recordId"}
    assert (record["state"], record["successFlag"], record["creditsConsumed"]) == ("success", 1, 12)
    assert json.loads(record["resultJson"]) == record["response"]
    assert json.loads(json.loads(record["param"])["input"]) == RUNWAY_INPUT
    assert (record["costTime"], record["completeTime"] - record["createTime"]) == (60, 60_000)
    assert api.media(record["response"]["resultUrls"][0]).status_code == 200
    assert runway_sandbox.tasks[0].width == 720


def test_a_failed_job_says_why(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Fail("Generation failed", 501))

    record = _job_record(api, _job(api, "runway", **RUNWAY_INPUT)["data"]["taskId"])

    assert (record["state"], record["successFlag"], record["failCode"]) == ("fail", 3, "501")
    assert "creditsConsumed" not in record


def test_jobs_extend_jobs_and_not_tasks_of_the_dedicated_api(api: Api) -> None:
    def extended(source: str) -> str:
        given = {"task_id": source, "prompt": "On", "quality": "720p"}
        task_id = _job(api, "runway/extend-ai-video", **given)["data"]["taskId"]
        state: str = _job_record(api, task_id)["state"]
        return state

    job = _job(api, "runway", **RUNWAY_INPUT)["data"]["taskId"]
    dedicated = api.made()

    assert (extended(job), extended(dedicated)) == ("success", "fail")
    assert api.record(job) is None
    assert _job_record(api, dedicated) is None


def test_an_aleph_job_costs_what_aleph_costs(api: Api, runway_sandbox: Sandbox) -> None:
    given = {"prompt": "Snow", "video_url": "https://example.com/a.mp4", "upload_cn": False, "seed": 3}

    assert _job(api, "runway/gen4-aleph", **given)["code"] == 200
    assert runway_sandbox.ledger.charged == 110


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input": {}}, "model"),
        ({"model": "runway"}, "input"),
        ({"model": "runway", "input": "text"}, "input"),
        ({"model": "runway", "input": {**RUNWAY_INPUT, "aspect_ratio": ""}}, "aspect_ratio"),
        ({"model": "runway", "input": {**RUNWAY_INPUT, "quality": None}}, "quality"),
        ({"model": "runway/extend-ai-video", "input": {"prompt": "x", "quality": "720p"}}, "task_id"),
        ({"model": "runway/gen4-aleph", "input": {"prompt": "x"}}, "video_url"),
        ({"model": "kling", "input": {}, "callBackUrl": 4}, "callBackUrl"),
    ],
)
def test_a_bad_job_is_refused_by_name(api: Api, body: dict[str, Any], named: str) -> None:
    answer = api.post("/api/v1/jobs/createTask", body)

    assert answer["code"] == 422
    assert named in answer["msg"]


@pytest.mark.parametrize(
    ("model", "given", "count", "kind"),
    [
        ("kling/v3", {"prompt": "x", "duration": "10"}, 1, "video/mp4"),
        ("kling-2.6/image-to-video", {"prompt": "x", "image_urls": ["https://example.com/a.png"]}, 1, "video/mp4"),
        ("google/nano-banana", {"prompt": "x", "num_images": 3}, 3, "image/png"),
        ("bytedance/seedream-v4-text-to-image", {"prompt": "x", "max_images": 2}, 2, "image/png"),
        ("flux-image", {"n": 99, "aspect_ratio": ["odd"]}, 4, "image/png"),
    ],
)
def test_any_other_model_is_played_too(api: Api, model: str, given: dict[str, Any], count: int, kind: str) -> None:
    record = _job_record(api, _job(api, model, **given)["data"]["taskId"])

    urls = record["response"]["resultUrls"]

    assert len(set(urls)) == count
    assert {api.media(url).headers["content-type"] for url in urls} == {kind}
