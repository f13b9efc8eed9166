from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.callback_bodies import LARGEST_BODY, Callback, read_callback

VIDEO = {"video_id": "v", "video_url": "https://media.example/v.mp4", "image_url": "https://media.example/v.jpg"}
NOTHING = dict.fromkeys(VIDEO, "")
SHAPES: dict[str, tuple[dict[str, Any], int]] = {
    "generate": ({"code": 200, "msg": "All generated successfully.", "data": {"task_id": "kie-1", **VIDEO}}, 200),
    "generate, failed": ({"code": 400, "msg": "Not this.", "data": {"task_id": "kie-1", **NOTHING}}, 400),
    "extend, failed": ({"code": 400, "msg": "Get image info failed.", "data": {"task_id": "kie-1"}}, 400),
    "aleph": ({"code": 200, "msg": "success", "data": {"result_video_url": "https://m/v"}, "taskId": "kie-1"}, 200),
    "aleph, failed": ({"code": 400, "msg": "No.", "data": None, "taskId": "kie-1"}, 400),
    "aleph, other page": ({"code": 200, "msg": "success", "data": {"task_id": "kie-1", **VIDEO}}, 200),
    "jobs": ({"code": 200, "msg": "", "data": {"taskId": "kie-1", "state": "success", "resultJson": "{}"}}, 200),
    "jobs, failed": ({"code": 501, "msg": "", "data": {"taskId": "kie-1", "state": "fail", "failCode": "500"}}, 501),
    "veo, failed": ({"code": 422, "msg": "", "data": {"taskId": "kie-1", "fallbackFlag": False}}, 422),
    "text as code": ({"code": "200", "data": {"task_id": "kie-1"}}, 200),
    "flat": ({"code": 200, "task_id": "kie-1"}, 200),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_task_is_found_in_every_shape(shape: str) -> None:
    body, code = SHAPES[shape]

    assert read_callback(json.dumps(body).encode()) == Callback(("kie-1",), code)


def test_ids_that_disagree_are_all_told() -> None:
    body = {"task_id": "kie-3", "taskId": "kie-2", "data": {"taskId": "kie-2", "task_id": "kie-1"}}

    assert read_callback(json.dumps(body).encode()).task_ids == ("kie-1", "kie-2", "kie-3")


@pytest.mark.parametrize("task_id", ["", " ", "a b", "a\nb", "\ud800", 7, None, True, ["a"], {}, "None", "x" * 1001])
def test_what_can_be_no_id_is_none(task_id: object) -> None:
    body = {"code": 200, "data": {"task_id": task_id}, "taskId": task_id}

    assert read_callback(json.dumps(body).encode()).task_ids == ()


@pytest.mark.parametrize("code", [None, "x", True, -1, 1000, 10**30, 1.5, [], {}])
def test_a_code_that_is_none_of_kies_is_none(code: object) -> None:
    assert read_callback(json.dumps({"code": code}).encode()).code is None


@pytest.mark.parametrize("data", [None, [], "kie-1", 7, {"data": {"task_id": "kie-1"}}])
def test_data_may_be_anything(data: object) -> None:
    assert read_callback(json.dumps({"code": 200, "data": data}).encode()) == Callback((), 200)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"nothing", b"[]", b"null", b"7", b'"kie-1"', b"\xff\xfe\xfd", b"[" * 100_000, b'{"a":' * 100_000,
        b'{"code": ' + b"9" * 200_000 + b"}", b" " * LARGEST_BODY + b"{}", b"{} {}",
    ],
)  # fmt: skip
def test_what_is_no_callback_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it (is|has) "):
        read_callback(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["data", "code", "taskId", "task_id"]), inner),
)


@given(JSON)
def test_no_json_is_too_odd(value: object) -> None:
    try:
        callback = read_callback(json.dumps(value).encode())
    except ValueError:
        assert not isinstance(value, dict)
    else:
        assert len(callback.task_ids) <= 4


@given(st.binary())
def test_no_bytes_are_too_odd(content: bytes) -> None:
    with suppress(ValueError):
        assert len(read_callback(content).task_ids) <= 4


@pytest.mark.parametrize(
    ("stage", "is_over"),
    [
        ("text", False),
        ("first", False),
        (" First ", False),
        ("complete", True),
        ("error", True),
        (None, True),
        (7, True),
    ],
)
def test_of_the_calls_for_a_song_only_the_last_says_that_it_is_over(stage: object, is_over: bool) -> None:
    body = {"code": 200, "data": {"callbackType": stage, "task_id": "t-1", "data": []}}
    callback = read_callback(json.dumps(body).encode())
    assert (callback.task_ids, callback.is_over) == (("t-1",), is_over)
