"""What the sandbox makes of songs."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_runway.sandbox import Fail, Sandbox

from .dedicated import SONG, body_of, kind_of, made, record, song, submit
from .support import Api


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
