from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.sandbox import Fail, Sandbox, state

from .support import TEXT_TO_VIDEO, Api


def test_a_video_is_submitted_waited_for_and_ready(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=10)
    task_id = api.made()
    states = []
    for _ in range(4):
        record = api.record(task_id)
        states.append((record["state"], record["videoInfo"] is None))
        runway_sandbox.advance(2.4 if len(states) > 1 else 1.5)
    runway_sandbox.advance(10)

    record = api.record(task_id)

    assert states == [("wait", True), ("queueing", True), ("generating", True), ("generating", True)]
    assert record["state"] == "success"
    assert set(record["videoInfo"]) == {"videoId", "taskId", "videoUrl", "imageUrl"}
    assert record["parentTaskId"] == ""
    assert record["generateParam"]["prompt"] == TEXT_TO_VIDEO["prompt"]
    assert record["expireFlag"] == 0


def test_a_record_has_a_time_without_zone_and_now_and_then_a_failure_code_that_means_nothing(api: Api) -> None:
    records = [api.record(api.made()) for _ in range(18)]

    assert all(len(record["generateTime"]) == len("2026-01-01 00:00:00") for record in records)
    assert all(record["state"] == "success" for record in records)
    assert {record["failCode"] for record in records} <= {400, None}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": "x" * 1801}, "prompt"),
        ({"duration": None}, "duration"),
        ({"duration": 8}, "duration"),
        ({"duration": True}, "duration"),
        ({"quality": None}, "quality"),
        ({"quality": "4k"}, "quality"),
        ({"aspectRatio": None}, "aspectRatio"),
        ({"aspectRatio": "2:1"}, "aspectRatio"),
        ({"duration": 10, "quality": "1080p"}, "1080p"),
        ({"imageUrl": "ftp://example.com/a.png"}, "imageUrl"),
        ({"imageUrl": "http://[::1"}, "imageUrl"),
        ({"waterMark": 1}, "waterMark"),
        ({"callBackUrl": "nowhere"}, "callBackUrl"),
    ],
)
def test_a_bad_field_is_refused_by_name_and_nothing_is_charged(
    api: Api, runway_sandbox: Sandbox, changes: dict[str, Any], named: str
) -> None:
    answer = api.generate(**changes)

    assert answer["code"] == 422
    assert named in answer["msg"]
    assert answer["data"] is None
    assert not runway_sandbox.ledger.charges


@pytest.mark.parametrize(
    "changes",
    [
        {"duration": "5"},
        {"duration": 10},
        {"duration": "10"},
        {"quality": "1080p"},
        {"prompt": "x" * 1800},
        {"aspectRatio": None, "imageUrl": "https://example.com/a.png"},
        {"imageUrl": "https://example.com/a.png"},
        {"callBackUrl": ""},
        {"waterMark": "ACME"},
        {"model": "runway-duration-5-generate"},
    ],
)
def test_what_the_service_takes_is_taken(api: Api, changes: dict[str, Any]) -> None:
    assert api.generate(**changes)["code"] == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff", b"null", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(api: Api, body: bytes) -> None:
    reply = api.http.post("/api/v1/runway/generate", content=body)

    assert (reply.status_code, reply.json()["code"]) == (200, 422)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ["prompt", "duration", "quality", "aspectRatio", "imageUrl", "taskId", "callBackUrl", "waterMark", "seed"]
_BODIES = st.dictionaries(st.sampled_from([*_FIELDS, "videoUrl", "model", "input", "url"]), _JSON, max_size=6)


@given(
    path=st.sampled_from(
        ["runway/generate", "runway/extend", "aleph/generate", "jobs/createTask", "common/download-url"]
    ),
    body=_BODIES,
)
def test_whatever_comes_in_an_envelope_comes_out(api: Api, path: str, body: dict[str, Any]) -> None:
    reply = api.http.post(f"/api/v1/{path}", content=json.dumps(body))

    assert reply.status_code == 200
    assert set(reply.json()) == {"code", "msg", "data"}


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "sandbox-key", "Basic sandbox-key", None])
def test_a_wrong_or_missing_key_is_turned_away(runway_sandbox: Sandbox, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}

    reply = httpx.get(f"{runway_sandbox.url}/api/v1/chat/credit", headers=headers, trust_env=False, verify=False)

    assert reply.status_code == 200
    assert reply.json() == {"code": 401, "msg": "You do not have access permissions", "data": None}


@pytest.mark.parametrize("agent", ["", "Python-urllib/3.11"])
def test_the_edge_turns_odd_user_agents_away(api: Api, agent: str) -> None:
    reply = api.http.get("/api/v1/chat/credit", headers={"User-Agent": agent})

    assert (reply.status_code, reply.text) == (403, "error code: 1010")


def test_errors_come_with_their_http_status_if_wanted(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(http_errors=True)

    reply = api.http.post("/api/v1/runway/generate", json={})

    assert (reply.status_code, reply.json()["code"]) == (422, 422)


def test_paths_and_methods_that_do_not_exist_are_said_not_to(api: Api) -> None:
    assert api.get("/api/v1/runway/record-info")["code"] == 404
    assert api.get("/api/v1/api/v1/chat/credit")["code"] == 404
    assert api.get("/api/v1/runway/generate")["code"] == 405


@pytest.mark.parametrize(
    ("changes", "price"),
    [({}, 12), ({"duration": 10}, 30), ({"quality": "1080p"}, 30)],
)
def test_credits_fall_at_submission_by_the_price(
    api: Api, runway_sandbox: Sandbox, changes: dict[str, Any], price: int
) -> None:
    runway_sandbox.configure(seconds=60)

    api.made(**changes)

    assert api.get("/api/v1/chat/credit") == {"code": 200, "msg": "success", "data": 5000 - price}


def test_credits_come_back_when_a_task_fails_and_not_before(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=10)
    runway_sandbox.fault(Fail("The AI moderator caught your prompt", 400), prompt="lighthouse", times=1)
    task_id = api.made()
    before = api.get("/api/v1/chat/credit")["data"]
    runway_sandbox.advance(11)

    after = api.get("/api/v1/chat/credit")["data"]
    record = api.record(task_id)

    assert (before, after) == (4988, 5000)
    assert (record["state"], record["failCode"]) == ("fail", 400)
    assert record["failMsg"] == "The AI moderator caught your prompt"
    assert record["videoInfo"] is None


def test_an_empty_account_gets_402_and_no_task(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(credits=20)
    api.made()

    answer = api.generate()

    assert answer["code"] == 402
    assert answer["msg"].startswith("Credits insufficient")
    assert len(runway_sandbox.tasks) == 1


def test_the_twenty_first_submission_within_ten_seconds_is_refused_not_queued(
    api: Api, runway_sandbox: Sandbox
) -> None:
    codes = [api.generate()["code"] for _ in range(22)]
    refused_do_not_count = api.generate(prompt="")["code"]
    runway_sandbox.advance(10)

    assert codes == [200] * 20 + [429] * 2
    assert refused_do_not_count == 429
    assert api.generate()["code"] == 200
    assert len(runway_sandbox.tasks) == 21


def test_one_task_is_polled_ten_times_a_second_and_no_more(
    api: Api, runway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = api.made(), api.made()
    now = time.time()
    monkeypatch.setattr(state, "time", SimpleNamespace(time=lambda: now))

    codes = [api.get("/api/v1/runway/record-detail", taskId=one)["code"] for _ in range(11)]

    assert codes == [200] * 10 + [429]
    assert api.record(other)["state"] == "success"
    runway_sandbox.advance(1)
    assert api.record(one)["state"] == "success"


@pytest.mark.parametrize("path", ["/api/v1/runway/record-detail", "/api/v1/aleph/record-info"])
def test_an_unknown_id_has_no_record_as_recorded(api: Api, path: str) -> None:
    assert api.get(path, taskId="nobody") == {"code": 200, "msg": "success", "data": None}
    assert api.get("/api/v1/jobs/recordInfo", taskId="nobody") == {
        "code": 422,
        "msg": "recordInfo is null",
        "data": None,
    }
    assert api.get("/api/v1/runway/record-detail")["code"] == 422


def test_a_new_record_may_take_a_moment_to_be_found(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(visible_after=3)
    task_id = api.made()

    assert api.record(task_id) is None
    runway_sandbox.advance(3)
    assert api.record(task_id)["state"] == "success"


def test_an_extension_names_its_source_and_holds_it(api: Api, runway_sandbox: Sandbox) -> None:
    source = api.made(aspectRatio="9:16")
    body = {"taskId": source, "prompt": "The storm calms", "quality": "1080p"}

    longer = api.post("/api/v1/runway/extend", body)["data"]["taskId"]
    longest = api.post("/api/v1/runway/extend", {**body, "taskId": longer})["data"]["taskId"]

    assert api.record(longest)["parentTaskId"] == longer
    task = runway_sandbox.task(longest)
    assert (task.seconds, task.width, task.height) == (15, 1080, 1920)
    assert [each.amount for each in runway_sandbox.ledger.charges] == [12, 12, 12]


@pytest.mark.parametrize("source", ["unknown", "running", "failed", "expired"])
def test_an_extension_without_a_usable_source_fails_later_and_is_refunded(
    api: Api, runway_sandbox: Sandbox, source: str
) -> None:
    task_id = "nobody"
    if source == "running":
        runway_sandbox.configure(seconds_by_prompt={"lighthouse": 100})
    if source == "failed":
        runway_sandbox.fault(Fail(), times=1)
    if source != "unknown":
        task_id = api.made()
    if source == "expired":
        runway_sandbox.advance(15 * 86_400)

    body = {"taskId": task_id, "prompt": "On", "quality": "720p"}
    record = api.record(api.post("/api/v1/runway/extend", body)["data"]["taskId"])

    assert (record["state"], record["failMsg"]) == ("fail", "Get image info failed.")
    assert "On" not in {each.prompt for each in runway_sandbox.ledger.paid}


@pytest.mark.parametrize("missing", ["taskId", "prompt", "quality"])
def test_an_extension_lacking_a_field_is_refused_by_name(api: Api, missing: str) -> None:
    body = {"taskId": "x", "prompt": "On", "quality": "720p"}
    del body[missing]

    answer = api.post("/api/v1/runway/extend", body)

    assert answer["code"] == 422
    assert missing in answer["msg"]


def test_an_image_that_cannot_be_fetched_is_refused_with_451(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(unreachable=["broken.example"])

    inside = api.generate(imageUrl=f"{runway_sandbox.url}/uploads/nothing.png")
    outside = api.generate(imageUrl="https://broken.example/a.png")

    assert (inside["code"], outside["code"]) == (451, 451)
    assert not runway_sandbox.ledger.charges


def test_the_times_of_videos_spread_around_their_median_and_repeat(api: Api, runway_sandbox: Sandbox) -> None:
    def times() -> list[float]:
        changes = {"seconds": 100, "distribution": "lognormal", "seed": 4, "submissions_per_window": 1000}
        runway_sandbox.configure(**changes)
        for _ in range(40):
            api.made()
        found = [round(task.finish_at - task.created_at, 3) for task in runway_sandbox.tasks]
        runway_sandbox.reset()
        return found

    first, second = times(), times()

    assert first == second
    assert len(set(first)) > 30
    assert 70 < sorted(first)[20] < 140
