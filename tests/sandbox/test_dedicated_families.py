"""Veo, 4o Image, Flux Kontext and Suno, as their own endpoints have them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.sandbox import Fail, Missing, NoUrl, Sandbox, States

from .dedicated import BODIES, RECORDS, body_of, kind_of, links, made, record, submit
from .support import Api

OF_A_SONG = ("wav/generate", "vocal-removal/generate", "midi/generate", "mp4/generate", "suno/cover/generate")
PATHS = (*BODIES, "veo/extend", "generate/extend", "generate/replace-section", *OF_A_SONG)
FILES = {
    "veo/generate": {"video/mp4"},
    "veo/extend": {"video/mp4"},
    "gpt4o-image/generate": {"PNG"},
    "flux/kontext/generate": {"JPEG"},
    "lyrics": set[str](),
    "midi/generate": set[str](),
    "mp4/generate": {"video/mp4"},
    "wav/generate": {"audio/wav"},
    "vocal-removal/generate": {"audio/mpeg"},
    "suno/cover/generate": {"PNG"},
}


@pytest.mark.parametrize("path", PATHS)
def test_each_endpoint_makes_files_that_can_be_played(api: Api, path: str) -> None:
    found = made(api, path, **body_of(api, path))

    kinds = {kind_of(api, url) for url, name in links(found) if name != "callbackUrl"}
    assert kinds == FILES.get(path, {"audio/mpeg", "PNG"})


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_known_yet_is_null_and_times_are_milliseconds(api: Api, runway_sandbox: Sandbox, path: str) -> None:
    body = body_of(api, path)
    runway_sandbox.configure(seconds=60)
    task_id = submit(api, path, **body)
    running = record(api, path, task_id)
    runway_sandbox.advance(60)
    ready = record(api, path, task_id)

    assert running["taskId"] == task_id
    assert {running[name] for name in ("response", "midiData") if name in running} == {None}
    assert (running["completeTime"], running["errorCode"]) == (None, None)
    assert ready["completeTime"] - ready["createTime"] == 60_000
    echo = running.get("paramJson") or running["param"]
    assert isinstance(json.loads(echo), dict)
    assert ready.get("response") or ready["midiData"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("veo/generate", (0, 1, 3)),
        ("gpt4o-image/generate", ("GENERATING", "SUCCESS", "GENERATE_FAILED")),
        ("flux/kontext/generate", (0, 1, 3)),
        ("generate/sounds", ("FIRST_SUCCESS", "SUCCESS", "GENERATE_AUDIO_FAILED")),
        ("lyrics", ("PENDING", "SUCCESS", "GENERATE_LYRICS_FAILED")),
        ("wav/generate", ("PENDING", "CALLBACK_EXCEPTION", "GENERATE_WAV_FAILED")),
        ("vocal-removal/generate", ("PENDING", "CALLBACK_EXCEPTION", "GENERATE_AUDIO_FAILED")),
        ("mp4/generate", ("PENDING", "CALLBACK_EXCEPTION", "GENERATE_MP4_FAILED")),
        ("midi/generate", (0, 1, 3)),
        ("suno/cover/generate", (2, 1, 3)),
    ],
)
def test_each_family_has_its_own_words_for_its_states(
    api: Api, runway_sandbox: Sandbox, path: str, words: tuple[object, object, object]
) -> None:
    first, second = body_of(api, path), body_of(api, path)
    balance = runway_sandbox.balance
    runway_sandbox.configure(seconds=60)

    def state(task_id: str) -> object:
        found = record(api, path, task_id)
        return found["status"] if "status" in found else found["successFlag"]

    good = submit(api, path, **first)
    runway_sandbox.fault(Fail("It broke"))
    bad = submit(api, path, **second)
    runway_sandbox.advance(20)
    while_running = state(good)
    runway_sandbox.advance(60)

    assert (while_running, state(good), state(bad)) == words
    broken = record(api, path, bad)
    assert broken["errorMessage"] == "It broke"
    assert broken["errorCode"] not in (None, 0, 200)
    assert broken.get("response") is None
    assert balance - runway_sandbox.balance == pytest.approx(runway_sandbox.task(good).cost)


def test_error_code_200_stands_beside_some_successes(api: Api) -> None:
    codes = {path: made(api, path, **body_of(api, path))["errorCode"] for path in OF_A_SONG}

    assert codes == {path: None if path == "midi/generate" else 200 for path in OF_A_SONG}


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("veo/record-info", 422, "Record not found for taskId: unknown"),
        ("gpt4o-image/record-info", 422, "The record does not exist"),
        ("flux/kontext/record-info", 422, "The record does not exist"),
        ("generate/record-info", 200, "success"),
        ("lyrics/record-info", 200, "success"),
        ("vocal-removal/record-info", 200, "success"),
        ("suno/cover/record-info", 200, "success"),
        ("veo/get-1080p-video", 422, "Record does not exist"),
    ],
)
def test_an_unknown_task_is_said_as_each_family_says_it(api: Api, path: str, code: int, says: str) -> None:
    answer = api.get(f"/api/v1/{path}", taskId="unknown")

    assert (answer["code"], answer["msg"], answer["data"]) == (code, says, None)


def test_a_family_does_not_know_the_tasks_of_another(api: Api) -> None:
    lyrics = submit(api, "lyrics", prompt="The sea")

    assert api.get("/api/v1/generate/record-info", taskId=lyrics)["data"] is None
    assert api.get("/api/v1/jobs/recordInfo", taskId=lyrics)["code"] == 422


@pytest.mark.parametrize("path", [path for path in PATHS if path != "suno/cover/generate"])
def test_each_endpoint_says_which_required_field_is_missing(api: Api, path: str) -> None:
    body = body_of(api, path)
    for name in ("prompt", "taskId", "audioId", "uploadUrl", "model", "size", "callBackUrl"):
        if name not in body or (path, name) in _OPTIONAL:
            continue
        answer = api.post(f"/api/v1/{path}", {**body, name: None})
        assert answer["code"] == 422
        assert name in answer["msg"]
        assert answer["data"] is None


_OPTIONAL = {
    ("gpt4o-image/generate", "prompt"),
    ("generate/extend", "prompt"),
    ("generate/extend", "taskId"),
    ("generate/replace-section", "callBackUrl"),
    ("midi/generate", "audioId"),
}


@pytest.mark.parametrize(
    ("path", "changes", "named"),
    [
        ("veo/generate", {"model": "veo9"}, "Invalid model"),
        ("veo/generate", {"duration": 5}, "duration"),
        ("veo/generate", {"duration": True}, "duration"),
        ("veo/generate", {"resolution": "8k"}, "resolution"),
        ("veo/generate", {"aspect_ratio": "1:1"}, "aspect_ratio"),
        ("veo/generate", {"imageUrls": ["a.png"]}, "imageUrls"),
        ("veo/generate", {"imageUrls": "https://example.com/a.png"}, "imageUrls"),
        ("veo/generate", {"generationType": "REFERENCE_2_VIDEO"}, "imageUrls"),
        ("veo/generate", {"seeds": 5}, "seeds"),
        ("veo/generate", {"seeds": float("nan")}, "seeds"),
        ("veo/generate", {"callBackUrl": 4}, "callBackUrl"),
        ("gpt4o-image/generate", {"size": "16:9"}, "size"),
        ("gpt4o-image/generate", {"filesUrl": ["https://e.com/a"] * 6}, "filesUrl"),
        ("flux/kontext/generate", {"safetyTolerance": 6, "inputImage": "https://e.com/a.png"}, "safetyTolerance"),
        ("flux/kontext/generate", {"outputFormat": "gif"}, "outputFormat"),
        ("generate", {"customMode": True, "style": "folk"}, "title"),
        ("generate", {"customMode": True, "style": "folk", "title": "x", "prompt": ""}, "prompt"),
        ("generate", {"model": "V3"}, "model"),
        ("generate", {"styleWeight": 2}, "styleWeight"),
        ("generate/sounds", {"soundTempo": 301}, "soundTempo"),
        ("generate/mashup", {"uploadUrlList": ["https://e.com/a.mp3"]}, "uploadUrlList"),
        ("lyrics", {"prompt": "x" * 201}, "prompt"),
    ],
)
def test_a_bad_field_is_refused_by_name(api: Api, path: str, changes: dict[str, Any], named: str) -> None:
    reply = api.http.post(f"/api/v1/{path}", content=json.dumps({**BODIES[path], **changes}))

    answer = reply.json()
    assert answer["code"] == 422
    assert named in answer["msg"]


def test_a_result_of_4o_has_a_link_of_its_own_for_a_while(api: Api) -> None:
    found = made(api, "gpt4o-image/generate", **BODIES["gpt4o-image/generate"])
    link = found["response"]["resultUrls"][0]
    asked = {"taskId": found["taskId"], "url": link}
    answer = api.post("/api/v1/gpt4o-image/download-url", asked)

    assert kind_of(api, answer["data"]) == "PNG"
    assert api.post("/api/v1/gpt4o-image/download-url", {**asked, "taskId": "unknown"})["msg"] == "record is null"


@pytest.mark.parametrize("path", PATHS)
def test_faults_strike_every_family(api: Api, runway_sandbox: Sandbox, path: str) -> None:
    task_id = submit(api, path, **body_of(api, path))
    runway_sandbox.fault(NoUrl(), times=1)
    found = record(api, path, task_id)
    runway_sandbox.fault(States(("odd",)))
    odd = record(api, path, task_id)
    runway_sandbox.clear_faults()
    runway_sandbox.fault(Missing(), times=1)
    gone = api.get(f"/api/v1/{RECORDS[path.partition('/')[0]]}", taskId=task_id)

    assert list(links(found)) == []
    assert "odd" in odd.values()
    assert gone["data"] is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("prompt", "taskId", "audioId", "index", "duration", "imageUrls", "uploadUrlList", "infillEndS", "type", "size")


@pytest.mark.parametrize(
    "path", [*PATHS, "veo/get-4k-video", "style/generate", "generate/generate-persona", "gpt4o-image/download-url"]
)
@given(data=st.data())
def test_whatever_is_sent_is_answered_in_the_envelope(api: Api, path: str, data: st.DataObject) -> None:
    api.sandbox.configure(submissions_per_window=10_000, seconds=600)
    changes = data.draw(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), JSON, max_size=4))

    reply = api.http.post(f"/api/v1/{path}", content=json.dumps({**BODIES.get(path, {}), **changes}).encode())

    assert set(reply.json()) == {"code", "msg", "data"}


@pytest.mark.parametrize("value", [1, {"a": 1}, "https://media.example/1.mp3", [1, None], None])
def test_a_field_of_another_endpoint_may_be_of_any_type(api: Api, value: object) -> None:
    body = {**BODIES["generate/add-vocals"], "uploadUrlList": value}

    reply = api.http.post("/api/v1/generate/add-vocals", content=json.dumps(body).encode())

    assert set(reply.json()) == {"code", "msg", "data"}
