from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from airflow.sdk import Asset, AssetAlias, Context, ObjectStoragePath
from fakes import PIXEL, GivenTime, fake_context
from operators.support import FOX, Task

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.operators.upload import RunwayUploadOperator
from airflow_provider_runway.results import EXTRA, JobResult
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator
from airflow_provider_runway.utils.file_uris import FileAddress
from airflow_provider_runway.utils.openlineage import DataSet, stored_as

ASSET = Asset("fox_videos")
ALIAS = AssetAlias("all_videos")


def said(context: Context, asset: Asset = ASSET) -> dict[str, Any]:
    """What the event of an asset will say: it is kept as JSON."""
    extra: dict[str, Any] = json.loads(json.dumps(context["outlet_events"][asset].extra))
    return extra


def by_alias(context: Context) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, URI and content of each event that the alias has been given."""
    events = context["outlet_events"][ALIAS].asset_alias_events
    return [(each.dest_asset_key.name, each.dest_asset_key.uri, {**each.extra}) for each in events]


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_event_says_which_video_it_is(kie: Sandbox, given_time: GivenTime, deferrable: bool) -> None:
    task = Task(outlets=[ASSET], deferrable=deferrable, duration=10)

    result = task.run()

    event = said(task.context)
    assert event == {
        **{name: result[name] for name in EXTRA if name in result},
        "prompt": "A fox in the snow",
        "duration": 10,
        "sha256": None,
        "size": None,
        "card_url": "http://localhost:8080/plugin/runway-videos?dag_id=clips&run_id=manual__2026&task_id=video",
    }
    assert (event["state"], event["credits_estimate"]) == ("success", 30)
    assert list(event) == [*EXTRA, "card_url"]


def test_a_saved_video_has_its_file_and_checksum(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    target = tmp_path / "fox.mp4"
    task = Task(outlets=[ASSET], save_to=str(target))

    task.run()

    event, video = said(task.context), target.read_bytes()
    assert event["saved_to"] == f"file://{target}"
    assert (event["sha256"], event["size"]) == (hashlib.sha256(video).hexdigest(), len(video))


def test_an_alias_gets_the_file(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    task = Task(outlets=[ALIAS, ASSET], save_to=str(tmp_path / "fox.mp4"))

    task.run()

    uri = f"file://{tmp_path}/fox.mp4"
    assert by_alias(task.context) == [(uri, uri, said(task.context))]


def test_an_alias_gets_the_videos_of_the_task_if_there_is_no_file(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(outlets=[ALIAS, ASSET])

    task.run()

    assert by_alias(task.context) == [("runway videos of clips.video", "x-runway://clips/video", said(task.context))]


@pytest.mark.parametrize(
    ("saved_to", "uri"),
    [
        ("s3://aws_videos@bucket/fox.mp4", "s3://bucket/fox.mp4"),
        ("gs://bucket/a@b/fox.mp4", "gs://bucket/a@b/fox.mp4"),
        ("file:///srv/videos/fox.mp4", "file:///srv/videos/fox.mp4"),
        ("file:///srv/a#1.mp4", "file:///srv/a%231.mp4"),
        ("s3://c@bucket/a?b=2&a=1.mp4", "s3://bucket/a%3Fb=2&a=1.mp4"),
        ("gs://bucket/a b%20c.mp4", "gs://bucket/a%20b%2520c.mp4"),
        ("file:///srv/füchse/狐.mp4", "file:///srv/f%C3%BCchse/%E7%8B%90.mp4"),
        ("s3://bucket/manual__2026-01-01T00:00:00+00:00/v.mp4", "s3://bucket/manual__2026-01-01T00:00:00+00:00/v.mp4"),
        ("s3://bucket//a//b.mp4", "s3://bucket//a//b.mp4"),
        ("file:///srv/a\udcff.mp4", "file:///srv/a%FF.mp4"),
    ],
)
def test_a_file_has_one_uri_that_airflow_takes_as_it_is(saved_to: str, uri: str) -> None:
    assert FileAddress.read(saved_to).uri == uri
    assert (Asset(uri).uri, Asset(uri).name) == (uri, uri)


ODD_NAMES = [
    "a#1.mp4",
    "a#2.mp4",
    "a?1.mp4",
    "a%23 1.mp4",
    "a%231.mp4",
    "füchse.mp4",
    "狐 狸.mp4",
    "a;b&c=d+e.mp4",
    "a@b:c.mp4",
]


def test_files_of_odd_names_are_assets_of_their_own_and_can_be_opened(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    uris = set()
    for name in ODD_NAMES:
        task = Task(outlets=[ALIAS, ASSET], save_to=f"{tmp_path}/{name}")
        result = task.run()
        assert ObjectStoragePath(result["saved_to"]).stat().st_size == (tmp_path / name).stat().st_size
        [(_, uri, extra)] = by_alias(task.context)
        assert extra["saved_to"] == f"file://{tmp_path}/{name}"
        assert unquote(urlsplit(uri).path) == f"{tmp_path}/{name}"
        uris.add(uri)
    assert len(uris) == len(ODD_NAMES)
    assert all(map(str.isascii, uris))


def test_an_upload_says_which_file_it_is(kie: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    operator = RunwayUploadOperator(task_id="up", path=f"{tmp_path}/fox.png", outlets=[ASSET, ALIAS])
    context = fake_context()

    result = operator.execute(context)

    assert said(context) == result
    assert by_alias(context) == [("runway uploads of clips.video", "x-runway-uploads://clips/video", said(context))]


def test_a_submitted_video_is_told_of_but_is_none_yet_for_an_alias(kie: Sandbox) -> None:
    task = Task(outlets=[ASSET, ALIAS], wait_for_completion=False)

    result = task.run()

    event = said(task.context)
    assert (event["task_id"], event["state"], event["video_url"]) == (result["task_id"], "submitted", None)
    assert by_alias(task.context) == []


def test_an_extension_says_what_it_extends(kie: Sandbox, given_time: GivenTime) -> None:
    first = Task().run()["task_id"]
    task = Task(
        lambda: RunwayExtendOperator(task_id="more", runway_task_id=first, prompt="It looks up", outlets=[ASSET])
    )

    task.run()

    event = said(task.context)
    assert (event["parent_task_id"], event["prompt"], event["duration"]) == (first, "It looks up", None)


@pytest.fixture
def ready(kie: Sandbox, given_time: GivenTime) -> str:
    with RunwayHook() as hook:
        task_id = hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))
        hook.wait(task_id)
    return task_id


def test_the_transfer_says_what_it_has_stored(ready: str, tmp_path: Path) -> None:
    operator = RunwayToObjectStorageOperator(
        task_id="store", runway_task_id=ready, save_to=f"{tmp_path}/", outlets=[ASSET, ALIAS]
    )
    context = fake_context()

    stored = operator.execute(context)

    event = said(context)
    assert {name: event[name] for name in ("task_id", "saved_to", "sha256", "size")} == {
        "task_id": ready,
        "saved_to": f"file://{tmp_path}/{ready}.mp4",
        "sha256": stored["sha256"],
        "size": stored["size"],
    }
    assert [uri for _, uri, _ in by_alias(context)] == [event["saved_to"]]


def test_a_job_gives_an_alias_each_of_its_files(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    task = Task(
        lambda: KieJobOperator(
            task_id="job",
            model="google/nano-banana",
            input={"prompt": "Foxes", "num_images": 2},
            save_to=f"{tmp_path}/",
            outlets=[ASSET, ALIAS],
        )
    )

    result = task.run()

    assert len(result["saved_files"]) == 2
    assert [uri for _, uri, _ in by_alias(task.context)] == result["saved_files"]
    assert said(task.context)["prompt"] == "Foxes"
    assert stored_as(JobResult(**result)) == [DataSet.of_address(file) for file in result["saved_files"]]


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_sensor_says_what_it_has_seen(ready: str, deferrable: bool) -> None:
    sensor = RunwayVideoSensor(task_id="seen", runway_task_id=ready, deferrable=deferrable, outlets=[ASSET])
    context = fake_context()

    result = sensor.execute(context)

    assert said(context)["video_url"] == result["video_url"]


def test_what_somebody_else_has_put_there_stays(kie: Sandbox, given_time: GivenTime) -> None:
    class Campaign(RunwayGenerateOperator):
        def pre_execute(self, context: Any) -> None:
            context["outlet_events"][ASSET].extra = {"campaign": "winter"}

    operator = Campaign(**FOX, outlets=[ASSET], deferrable=False)
    context = fake_context()
    operator.pre_execute(context)

    operator.execute(context)

    assert said(context)["campaign"] == "winter"
    assert said(context)["prompt"] == "A fox in the snow"


def test_an_event_that_cannot_be_made_does_not_fail_a_paid_video(
    kie: Sandbox, given_time: GivenTime, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Asset:
        raise ValueError("Asset name cannot exceed 1500 characters")

    monkeypatch.setattr("airflow_provider_runway.utils.asset_events._assets", refuse)
    task = Task(outlets=[ALIAS, ASSET])

    result = task.run()

    assert result["state"] == "success"
    assert said(task.context)["task_id"] == result["task_id"]
    assert "does not tell of the video: ValueError: Asset name cannot exceed" in caplog.text


def test_no_key_and_no_address_of_an_image_is_in_an_event(kie: Sandbox, given_time: GivenTime) -> None:
    signed = "https://bucket.s3.amazonaws.com/fox.png?X-Amz-Signature=0123456789abcdef"
    task = Task(outlets=[ASSET], image_url=signed, callback_url="https://example.com/?secret=fedcba")

    task.run()

    told = json.dumps(said(task.context))
    assert not [secret for secret in ("0123456789abcdef", "fedcba", kie.key) if secret in told]
