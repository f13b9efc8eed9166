"""Whether a KIE record shows a certain request, in the shapes of each API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_runway.kie.requests import AlephRequest, ExtendRequest, GenerateRequest, JobRequest, Request
from airflow_provider_runway.kie.shown_requests import difference
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import read_aleph_record, read_job_record, read_runway_record

FOX = GenerateRequest(prompt="A fox", aspect_ratio="16:9")
PICTURE = GenerateRequest(prompt="A fox", image_url="https://a.example/fox.png")
MORE = ExtendRequest(prompt="It looks up", task_id="task-1")
SNOW = AlephRequest(prompt="Make it snow", video_url="https://a.example/fox.mp4", seed=7)
HARE = JobRequest(model="kling-2.6/text-to-video", input={"prompt": "A hare", "duration": "5", "shots": [{"at": 1}]})
SOUND = JobRequest(model="sound/split", input={"url": "https://a.example/a.mp3", "parts": 2})


def runway(parent: str = "", **param: Any) -> Any:
    record = read_runway_record({"state": "wait", "parentTaskId": parent, "generateParam": param}, "t")
    assert record is not None
    return record.asked


def aleph(**param: Any) -> Any:
    record = read_aleph_record({"successFlag": 0, "paramJson": json.dumps(param)}, "t")
    assert record is not None
    return record.asked


def job(model: str, *, as_text: bool = True, **given: Any) -> Any:
    inner: Any = json.dumps(given) if as_text else given
    data = {"state": "waiting", "model": model, "param": json.dumps({"model": model, "input": inner})}
    record = read_job_record(data, "t", "job")
    assert record is not None
    return record.asked


def shown(asked: Any, request: Request, api: Api, *unknown: str) -> str | None:
    return difference(asked, request, api, unknown_urls=frozenset(unknown))


@pytest.mark.parametrize(
    ("asked", "request_", "api"),
    [
        (runway(prompt="A fox", imageUrl="", expandPrompt=False), FOX, "runway"),
        (runway(prompt=" A fox\n"), FOX, "runway"),
        (runway(prompt="A fox", duration="5", quality="720p"), FOX, "runway"),
        (runway(prompt="A fox", imageUrl="https://a.example/fox.png"), PICTURE, "runway"),
        (runway("task-1", prompt="It looks up", imageUrl="https://kie.example/frame.png"), MORE, "runway"),
        (aleph(prompt="Make it snow", videoUrl="https://a.example/fox.mp4", seed="7", uploadCn=False), SNOW, "runway"),
        (job("runway", prompt="A fox", duration=5.0), FOX, "jobs"),
        (job("kling-2.6/text-to-video", prompt="A hare", duration=5, shots=[{"at": "1", "x": 2}]), HARE, "runway"),
        (job("kling-2.6/text-to-video", as_text=False, prompt="A hare"), HARE, "jobs"),
        (job("sound/split", url="https://a.example/a.mp3", parts=2), SOUND, "jobs"),
    ],
)
def test_a_record_shows_the_request_it_was_made_of(asked: Any, request_: Request, api: Api) -> None:
    assert shown(asked, request_, api) is None


@pytest.mark.parametrize(
    ("asked", "request_", "api", "field"),
    [
        (runway(), FOX, "runway", "prompt"),
        (runway(prompt=None), FOX, "runway", "prompt"),
        (runway(prompt={"prompt": "A fox"}), FOX, "runway", "prompt"),
        (runway(prompt="A fox "[::-1]), FOX, "runway", "prompt"),
        (runway(prompt="A fox", duration=10), FOX, "runway", "duration"),
        (runway(prompt="A fox", imageUrl="https://a.example/fox.png"), FOX, "runway", "imageUrl"),
        (runway(prompt="A fox", imageUrl="https://a.example/bear.png"), PICTURE, "runway", "imageUrl"),
        (runway("task-1", prompt="A fox"), FOX, "runway", "taskId"),
        (runway("task-2", prompt="It looks up"), MORE, "runway", "taskId"),
        (runway(prompt="It looks up"), MORE, "runway", "taskId"),
        (aleph(prompt="Make it snow", seed=8), SNOW, "runway", "seed"),
        (job("runway", prompt="A bear"), FOX, "jobs", "prompt"),
        (job("", prompt="A fox"), FOX, "jobs", "model"),
        (job("runway/gen4-aleph", prompt="A fox"), FOX, "jobs", "model"),
        (job("kling-3", prompt="A hare"), HARE, "jobs", "model"),
        (job("kling-2.6/text-to-video", prompt="A hare", shots=[]), HARE, "jobs", "shots"),
        (job("kling-2.6/text-to-video", prompt="A hare", shots=[{}]), HARE, "jobs", "shots"),
        (job("sound/split", url="https://a.example/a.mp3"), SOUND, "jobs", "parts"),
    ],
)
def test_a_record_of_another_request_or_of_none_does_not(asked: Any, request_: Request, api: Api, field: str) -> None:
    assert shown(asked, request_, api) == field


@pytest.mark.parametrize("odd", [None, 7, "", "{", "[]", [], "null", '{"prompt": ' + "[" * 100_000])
def test_what_cannot_be_read_shows_nothing(odd: Any) -> None:
    for record in (
        read_runway_record({"state": "wait", "generateParam": odd}, "t"),
        read_aleph_record({"successFlag": 0, "paramJson": odd}, "t"),
        read_job_record({"state": "waiting", "param": odd}, "t", "runway"),
    ):
        assert record is not None
        assert shown(record.asked, FOX, "runway") == "prompt"


def test_a_signature_and_the_place_of_a_file_make_no_other_request() -> None:
    signed = "https://a.example/fox.png?X-Amz-Credential=a&X-Amz-Date=b&X-Amz-Signature={}"
    asked = runway(prompt="A fox", imageUrl=signed.format("new"))
    assert shown(asked, GenerateRequest(prompt="A fox", image_url=signed.format("old")), "runway") is None

    stands_for_a_file = "https://sha256.invalid/1234"
    request = GenerateRequest(prompt="A fox", image_url=stands_for_a_file)
    assert shown(asked, request, "runway") == "imageUrl"
    assert shown(asked, request, "runway", stands_for_a_file) is None
