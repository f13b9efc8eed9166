from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from airflow_provider_runway.sandbox import CallBack, Fail, Sandbox

from .support import Api


class Receiver:
    """A receiver of callbacks."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def _until(true: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


def test_a_finished_video_is_called_back_once(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.configure(seconds=60)
    task_id = api.made(callBackUrl=receiver.url)
    runway_sandbox.advance(60)
    _until(lambda: runway_sandbox.ledger.callbacks)

    [body] = receiver.bodies

    assert (body["code"], body["msg"]) == (200, "All generated successfully.")
    assert body["data"]["task_id"] == task_id
    assert body["data"]["video_url"] == api.video_url(task_id)
    assert set(body["data"]) == {"task_id", "video_id", "video_url", "image_url"}
    assert "x-webhook-signature" not in receiver.headers[0]
    assert [(each.status, each.attempt) for each in runway_sandbox.ledger.callbacks] == [(200, 1)]


def test_failures_are_called_back_in_the_shape_of_their_family(
    api: Api, runway_sandbox: Sandbox, receiver: Receiver
) -> None:
    runway_sandbox.fault(Fail("Not allowed", 400))
    job = {"model": "runway", "callBackUrl": receiver.url}
    given = {"prompt": "x", "duration": 5, "quality": "720p", "aspect_ratio": "1:1"}
    api.made(callBackUrl=receiver.url)
    api.post("/api/v1/jobs/createTask", {**job, "input": given})
    aleph = {"prompt": "x", "videoUrl": "https://example.com/a.mp4", "callBackUrl": receiver.url}
    api.post("/api/v1/aleph/generate", aleph)
    extension = {"taskId": "nobody", "prompt": "x", "quality": "720p", "callBackUrl": receiver.url}
    api.post("/api/v1/runway/extend", extension)
    _until(lambda: len(receiver.bodies) == 4)

    by_code = {body["code"]: body for body in receiver.bodies}
    shapes = [sorted(body["data"] or {}) for body in receiver.bodies if body["code"] == 400]

    assert by_code[501]["data"]["state"] == "fail"
    assert sorted(shapes, key=len) == [[], ["task_id"], ["image_url", "task_id", "video_id", "video_url"]]


def test_successes_of_aleph_and_jobs_have_shapes_of_their_own(
    api: Api, runway_sandbox: Sandbox, receiver: Receiver
) -> None:
    aleph = {"prompt": "x", "videoUrl": "https://example.com/a.mp4", "callBackUrl": receiver.url}
    task_id = api.post("/api/v1/aleph/generate", aleph)["data"]["taskId"]
    api.post("/api/v1/jobs/createTask", {"model": "kling", "callBackUrl": receiver.url, "input": {}})
    _until(lambda: len(receiver.bodies) == 2)

    aleph_body, job_body = sorted(receiver.bodies, key=lambda body: "taskId" not in body)

    assert aleph_body["taskId"] == task_id
    assert set(aleph_body["data"]) == {"result_video_url", "result_image_url"}
    assert json.loads(job_body["data"]["resultJson"])["resultUrls"]
    assert job_body["data"]["creditsConsumed"] == 10


def test_a_callback_is_signed_when_a_key_is_set(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.configure(webhook_key="ключ-é")
    task_id = api.made(callBackUrl=receiver.url)
    _until(lambda: receiver.bodies)

    stamp = receiver.headers[0]["x-webhook-timestamp"]
    expected = hmac.new("ключ-é".encode(), f"{task_id}.{stamp}".encode(), hashlib.sha256).digest()

    assert receiver.headers[0]["x-webhook-signature"] == base64.b64encode(expected).decode()


def test_a_callback_is_tried_three_times_and_can_be_sent_again(
    api: Api, runway_sandbox: Sandbox, receiver: Receiver
) -> None:
    runway_sandbox.configure(callback_retry=0)
    receiver.answers = [500, 500, 500]
    task_id = api.made(callBackUrl=receiver.url)
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 3)

    runway_sandbox.resend_callback(task_id)
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 4)

    statuses = [(each.attempt, each.status) for each in runway_sandbox.ledger.callbacks]
    assert statuses == [(1, 500), (2, 500), (3, 500), (1, 200)]
    with pytest.raises(ValueError, match="nobody"):
        runway_sandbox.resend_callback("nobody")


def test_nobody_outside_is_called(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(callback_retry=0)
    api.made(callBackUrl="https://example.com/hook")
    refused = api.made(callBackUrl="http://127.0.0.1:9/hook")
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 3)

    assert {(each.task_id, each.status) for each in runway_sandbox.ledger.callbacks} == {(refused, 0)}


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "2130706433", "127.0.0.1@example.com"])
def test_nobody_outside_is_called_again_either(api: Api, runway_sandbox: Sandbox, host: str) -> None:
    task_id = api.made(callBackUrl=f"http://{host}/hook")

    with pytest.raises(ValueError, match=r"callback_hosts: .* may not be called back"):
        runway_sandbox.resend_callback(task_id)
    assert runway_sandbox.ledger.callbacks == ()


# --- calls that come otherwise


def test_a_late_call_comes_after_the_end(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.configure(seconds=60)
    runway_sandbox.fault(CallBack("late", seconds=30), times=1)
    late, usual = api.made(callBackUrl=receiver.url), api.made(callBackUrl=receiver.url)
    runway_sandbox.advance(61)
    _until(lambda: receiver.bodies)
    runway_sandbox.advance(30)
    _until(lambda: len(receiver.bodies) == 2)

    assert [body["data"]["task_id"] for body in receiver.bodies] == [usual, late]


def test_a_call_may_come_twice(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.fault(CallBack("twice"))
    task_id = api.made(callBackUrl=receiver.url)
    _until(lambda: len(receiver.bodies) == 2)

    assert [body["data"]["task_id"] for body in receiver.bodies] == [task_id, task_id]


def test_a_call_may_never_come(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.fault(CallBack("never"), times=1)
    api.made(callBackUrl=receiver.url)
    called = api.made(callBackUrl=receiver.url)
    _until(lambda: receiver.bodies)

    assert {each.task_id for each in runway_sandbox.ledger.callbacks} <= {called}
    assert receiver.bodies[0]["data"]["task_id"] == called


def test_a_call_may_come_before_its_video_and_claim_it(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.configure(seconds=3600)
    runway_sandbox.fault(CallBack("early"))
    task_id = api.made(callBackUrl=receiver.url)
    _until(lambda: receiver.bodies)

    assert receiver.bodies[0]["data"]["video_url"]
    assert runway_sandbox.tasks[0].phase != "succeeded"
    assert receiver.bodies[0]["data"]["task_id"] == task_id


def test_a_forged_call_names_another_task_and_comes_besides_the_true_one(
    api: Api, runway_sandbox: Sandbox, receiver: Receiver
) -> None:
    runway_sandbox.configure(seconds=60, webhook_key="key")
    runway_sandbox.fault(CallBack("forged"))
    task_id = api.made(callBackUrl=receiver.url)
    _until(lambda: len(receiver.bodies) == 1)
    runway_sandbox.advance(60)
    _until(lambda: len(receiver.bodies) == 2)

    forged, true = (body["data"]["task_id"] for body in receiver.bodies)
    assert forged != true == task_id
    for named, headers, is_true in zip((forged, true), receiver.headers, (False, True), strict=True):
        text = f"{named}.{headers['x-webhook-timestamp']}".encode()
        expected = base64.b64encode(hmac.new(b"key", text, hashlib.sha256).digest()).decode()
        assert (headers["x-webhook-signature"] == expected) is is_true


@pytest.mark.parametrize(
    "wrong", [{"how": "loudly"}, {"how": "late", "seconds": -1}, {"how": "late", "seconds": float("nan")}]
)
def test_a_way_of_calling_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(how|seconds): "):
        CallBack(**wrong)


SONG = {"prompt": "A sea shanty", "customMode": False, "instrumental": False, "model": "V5"}


def test_a_song_is_called_back_three_times_in_order(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.configure(seconds=60)
    task_id = api.post("/api/v1/generate", {**SONG, "callBackUrl": receiver.url})["data"]["taskId"]
    runway_sandbox.advance(60)
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 3)

    stages = [body["data"]["callbackType"] for body in receiver.bodies]
    sounds = [[bool(each["audio_url"]) for each in body["data"]["data"]] for body in receiver.bodies]
    assert stages == ["text", "first", "complete"]
    assert sounds == [[False, False], [True, False], [True, True]]
    assert {body["data"]["task_id"] for body in receiver.bodies} == {task_id}
    record = api.get("/api/v1/generate/record-info", taskId=task_id)["data"]
    assert (record["status"], receiver.bodies[-1]["code"]) == ("SUCCESS", 200)


def test_a_song_that_fails_is_called_back_as_an_error(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    runway_sandbox.fault(Fail("It broke"))
    api.post("/api/v1/generate", {**SONG, "callBackUrl": receiver.url})
    _until(lambda: runway_sandbox.ledger.callbacks)

    [body] = receiver.bodies
    assert (body["code"], body["msg"]) == (531, "It broke")
    assert (body["data"]["callbackType"], body["data"]["data"]) == ("error", None)


def test_a_song_whose_callback_nobody_takes_says_so_and_is_there(
    api: Api, runway_sandbox: Sandbox, receiver: Receiver
) -> None:
    runway_sandbox.configure(callback_retry=0)
    receiver.answers += [500] * 9
    task_id = api.post("/api/v1/generate", {**SONG, "callBackUrl": receiver.url})["data"]["taskId"]
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 9)

    def record() -> Any:
        return api.get("/api/v1/generate/record-info", taskId=task_id)["data"]

    _until(lambda: record()["status"] == "CALLBACK_EXCEPTION")
    assert record()["response"]["sunoData"][0]["audioUrl"]


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (("veo/generate", {"prompt": "A whale", "model": "veo3"}), ("data", "info", "resultUrls")),
        (("gpt4o-image/generate", {"prompt": "A cat", "size": "1:1"}), ("data", "info", "result_urls")),
        (("flux/kontext/generate", {"prompt": "A cat"}), ("data", "info", "resultImageUrl")),
        (("lyrics", {"prompt": "The sea"}), ("data", "data")),
    ],
)
def test_other_families_are_called_back_in_their_shapes(
    api: Api, runway_sandbox: Sandbox, receiver: Receiver, asked: tuple[str, dict[str, Any]], where: tuple[str, ...]
) -> None:
    path, body = asked
    api.post(f"/api/v1/{path}", {**body, "callBackUrl": receiver.url})
    runway_sandbox.fault(Fail("It broke"))
    api.post(f"/api/v1/{path}", {**body, "callBackUrl": receiver.url})
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 2)

    good, bad = sorted(receiver.bodies, key=lambda body: int(body["code"]))
    found: Any = good
    for name in where:
        found = found[name]
    assert (good["code"], bool(found)) == (200, True)
    assert (bad["code"] >= 400, bad["msg"]) == (True, "It broke")


def test_4k_and_what_is_made_of_songs_is_called_back(api: Api, runway_sandbox: Sandbox, receiver: Receiver) -> None:
    url = {"callBackUrl": receiver.url}
    made = api.post("/api/v1/generate", {**SONG, "callBackUrl": "https://example.com/"})["data"]["taskId"]
    data = api.get("/api/v1/generate/record-info", taskId=made)["data"]["response"]["sunoData"]
    of_a_song = {"taskId": made, "audioId": data[0]["id"], **url}
    veo = api.post("/api/v1/veo/generate", {"prompt": "A whale", "model": "veo3"})["data"]["taskId"]
    parts = api.post("/api/v1/vocal-removal/generate", of_a_song)["data"]["taskId"]
    for path, body in {
        "wav/generate": of_a_song,
        "mp4/generate": of_a_song,
        "suno/cover/generate": of_a_song,
        "midi/generate": {"taskId": parts, **url},
        "veo/get-4k-video": {"taskId": veo, **url},
    }.items():
        assert api.post(f"/api/v1/{path}", body)["code"] == 200
    _until(lambda: len(runway_sandbox.ledger.callbacks) == 6)

    names = {name for body in receiver.bodies for name in body["data"]}
    assert {body["code"] for body in receiver.bodies} == {200}
    assert {"audioWavUrl", "video_url", "vocal_separation_info", "images", "instruments", "info"} < names
