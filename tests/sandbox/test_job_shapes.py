"""The unified API's results, in every shape that they come in."""

from __future__ import annotations

import io
import json
from typing import Any

import av
import pytest

from airflow_provider_runway.sandbox import NoUrl, Sandbox

from .dedicated import kind_of, links
from .support import Api


def job(api: Api, model: str, /, **given: Any) -> Any:
    """The record of a job that is ready at once."""
    answer = api.post("/api/v1/jobs/createTask", {"model": model, "input": given})
    assert answer["code"] == 200, answer
    return api.get("/api/v1/jobs/recordInfo", taskId=answer["data"]["taskId"])["data"]


@pytest.mark.parametrize(
    ("model", "given", "shape", "kinds"),
    [
        ("veo-3-1", {"prompt": "x"}, {"resultUrls"}, {"video/mp4"}),
        ("elevenlabs/text-to-speech-turbo-2-5", {"text": "x"}, {"resultUrls"}, {"audio/mpeg"}),
        ("google/gemini-2-5-pro-tts", {"dialogue_turns": [{"text": "x"}]}, {"resultUrls"}, {"audio/mpeg"}),
        ("ai-music-api/convert-to-wav-format", {"task_id": "x"}, {"resultUrls"}, {"audio/wav"}),
        ("ai-music-api/create-music-video", {"task_id": "x"}, {"resultUrls"}, {"video/mp4"}),
        ("ai-music-api/cover-generate", {"task_id": "x"}, {"resultUrls"}, {"PNG"}),
        ("ai-music-api/generate", {"prompt": "x", "model": "V5"}, {"data"}, {"audio/mpeg", "PNG"}),
        ("ai-music-api/sounds", {"prompt": "x"}, {"data"}, {"audio/mpeg", "PNG"}),
        ("ai-music-api/separate-vocals", {}, {"vocal_url", "instrumental_url"}, {"audio/mpeg"}),
        ("ai-music-api/generate-lyrics", {"prompt": "x"}, {"resultObject"}, set()),
        ("ai-music-api/generate-midi-from-audio", {"task_id": "x"}, {"resultObject"}, set()),
        ("ai-music-api/boost-music-style", {"content": "x"}, {"resultObject"}, set()),
        ("elevenlabs/speech-to-text", {"audio_url": "https://e.com/a.mp3"}, {"resultObject"}, set()),
        ("omnihuman-1-5/subject-detection", {"image_url": "https://e.com/a.png"}, {"resultObject"}, {"PNG"}),
        (
            "bytedance/seedance-2",
            {"prompt": "x", "return_last_frame": True},
            {"resultUrls", "firstFrameUrl", "lastFrameUrl"},
            {"video/mp4", "PNG"},
        ),
        ("bytedance/seedance-2", {"prompt": "x"}, {"resultUrls"}, {"video/mp4"}),
        ("wan/2-2-a14b-speech-to-video-turbo", {"prompt": "x"}, {"resultUrls"}, {"video/mp4"}),
    ],
)
def test_each_model_has_its_shape(
    api: Api, model: str, given: dict[str, Any], shape: set[str], kinds: set[str]
) -> None:
    record = job(api, model, **given)

    assert set(record["response"]) == shape
    assert json.loads(record["resultJson"]) == record["response"]
    assert {kind_of(api, url) for url, _ in links(record["response"])} == kinds


def test_nothing_of_the_result_is_told_before_it_is_there(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)

    for model in ("ai-music-api/generate", "ai-music-api/generate-lyrics", "veo-3-1", "ai-music-api/separate-vocals"):
        record = job(api, model, prompt="x")
        assert (record["resultJson"], record["response"]) == ("", None)


def test_a_success_may_lack_its_links_in_every_shape(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(NoUrl())

    for model in (
        "ai-music-api/generate",
        "veo-3-1",
        "ai-music-api/separate-vocals",
        "omnihuman-1-5/subject-detection",
    ):
        record = job(api, model, prompt="x", return_last_frame=True)
        assert (record["state"], record["resultJson"], record["response"]) == ("success", "", None)


def test_the_words_of_jobs_are_in_their_result(api: Api) -> None:
    lyrics = job(api, "ai-music-api/generate-lyrics", prompt="a red fox")["response"]["resultObject"]["lyricsData"]
    said = job(api, "elevenlabs/speech-to-text", prompt="Hello there.")["response"]["resultObject"]

    assert "a red fox" in lyrics[0]["text"]
    assert (said["text"], [each["word"] for each in said["words"]]) == ("Hello there.", ["Hello ", "there. "])


def test_speech_is_as_long_as_its_text(api: Api) -> None:
    def seconds(text: str) -> float:
        record = job(api, "elevenlabs/text-to-speech-multilingual-v2", text=text, voice="Rachel")
        with av.open(io.BytesIO(api.media(record["response"]["resultUrls"][0]).content)) as media:
            return float(media.duration or 0) / 1e6

    assert seconds("Word " * 20) == pytest.approx(2 * seconds("Word " * 10), rel=0.1)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"aspect_ratio": "16:9", "duration": "5", "sound": True}, "This field is required"),
        ({"prompt": "x", "aspect_ratio": "16:9", "duration": 5, "sound": True}, "allowed range"),
        ({"prompt": "x", "aspect_ratio": "21:9", "duration": "5", "sound": True}, "allowed range"),
        ({"prompt": "x" * 1001, "aspect_ratio": "16:9", "duration": "5", "sound": True}, "allowed range"),
        ({"prompt": "x", "aspect_ratio": "16:9", "duration": "5", "sound": True, "odd": None}, None),
    ],
)
def test_inputs_are_checked_where_that_is_set(
    api: Api, runway_sandbox: Sandbox, given: dict[str, Any], says: str | None
) -> None:
    runway_sandbox.configure(check_inputs=True)

    answer = api.post("/api/v1/jobs/createTask", {"model": "kling-2.6/text-to-video", "input": given})
    unknown = api.post("/api/v1/jobs/createTask", {"model": "kling-9", "input": given})

    assert answer["code"] == (422 if says else 200)
    assert says is None or says in answer["msg"]
    assert unknown["code"] == 200
