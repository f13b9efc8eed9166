from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from airflow_provider_runway.kie.kinds import KINDS, Kind
from airflow_provider_runway.kie.numbers import whole_number
from airflow_provider_runway.kie.tasks import (
    Reader,
    TaskState,
    VideoTask,
    read_aleph_record,
    read_job_record,
    read_runway_record,
)
from airflow_provider_runway.kie.texts import readable

from .support import JSON, RECORDS, record

# The example of KIE's own documentation: success together with a failure code and text.
DOCUMENTED = {
    "taskId": "ee603959-debb-48d1-98c4-a6d1c717eba6",
    "parentTaskId": "",
    "generateParam": {"prompt": "A fox", "imageUrl": "https://file.com/m/x.png", "expandPrompt": True},
    "state": "success",
    "generateTime": "2023-08-15 14:30:45",
    "videoInfo": {
        "videoId": "485da89c-7fca-4340-8c04-101025b2ae71",
        "taskId": "ee603959-debb-48d1-98c4-a6d1c717eba6",
        "videoUrl": "https://file.com/k/x.mp4",
        "imageUrl": "https://file.com/m/x.png",
    },
    "failCode": 400,
    "failMsg": "Generation failed, please try again later.",
    "expireFlag": 0,
}


def read(data: Any) -> VideoTask:
    task = read_runway_record(data, "t-1")
    assert task is not None
    return task


def read_aleph(**data: Any) -> VideoTask:
    task = read_aleph_record(data, "t-1")
    assert task is not None
    return task


def test_the_documented_record_is_a_success_in_spite_of_its_failure_code() -> None:
    assert read(DOCUMENTED) == VideoTask(
        task_id="t-1",
        kind="runway",
        state=TaskState.SUCCESS,
        raw_state="success",
        video_url="https://file.com/k/x.mp4",
        image_url="https://file.com/m/x.png",
        video_id="485da89c-7fca-4340-8c04-101025b2ae71",
        fail_code=400,
        fail_message="Generation failed, please try again later.",
        asked={"prompt": "A fox", "imageUrl": "https://file.com/m/x.png", "expandPrompt": True},
    )


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("wait", TaskState.QUEUED),
        ("queueing", TaskState.QUEUED),
        ("generating", TaskState.GENERATING),
        ("success", TaskState.SUCCESS),
        ("fail", TaskState.FAILED),
        ("waiting", TaskState.QUEUED),
        ("queuing", TaskState.QUEUED),
    ],
)
def test_every_documented_state_is_known_whatever_its_casing(word: str, state: TaskState) -> None:
    for spelling in (word, word.upper(), word.title(), f" {word}\n"):
        task = read(record(spelling))
        assert task.state is state
        assert task.raw_state == spelling.strip()


@pytest.mark.parametrize("state", ["paused", "", "succes", "failed?", None, 1, True, ["success"], {"is": "success"}])
def test_any_other_state_is_unknown(state: Any) -> None:
    assert read(record(state)).state is TaskState.UNKNOWN


def test_a_record_without_a_state_is_unknown() -> None:
    assert read({"taskId": "t-1"}).state is TaskState.UNKNOWN


@pytest.mark.parametrize("data", [None, {}, [], "", "text", 0, 7, True, [record("success")]])
def test_what_is_no_record_is_none(data: Any) -> None:
    assert read_runway_record(data, "t-1") is None
    assert read_aleph_record(data, "t-1") is None
    assert read_job_record(data, "t-1", "runway") is None


def test_an_extension_names_its_parent() -> None:
    assert read(record("wait", parentTaskId="parent")).parent_task_id == "parent"
    assert read(record("wait", parentTaskId="")).parent_task_id is None


@pytest.mark.parametrize("info", [None, {}, [], "", "https://file.com/v.mp4", {"videoUrl": None}, {"videoUrl": ""}])
def test_a_video_that_is_not_there_yet_has_no_link(info: Any) -> None:
    task = read(record("success", videoInfo=info))
    assert (task.video_url, task.image_url, task.video_id) == (None, None, None)


@pytest.mark.parametrize("link", ["file.com/v.mp4", "ftp://file.com/v.mp4", "javascript:x", "http", 5, "https://a\nb"])
def test_what_is_no_link_is_none(link: Any) -> None:
    assert read(record("success", videoInfo={"videoUrl": link})).video_url is None


def test_white_space_around_a_link_is_taken_off() -> None:
    assert read(record("success", videoInfo={"videoUrl": " HTTPS://f.com/v \n"})).video_url == "HTTPS://f.com/v"


@pytest.mark.parametrize(
    ("flag", "expired"),
    [(0, False), (1, True), ("1", True), ("0", False), (1.0, True), (None, False), ("", False), (True, False)],
)
def test_the_expiry_flag_is_a_number_in_whatever_form(flag: Any, expired: bool) -> None:
    assert read(record("success", expireFlag=flag)).expired is expired


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (400, 400),
        ("400", 400),
        (" 400 ", 400),
        (400.0, 400),
        (-1, -1),
        (400.5, None),
        ("400.0", None),
        ("٤٠٠", None),
        ("", None),
        ("E400", None),
        (None, None),
        (True, None),
        (False, None),
        ([400], None),
        (float("nan"), None),
        (float("inf"), None),
        ("9" * 5000, None),
    ],
)
def test_a_code_is_a_whole_number_in_whatever_form(value: Any, number: int | None) -> None:
    assert whole_number(value) == number
    assert read(record("fail", failCode=value)).fail_code == number


def test_texts_keep_what_can_be_stored_and_lose_what_cannot() -> None:
    assert readable("fox 🦊 \ud83e \0 end\n") == "fox 🦊 ? ? end\n"
    assert read(record("fail", failMsg="a\ud800b\0")).fail_message == "a\ufffdb\ufffd"
    assert read(record("fail", failMsg="one\ntwo \x1b[31m" + "x" * 3_000_000)).fail_message == (
        "one two \ufffd[31m" + "x" * 987 + "…"
    )


def test_no_text_of_a_record_is_longer_than_a_line_or_unprintable() -> None:
    long = "\x1b[31m\n" + "x" * 3_000_000
    links = {"videoUrl": f"https://files.example/{long}", "imageUrl": "https://files.example/" + "x" * 9000}
    task = read(record(long, failMsg=long, parentTaskId=long, videoInfo={**links, "videoId": long}))
    assert (task.video_url, task.image_url) == (None, None)
    for text in (task.raw_state, task.fail_message, task.parent_task_id, task.video_id):
        assert text is not None
        assert len(text) <= 1001
        assert text.isprintable()


@pytest.mark.parametrize("message", [None, "", 400, {"text": "x"}])
def test_what_is_no_failure_text_is_none(message: Any) -> None:
    assert read(record("fail", failMsg=message)).fail_message is None


def test_the_record_is_filed_under_the_id_that_was_asked_for() -> None:
    assert read(record("wait", taskId=None)).task_id == "t-1"


def test_a_task_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        read(DOCUMENTED).state = TaskState.FAILED  # type: ignore[misc]


def test_states_read_as_words() -> None:
    assert [str(state) for state in TaskState] == ["queued", "generating", "success", "failed", "unknown"]


ALEPH_MEDIA = {"resultVideoUrl": "https://f.com/v.mp4", "resultImageUrl": "https://f.com/v.png"}


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"successFlag": 1, "response": ALEPH_MEDIA}, TaskState.SUCCESS),
        ({"successFlag": "1", "errorCode": 0, "errorMessage": ""}, TaskState.SUCCESS),
        ({"successFlag": 1, "errorCode": 400, "errorMessage": "x"}, TaskState.SUCCESS),
        ({"successFlag": 0, "errorCode": 0, "errorMessage": "", "completeTime": None}, TaskState.GENERATING),
        ({"successFlag": 0, "errorCode": "0", "completeTime": ""}, TaskState.GENERATING),
        ({"successFlag": 0, "errorCode": None}, TaskState.GENERATING),
        ({"successFlag": 0, "errorCode": 400}, TaskState.FAILED),
        ({"successFlag": 0, "errorCode": "E-17"}, TaskState.FAILED),
        ({"successFlag": 0, "errorMessage": "NSFW"}, TaskState.FAILED),
        ({"successFlag": 0, "completeTime": "2026-11-22T10:00:00Z"}, TaskState.FAILED),
        ({"successFlag": 2}, TaskState.FAILED),
        ({"successFlag": 3}, TaskState.FAILED),
        ({"successFlag": None}, TaskState.UNKNOWN),
        ({"successFlag": 4}, TaskState.UNKNOWN),
        ({"taskId": "t-1"}, TaskState.UNKNOWN),
    ],
)
def test_an_aleph_record_is_told_by_flag_error_and_time(data: dict[str, Any], state: TaskState) -> None:
    task = read_aleph(**data)
    assert task.state is state
    assert task.kind == "aleph"


def test_an_aleph_record_has_its_links_in_the_response() -> None:
    task = read_aleph(successFlag=1, response=ALEPH_MEDIA)
    assert (task.video_url, task.image_url) == ("https://f.com/v.mp4", "https://f.com/v.png")
    assert task.raw_state == "successFlag 1"


def read_job(kind: Kind = "runway", **data: Any) -> VideoTask:
    task = read_job_record(data, "jobs:t-1", kind)
    assert task is not None
    return task


URLS = ["https://f.com/v.mp4", "https://f.com/w.mp4"]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("waiting", TaskState.QUEUED),
        ("queuing", TaskState.QUEUED),
        ("generating", TaskState.GENERATING),
        ("success", TaskState.SUCCESS),
        ("fail", TaskState.FAILED),
        (" SUCCESS ", TaskState.SUCCESS),
        ("paused", TaskState.UNKNOWN),
    ],
)
@pytest.mark.parametrize("flag", [None, 0, 1, 3])
def test_a_job_is_told_by_its_state_whatever_else_stands_there(word: str, state: TaskState, flag: Any) -> None:
    task = read_job(state=word, successFlag=flag, failCode="505", failMsg="x")
    assert (task.state, task.raw_state, task.fail_code, task.fail_message) == (state, word.strip(), 505, "x")


@pytest.mark.parametrize(
    ("flag", "state"),
    [
        (0, TaskState.UNKNOWN),
        (1, TaskState.SUCCESS),
        ("1", TaskState.SUCCESS),
        (2, TaskState.FAILED),
        (3, TaskState.FAILED),
        (3.0, TaskState.FAILED),
        (None, TaskState.UNKNOWN),
        ("x", TaskState.UNKNOWN),
    ],
)
@pytest.mark.parametrize("word", [None, "", " ", 7])
def test_a_job_without_a_state_is_told_by_its_flag(word: Any, flag: Any, state: TaskState) -> None:
    task = read_job(state=word, successFlag=flag)
    assert (task.state, task.raw_state) == (state, f"successFlag {flag!r}")


@pytest.mark.parametrize(
    "result",
    [
        {"resultJson": json.dumps({"resultUrls": URLS})},
        {"resultJson": {"resultUrls": URLS}},
        {"response": {"resultUrls": URLS}, "resultJson": ""},
        {"response": json.dumps({"resultUrls": URLS}), "resultJson": "{"},
        {"response": {"resultUrls": URLS}, "resultJson": json.dumps({"resultUrls": ["https://f.com/other.mp4"]})},
        {"response": {"resultUrls": None}, "resultJson": json.dumps({"resultUrls": URLS})},
        {"response": {"resultUrls": []}, "resultJson": json.dumps({"resultUrls": URLS})},
        {"response": {"resultUrls": [None, 7, "no link", *URLS]}},
    ],
)
def test_the_link_of_a_job_is_the_first_of_its_results_in_whatever_form(result: dict[str, Any]) -> None:
    assert read_job(state="success", **result).video_url == URLS[0]


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"resultJson": "", "response": None},
        {"resultJson": "{"},
        {"resultJson": "[1]"},
        {"resultJson": "9" * 5000},
        {"resultJson": "[" * 100_000},
        {"resultJson": json.dumps({"resultUrls": []})},
        {"resultJson": json.dumps({"resultUrls": "nothing"})},
        {"resultJson": json.dumps({"resultObject": {"text": "x"}})},
        {"response": [["no link"]]},
    ],
)
def test_a_job_whose_results_are_not_there_or_unreadable_has_no_link(result: dict[str, Any]) -> None:
    task = read_job(state="success", **result)
    assert (task.state, task.video_url) == (TaskState.SUCCESS, None)


def test_all_results_of_a_job_are_told() -> None:
    urls = [*URLS, "no link", None]
    assert read_job("job", state="success", response={"resultUrls": urls}).result_urls == tuple(URLS)


def test_a_single_result_may_stand_there_without_a_list() -> None:
    assert read_job(state="success", response={"resultUrls": URLS[0]}).video_url == URLS[0]


def test_a_first_frame_is_the_thumbnail() -> None:
    result = {"resultUrls": URLS, "firstFrameUrl": "https://f.com/first.png"}
    assert read_job(state="success", response=result).image_url == "https://f.com/first.png"


@pytest.mark.parametrize("asked", [{"task_id": "t-0"}, json.dumps({"task_id": "t-0"})])
@pytest.mark.parametrize("as_text", [True, False])
def test_an_extension_of_the_unified_api_names_its_parent_as_of_that_api(asked: Any, as_text: bool) -> None:
    param: Any = {"model": "runway/extend-ai-video", "input": asked}
    param = json.dumps(param) if as_text else param
    assert read_job(state="waiting", model="runway/extend-ai-video", param=param).parent_task_id == "jobs:t-0"
    assert read_job(state="waiting", model="another/model", param=param).parent_task_id is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_is_filed_under_the_kind_and_the_id_asked_for(kind: Kind) -> None:
    task = read_job(kind, state="waiting", taskId="other")
    assert (task.kind, task.task_id) == (kind, "jobs:t-1")


@given(RECORDS | JSON)
def test_any_record_reads_as_a_task_that_can_be_stored_or_as_none(data: Any) -> None:
    jobs: list[Reader] = [partial(read_job_record, kind=kind) for kind in KINDS]
    for read in (read_runway_record, read_aleph_record, *jobs):
        task = read(data, "t-1")
        if task is not None:
            assert json.dumps(asdict(task), ensure_ascii=False, allow_nan=False).encode()
            assert "\0" not in str(asdict(task))
            assert isinstance(task.state, TaskState)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"successFlag": 0, "errorCode": None, "errorMessage": None, "completeTime": None}, TaskState.GENERATING),
        ({"successFlag": 0, "errorCode": 200, "errorMessage": "", "completeTime": None}, TaskState.GENERATING),
        (
            {"successFlag": 3, "errorCode": 500, "errorMessage": "internal error, please try again later."},
            TaskState.FAILED,
        ),
        ({"successFlag": 1, "errorCode": 200, "completeTime": 1_790_000_000_000}, TaskState.SUCCESS),
    ],
)
def test_an_aleph_record_is_read_as_it_was_recorded(fields: dict[str, object], state: TaskState) -> None:
    recorded = {"taskId": "t-1", "response": None, "createTime": 1_789_999_000_000, **fields}
    task = read_aleph_record(recorded, "t-1")
    assert task is not None
    assert task.state is state


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1_790_000_000_123, datetime(2026, 9, 21, 14, 13, 20, 123_000, timezone.utc)),
        ("1790000000123", datetime(2026, 9, 21, 14, 13, 20, 123_000, timezone.utc)),
        (None, None),
        (0, None),
        ("", None),
        (-1, None),
        (True, None),
        (1_790_000_000, None),
        (10**30, None),
        (float("nan"), None),
        (float("inf"), None),
        ("2026-09-21T13:33:20Z", None),
        ({}, None),
    ],
)
def test_a_record_tells_when_the_task_ended_or_nothing(value: object, moment: datetime | None) -> None:
    job = read_job_record({"state": "success", "completeTime": value}, "t-1", "job")
    aleph = read_aleph_record({"successFlag": 1, "completeTime": value}, "t-1")

    assert job is not None
    assert aleph is not None
    assert job.completed_at == aleph.completed_at == moment


@pytest.mark.parametrize(
    ("value", "credits_"),
    [
        (12, 12.0),
        (0.4, 0.4),
        ("12.5", 12.5),
        (0, 0.0),
        (None, None),
        ("", None),
        (True, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ("many", None),
        ([12], None),
    ],
)
def test_a_record_of_the_unified_api_tells_what_the_task_has_cost_or_nothing(
    value: object, credits_: float | None
) -> None:
    job = read_job_record({"state": "success", "creditsConsumed": value}, "t-1", "job")
    assert job is not None
    assert job.credits == credits_
