"""Veo, 4o Image, Flux Kontext and Suno, as their own endpoints have them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import av
import endpoint_bodies
import pytest
from endpoint_bodies import VEO
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_runway.sandbox import Fail, Missing, NoUrl, Sandbox, States

from .support import Api

PLACEHOLDER = {"callBackUrl": "https://example.com/placeholder"}
SONG = {**endpoint_bodies.SONG, **PLACEHOLDER}
RECORDS = {
    "veo": "veo/record-info",
    "gpt4o-image": "gpt4o-image/record-info",
    "flux": "flux/kontext/record-info",
    "lyrics": "lyrics/record-info",
    "wav": "wav/record-info",
    "vocal-removal": "vocal-removal/record-info",
    "midi": "midi/record-info",
    "mp4": "mp4/record-info",
    "suno": "suno/cover/record-info",
    "generate": "generate/record-info",
}


def submit(api: Api, path: str, **body: Any) -> str:
    """The id of a new task."""
    answer = api.post(f"/api/v1/{path}", body)
    assert answer["code"] == 200, answer
    task_id: str = answer["data"]["taskId"]
    return task_id


def record(api: Api, path: str, task_id: str) -> Any:
    answer = api.get(f"/api/v1/{RECORDS[path.partition('/')[0]]}", taskId=task_id)
    assert answer["code"] == 200, answer
    return answer["data"]


def made(api: Api, path: str, **body: Any) -> Any:
    """The record of a task that is ready at once."""
    return record(api, path, submit(api, path, **body))


def song(api: Api) -> dict[str, str]:
    """A song, as what is made of one names it."""
    found = made(api, "generate", **SONG)
    return {"taskId": found["taskId"], "audioId": found["response"]["sunoData"][0]["id"], **PLACEHOLDER}


def links(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All links in a record, with the names that they stand under."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from links(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from links(each, name)
    elif isinstance(value, str) and value.startswith("http://127"):
        yield value, name


def kind_of(api: Api, url: str) -> str:
    """What a file is, once it has been read as that."""
    reply = api.media(url)
    assert reply.status_code == 200
    kind: str = reply.headers["content-type"]
    if kind.startswith("image/"):
        with Image.open(io.BytesIO(reply.content)) as picture:
            picture.load()
            return str(picture.format)
    with av.open(io.BytesIO(reply.content)) as media:
        assert sum(1 for _ in media.decode(media.streams[0])) > 0
        assert media.streams[0].type == kind.partition("/")[0]
    return kind


# What is sung or played wants a callback.
BODIES: Mapping[str, dict[str, Any]] = {
    path: {**body, **(PLACEHOLDER if path.startswith("generate") and path != "generate/sounds" else {})}
    for path, body in endpoint_bodies.BODIES.items()
}


def body_of(api: Api, path: str) -> dict[str, Any]:
    """A body that an endpoint takes; what it refers to is made before."""
    if path in BODIES:
        return BODIES[path]
    if path == "veo/extend":
        return {"taskId": submit(api, "veo/generate", **VEO), "prompt": "On"}
    if path == "midi/generate":
        return {"taskId": submit(api, "vocal-removal/generate", **song(api)), **PLACEHOLDER}
    if path == "generate/extend":
        return {**song(api), "defaultParamFlag": False, "prompt": "On", "model": "V5"}
    if path == "generate/replace-section":
        more = dict.fromkeys(("prompt", "tags", "title", "fullLyrics"), "x")
        return {**song(api), **more, "infillStartS": 2, "infillEndS": 8}
    return song(api)


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


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("wav/generate", {"audioId": "unknown"}),
        ("wav/generate", {"taskId": "unknown"}),
        ("mp4/generate", {"taskId": "unknown"}),
        ("vocal-removal/generate", {"taskId": "unknown"}),
        ("suno/cover/generate", {"taskId": "unknown"}),
        ("midi/generate", {"taskId": "unknown"}),
        ("generate/get-timestamped-lyrics", {"audioId": "unknown"}),
    ],
)
def test_what_is_made_of_a_song_needs_it_at_once(api: Api, path: str, changes: dict[str, Any]) -> None:
    answer = api.post(f"/api/v1/{path}", {**song(api), **changes})

    assert (answer["code"], answer["msg"]) == (422, "Record does not exist")


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("veo/extend", {"taskId": "unknown"}),
        ("generate/extend", {"audioId": "unknown"}),
        ("generate/upload-cover", {"uploadUrl": "https://gone.example/a.mp3"}),
        ("flux/kontext/generate", {"inputImage": "https://gone.example/a.png"}),
    ],
)
def test_other_endpoints_take_what_is_not_there_and_fail_later(
    api: Api, runway_sandbox: Sandbox, path: str, changes: dict[str, Any]
) -> None:
    runway_sandbox.configure(unreachable=["gone.example"])
    task_id = submit(api, path, **{**body_of(api, path), **changes})

    assert record(api, path, task_id)["errorMessage"]
    assert runway_sandbox.task(task_id).refunded


def test_a_song_comes_in_three_steps(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)
    task_id = submit(api, "generate", **SONG)
    seen = []
    for seconds in (0, 8, 12, 60):
        runway_sandbox.advance(seconds)
        found = record(api, "generate", task_id)
        songs = (found["response"] or {}).get("sunoData", [])
        seen.append((found["status"], [bool(each["audioUrl"]) for each in songs]))
        if found["status"] == "FIRST_SUCCESS":
            assert kind_of(api, songs[0]["audioUrl"]) == "audio/mpeg"
            assert api.media(songs[0]["audioUrl"].replace(task_id, f"{task_id}-2")).status_code == 404

    assert seen == [
        ("PENDING", []),
        ("TEXT_SUCCESS", [False, False]),
        ("FIRST_SUCCESS", [True, False]),
        ("CALLBACK_EXCEPTION", [True, True]),
    ]


def test_the_two_songs_of_a_task_differ(api: Api) -> None:
    first, second = made(api, "generate", **SONG)["response"]["sunoData"]

    assert first["id"] != second["id"]
    assert api.media(first["audioUrl"]).content != api.media(second["audioUrl"]).content


def test_a_sensitive_text_has_a_state_of_its_own(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Fail("The prompt has a sensitive word", 400))

    assert made(api, "generate", **SONG)["status"] == "SENSITIVE_WORD_ERROR"


def test_a_cover_is_made_once(api: Api, runway_sandbox: Sandbox) -> None:
    body = song(api)
    task_id = submit(api, "suno/cover/generate", **body)

    again = api.post("/api/v1/suno/cover/generate", body)

    assert (again["code"], again["data"]) == (400, {"taskId": task_id})
    assert sum(task.operation == "suno/cover/generate" for task in runway_sandbox.tasks) == 1


def test_each_separation_is_charged_and_has_as_many_parts_as_asked_for(api: Api, runway_sandbox: Sandbox) -> None:
    body = song(api)
    two, twelve = (made(api, "vocal-removal/generate", **body, type=kind) for kind in ("separate_vocal", "split_stem"))

    assert [task.cost for task in runway_sandbox.tasks] == [12, 10, 50]
    assert [len(each["response"]["originData"]) for each in (two, twelve)] == [2, 12]
    assert {"vocalUrl", "instrumentalUrl"} < set(two["response"])
    assert {"drumsUrl", "backingVocalsUrl"} < set(twelve["response"])


def test_some_are_answered_at_once(api: Api, runway_sandbox: Sandbox) -> None:
    body = song(api)
    words = api.post("/api/v1/generate/get-timestamped-lyrics", body)["data"]["alignedWords"]
    named = {**body, "name": "Bo", "description": "A bass"}
    persona = api.post("/api/v1/generate/generate-persona", named)["data"]
    style = api.post("/api/v1/style/generate", {"content": "folk"})["data"]

    assert [each["word"].strip() for each in words] == ["A", "sea", "shanty"]
    assert (persona["name"], bool(persona["personaId"])) == ("Bo", True)
    assert (style["successFlag"], style["result"].startswith("folk")) == ("成功", True)
    assert runway_sandbox.balance == pytest.approx(5000 - 12 - 0.4)
    assert len(runway_sandbox.tasks) == 1


@pytest.mark.parametrize(
    ("changes", "cost", "size"),
    [
        ({}, 60, (128, 72)),
        ({"model": "veo3_lite", "resolution": "1080p"}, 35, (192, 108)),
        ({"model": "veo3", "resolution": "4k", "aspect_ratio": "9:16"}, 380, (216, 384)),
    ],
)
def test_veo_has_the_asked_size_and_its_price(
    api: Api, runway_sandbox: Sandbox, changes: dict[str, Any], cost: float, size: tuple[int, int]
) -> None:
    found = made(api, "veo/generate", **{**VEO, **changes})

    with av.open(io.BytesIO(api.media(found["response"]["resultUrls"][0]).content)) as media:
        stream = media.streams.video[0]
        assert (stream.width, stream.height) == size
    assert runway_sandbox.ledger.charged == cost
    assert (found["response"]["originUrls"] is None) == ("aspect_ratio" not in changes)
    assert "aspect_ratio" not in json.loads(found["paramJson"])


def test_an_extension_of_veo_has_the_stretch_and_the_whole(api: Api) -> None:
    def seconds(url: str) -> float:
        with av.open(io.BytesIO(api.media(url).content)) as media:
            return float(media.duration or 0) / 1e6

    response = made(api, "veo/extend", **body_of(api, "veo/extend"))["response"]

    assert round(seconds(response["resultUrls"][0])) == 8
    assert round(seconds(response["fullResultUrls"][0])) == 16


def test_1080p_is_an_error_until_it_is_there_and_charged_once(api: Api, runway_sandbox: Sandbox) -> None:
    task_id = submit(api, "veo/generate", **VEO)
    runway_sandbox.configure(seconds=60)

    def ask() -> Any:
        return api.get("/api/v1/veo/get-1080p-video", taskId=task_id, index=0)

    early = [ask(), ask()]
    runway_sandbox.advance(60)
    ready = ask()

    assert [each["code"] for each in early] == [500, 500]
    assert kind_of(api, ready["data"]["resultUrl"]) == "video/mp4"
    assert ask() == ready
    assert runway_sandbox.ledger.charged == 65


def test_a_failed_1080p_is_told_once_and_may_be_asked_for_again(api: Api, runway_sandbox: Sandbox) -> None:
    task_id = submit(api, "veo/generate", **VEO)
    runway_sandbox.configure(seconds=60)
    runway_sandbox.fault(Fail("It broke"), on="record", times=1)
    answers = [api.get("/api/v1/veo/get-1080p-video", taskId=task_id) for _ in range(3)]

    assert [(each["code"], each["msg"][:8]) for each in answers] == [
        (500, "1080p is"),
        (501, "It broke"),
        (500, "1080p is"),
    ]
    assert [each.amount for each in runway_sandbox.ledger.paid] == [60, 5]


def test_4k_is_422_while_it_is_made_and_when_it_is_there(api: Api, runway_sandbox: Sandbox) -> None:
    source = submit(api, "veo/generate", **VEO)
    runway_sandbox.configure(seconds=60)

    def ask() -> Any:
        return api.post("/api/v1/veo/get-4k-video", {"taskId": source, "index": 0})

    started, early = ask(), ask()
    running = record(api, "veo", started["data"]["taskId"])
    runway_sandbox.advance(60)
    ready, found = ask(), record(api, "veo", started["data"]["taskId"])

    nothing = {"taskId": started["data"]["taskId"], "resultUrls": None, "imageUrls": None}
    assert (started["code"], started["data"]) == (200, nothing)
    assert (early["code"], early["data"]) == (422, nothing)
    assert "processing" in early["msg"]
    assert (running["successFlag"], "fallbackFlag" in running) == (0, False)
    assert (ready["code"], ready["msg"]) == (422, "The video has been generated successfully")
    assert ready["data"]["resultUrls"] == found["response"]["resultUrls"]
    assert kind_of(api, ready["data"]["resultUrls"][0]) == "video/mp4"
    assert runway_sandbox.ledger.charged == 180


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
