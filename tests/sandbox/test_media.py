from __future__ import annotations

import io

import av
import httpx
import pytest
from PIL import Image

from airflow_provider_runway.sandbox import Sandbox

from .support import Api


def _opened(data: bytes) -> tuple[float, int, int, str, str]:
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        rate = float(stream.average_rate or 0)
        context = stream.codec_context
        return frames / rate, context.width, context.height, context.name, str(context.pix_fmt)


@pytest.mark.parametrize(
    ("ratio", "quality", "size"),
    [
        ("16:9", "720p", (1280, 720)),
        ("4:3", "720p", (960, 720)),
        ("1:1", "720p", (960, 960)),
        ("3:4", "720p", (720, 960)),
        ("9:16", "720p", (720, 1280)),
        ("16:9", "1080p", (1920, 1080)),
    ],
)
def test_a_video_is_h264_of_the_asked_length_and_shape(
    api: Api, runway_sandbox: Sandbox, ratio: str, quality: str, size: tuple[int, int]
) -> None:
    task_id = api.made(aspectRatio=ratio, quality=quality)

    seconds, width, height, codec, pixels = _opened(api.media(api.video_url(task_id)).content)

    assert (runway_sandbox.task(task_id).width, runway_sandbox.task(task_id).height) == size
    assert (width, height) == (size[0] // 10, size[1] // 10)
    assert seconds == pytest.approx(5, abs=1 / 12)
    assert (codec, pixels) == ("h264", "yuv420p")


def test_a_video_can_be_played_from_its_first_bytes_on(api: Api) -> None:
    data = api.media(api.video_url(api.made())).content

    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_ten_seconds_and_extensions_are_as_long_as_they_say(api: Api) -> None:
    source = api.made(duration=10)
    body = {"taskId": source, "prompt": "On it goes", "quality": "720p"}
    longer = api.post("/api/v1/runway/extend", body)["data"]["taskId"]

    lengths = [_opened(api.media(api.video_url(task)).content)[0] for task in (source, longer)]

    assert lengths == [pytest.approx(10, abs=0.1), pytest.approx(15, abs=0.1)]


def test_full_size_is_served_unless_it_is_scaled(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(video_scale=1, frames_per_second=1)

    _, width, height, _, _ = _opened(api.media(api.video_url(api.made())).content)

    assert (width, height) == (1280, 720)


def test_two_videos_of_one_prompt_differ_and_one_video_stays_the_same(api: Api, runway_sandbox: Sandbox) -> None:
    one, other = (api.video_url(api.made()) for _ in range(2))
    first = api.media(one).content
    for scale in (0.2, 0.1):
        runway_sandbox.configure(video_scale=scale)
        again = api.media(one).content

    assert first != api.media(other).content
    assert first == again


def test_the_thumbnail_is_a_picture_of_the_same_shape(api: Api) -> None:
    record = api.record(api.made(aspectRatio="9:16"))

    reply = api.media(record["videoInfo"]["imageUrl"])

    assert reply.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(reply.content)) as image:
        assert image.size == (72, 128)


def test_any_prompt_can_be_drawn(api: Api) -> None:
    for prompt in ("Маяк в шторм", "灯台", "word" * 300, "🦊", "a\nb\tc", "\x00"):
        assert api.media(api.record(api.made(prompt=prompt))["videoInfo"]["imageUrl"]).status_code == 200


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None))],
)
def test_a_part_of_a_file_can_be_asked_for(api: Api, asked: str, part: slice) -> None:
    url = api.video_url(api.made())
    whole = api.media(url)

    reply = api.media(url, Range=asked)

    assert reply.status_code == 206
    assert reply.content == whole.content[part]
    assert reply.headers["content-range"].endswith(f"/{len(whole.content)}")
    assert reply.headers["etag"] == whole.headers["etag"]


def test_a_part_beyond_the_end_is_refused_and_a_part_of_another_file_is_not_given(api: Api) -> None:
    url = api.video_url(api.made())
    whole = api.media(url)

    assert api.media(url, Range="bytes=99999999-").status_code == 416
    assert api.media(url, Range="bytes=5-9", **{"If-Range": '"another"'}).content == whole.content
    assert api.media(url, Range="lines=1-2").status_code == 200


def test_validators_and_head_work(api: Api) -> None:
    url = api.video_url(api.made())
    whole = api.media(url)
    head = httpx.head(url, trust_env=False, verify=False)

    assert api.media(url, **{"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert (head.headers["content-length"], head.content) == (str(len(whole.content)), b"")


def test_media_expire_and_the_record_stays(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(media_ttl=60)
    task_id = api.made()
    url = api.video_url(task_id)
    runway_sandbox.advance(61)

    record = api.record(task_id)

    assert (record["state"], record["expireFlag"]) == ("success", 1)
    assert api.media(url).status_code == 404


def test_there_is_no_video_before_it_is_ready_and_none_of_other_names(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.configure(seconds=60)
    base, task_id = runway_sandbox.url, api.made()

    assert api.media(f"{base}/media/{task_id}.mp4").status_code == 404
    runway_sandbox.advance(60)
    assert api.media(f"{base}/media/{task_id}.avi").status_code == 404
    assert api.media(f"{base}/media/nobody.mp4").status_code == 404
    assert api.media(f"{base}/media/{task_id}.mp4").status_code == 200


def test_a_direct_link_works_for_twenty_minutes(api: Api, runway_sandbox: Sandbox) -> None:
    url = api.video_url(api.made())

    link = api.post("/api/v1/common/download-url", {"url": url})["data"]

    assert link != url
    assert api.media(link).content == api.media(url).content
    assert api.media(link[:-1] + "0x").status_code == 404
    runway_sandbox.advance(1201)
    assert api.media(link).status_code == 404
    assert api.media(url).status_code == 200


@pytest.mark.parametrize("url", ["https://example.com/a.mp4", "", None, 5, "http://[", "{base}/media/nobody.mp4"])
def test_a_foreign_url_has_no_direct_link(api: Api, runway_sandbox: Sandbox, url: object) -> None:
    asked = url.replace("{base}", runway_sandbox.url) if isinstance(url, str) else url

    answer = api.post("/api/v1/common/download-url", {"url": asked})

    assert (answer["code"], answer["msg"]) == (422, "url is wrong")


def test_a_key_shown_to_the_media_host_is_a_leak(api: Api, runway_sandbox: Sandbox) -> None:
    url = api.video_url(api.made())
    api.media(url)
    assert not runway_sandbox.ledger.key_leaks

    api.http.get(url)
    httpx.get(url, headers={"Authorization": "Token something"}, trust_env=False, verify=False)

    assert len(runway_sandbox.ledger.key_leaks) == 2
    assert runway_sandbox.key not in str(runway_sandbox.ledger)
