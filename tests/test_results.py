"""The JSON object that tasks return: its names, and their order."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from airflow_provider_runway.kie.kinds import KINDS, VIDEO_KINDS, Kind
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.results import finished_result, submitted_result
from airflow_provider_runway.storage.publishing import SavedFile

NAMES = [
    *("task_id", "parent_task_id", "kind", "state", "video_url", "image_url", "video_id", "submitted_at"),
    *("completed_at", "expires_at", "saved_to", "sha256", "size", "thumbnail_saved_to", "credits_estimate"),
    *("credits", "schema_version"),
]
OF_JOBS = ["result_urls", "result_types", "result", "saved_files"]


def test_a_finished_video_is_told_in_json_of_a_fixed_order() -> None:
    task = VideoTask(task_id="t", kind="runway", state=TaskState.SUCCESS, video_url="https://kie/fox.mp4")
    completed_at = datetime(2026, 11, 23, 10, tzinfo=timezone.utc)
    saved = [SavedFile("file:///fox.mp4", 7, "abc")]

    result = finished_result(task, completed_at=completed_at, credits_estimate=12.0, saved=saved)

    told = result.to_json()
    assert list(told) == NAMES
    assert json.loads(json.dumps(told)) == told
    assert (told["completed_at"], told["expires_at"]) == ("2026-11-23T10:00:00+00:00", "2026-12-07T10:00:00+00:00")
    assert (told["saved_to"], told["size"], told["sha256"]) == ("file:///fox.mp4", 7, "abc")
    assert result.files == ["file:///fox.mp4"]
    assert result.links == ["https://kie/fox.mp4", None]


def test_a_job_tells_of_all_that_came_of_it() -> None:
    urls = ("https://kie/a.png", "https://kie/b.png")
    task = VideoTask(task_id="jobs:t", kind="job", state=TaskState.SUCCESS, video_url=urls[1], result_urls=urls)

    result = finished_result(task, saved=[SavedFile(f"file:///{name}.png", 7, name) for name in "ab"])

    assert list(result.to_json()) == [*NAMES, *OF_JOBS]
    assert (result.saved_to, result.sha256) == ("file:///b.png", "b")
    assert result.links == list(urls)
    assert result.files == ["file:///a.png", "file:///b.png"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_that_is_not_waited_for_has_no_video_yet(kind: Kind) -> None:
    result = submitted_result("t", kind, parent_task_id=None, submitted_at=None, credits_estimate=12.0)
    assert list(result.to_json()) == [*NAMES, *([] if kind in VIDEO_KINDS else OF_JOBS)]
    assert (result.state, result.credits_estimate, result.files) == ("submitted", 12.0, [])


def test_the_extra_of_an_asset_event_says_what_was_asked_for() -> None:
    result = submitted_result("t", "runway", parent_task_id=None, submitted_at=None, credits_estimate=None)
    extra = result.to_extra(GenerateRequest(prompt="A fox", duration=10, aspect_ratio="16:9"))
    assert (extra["prompt"], extra["duration"], extra["state"]) == ("A fox", 10, "submitted")
    assert result.to_extra(None)["prompt"] is None
