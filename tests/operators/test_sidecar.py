"""What a stored file is, as JSON beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.sandbox import Sandbox

from .support import FOX, JOB, Task, posts

pytestmark = pytest.mark.usefixtures("given_time")


def facts(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_a_stored_video_has_its_facts_beside_it(kie: Sandbox, tmp_path: Path) -> None:
    result = Task(save_to=f"{tmp_path}/", metadata=True, thumbnail=True, prompt="Ein Fuchs im Schnee, früh").run()

    [video] = kie.tasks
    found = facts(tmp_path / f"{video.task_id}.mp4.json")
    assert found == {
        "file": result["saved_to"],
        "size": result["size"],
        "sha256": result["sha256"],
        "thumbnail": result["thumbnail_saved_to"],
        "model": "runway",
        "prompt": "Ein Fuchs im Schnee, früh",
        "duration": 5,
        "quality": "720p",
        "aspect_ratio": "16:9",
        **{name: result[name] for name in ("task_id", "parent_task_id", "kind", "submitted_at", "completed_at")},
        **{name: result[name] for name in ("expires_at", "credits", "credits_estimate")},
        "airflow": {"dag_id": "clips", "run_id": "manual__2026", "task_id": "video", "map_index": -1},
        "schema_version": 1,
    }
    assert "früh" in (tmp_path / f"{video.task_id}.mp4.json").read_text(encoding="utf-8")


def test_nothing_stands_beside_it_if_nobody_asks(kie: Sandbox, tmp_path: Path) -> None:
    Task(save_to=f"{tmp_path}/fox.mp4").run()

    assert [file.name for file in tmp_path.iterdir()] == ["fox.mp4"]


def test_it_needs_a_stored_file(kie: Sandbox) -> None:
    with pytest.raises(InvalidRequestError, match=r"metadata.*needs save_to"):
        RunwayGenerateOperator(**FOX, metadata=True)


@pytest.mark.parametrize("value", [None, "yes", 1, 0, "", []], ids=repr)
def test_what_is_no_flag_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="metadata"):
        RunwayGenerateOperator(**FOX, save_to="/v/", metadata=value)


def test_no_link_and_no_secret_of_a_request_gets_there(kie: Sandbox, tmp_path: Path) -> None:
    parameters = {"prompt": "A hare", "image_url": "https://b.example/fox.png?X-Amz-Signature=s3cret", "seed": 7}
    Task(
        lambda: KieJobOperator(
            **{**JOB, "input": parameters},
            save_to=f"{tmp_path}/",
            metadata=True,
            callback_url="https://c.example/?token=t0ken",
        )
    ).run()

    [file] = tmp_path.glob("*.mp4.json")
    assert facts(file)["parameters"] == {"seed": 7}
    assert facts(file)["model"] == JOB["model"]
    assert "s3cret" not in file.read_text()
    assert "t0ken" not in file.read_text()


def test_each_file_of_a_job_has_its_own(kie: Sandbox, tmp_path: Path) -> None:
    model = "bytedance/seedream-v4-text-to-image"
    pictures = {"prompt": "A hare", "max_images": 2}
    Task(lambda: KieJobOperator(task_id="p", model=model, input=pictures, save_to=f"{tmp_path}/", metadata=True)).run()

    files = sorted(file for file in tmp_path.iterdir() if file.suffix != ".json")
    assert len(files) == 2
    assert [facts(Path(f"{file}.json"))["file"] for file in files] == [f"file://{file}" for file in files]


def test_a_cleared_task_replaces_its_own(kie: Sandbox, tmp_path: Path) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4", metadata=True)
    task.run()
    task.clear()
    second = task.run()

    assert facts(tmp_path / "fox.mp4.json")["task_id"] == second["task_id"]
    assert posts(kie) == 2


def test_one_that_a_killed_try_has_left_is_replaced(kie: Sandbox, tmp_path: Path) -> None:
    task = Task(save_to=f"{tmp_path}/fox.mp4", metadata=True, deferrable=False, on_clear="reuse")
    task_id = task.run()["task_id"]
    left = tmp_path / "fox.mp4.json"
    left.write_text(json.dumps({"task_id": task_id, "airflow": {}, "prompt": "half a"}))
    task.clear()
    task.run()

    assert facts(left)["prompt"] == FOX["prompt"]


@pytest.mark.parametrize("content", ["my notes", "[1]", '{"task_id": "another", "airflow": {}}', "[" * 100_000, ""])
def test_a_strangers_file_is_left_alone_and_the_video_stored(
    kie: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    theirs = tmp_path / "fox.mp4.json"
    theirs.write_text(content)

    result = Task(save_to=f"{tmp_path}/fox.mp4", metadata=True).run()

    assert theirs.read_text() == content
    assert Path(result["saved_to"].removeprefix("file://")).exists()
    assert "is not stored beside it; the file is. Another file is at" in caplog.text


def test_a_folder_of_that_name_fails_no_task(kie: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "fox.mp4.json").mkdir()

    assert Task(save_to=f"{tmp_path}/fox.mp4", metadata=True).run()["state"] == "success"
