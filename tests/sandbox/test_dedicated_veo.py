"""The sandbox's copies and extensions of Veo videos."""

from __future__ import annotations

import io
import json
from typing import Any

import av
import pytest
from endpoint_bodies import VEO

from airflow_provider_runway.sandbox import Fail, Sandbox

from .dedicated import body_of, kind_of, made, record, submit
from .support import Api


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
