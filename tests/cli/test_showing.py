"""What a command shows: a table, or JSON."""

from __future__ import annotations

import pytest

from airflow_provider_runway.cli import showing
from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.sandbox import Expire, Fail, Sandbox

from .support import Call

pytestmark = pytest.mark.usefixtures("given_time", "server_context")


def test_credits_are_shown_as_a_table_and_as_json(call: Call, kie: Sandbox) -> None:
    assert call("credits").out == "credits  5000\ndollars  25\n"
    assert '"credits": 5000,' in call("credits", "--output", "json").out
    assert call("credits", "--output", "json").result == {"credits": 5000, "dollars": 25}


def test_a_fraction_of_a_credit_is_shown(call: Call, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunwayHook, "credits", lambda _: 12.5)

    assert call("credits").out.startswith("credits  12.5\n")


def test_status_tells_by_its_code_how_the_task_stands(call: Call, kie: Sandbox, task_id: str) -> None:
    running = call("status", task_id, "-o", "json")
    kie.advance(60)
    ready = call("status", task_id, "-o", "json")

    assert (running.code, running.result["state"]) == (ExitCode.NOT_READY, "queued")
    assert (ready.code, ready.result["state"]) == (0, "success")
    assert ready.result["video_url"] == kie.tasks[0].media_urls[0]


def test_status_of_a_video_that_is_gone_or_failed_or_unknown(call: Call, kie: Sandbox, task_id: str) -> None:
    kie.advance(60)
    kie.fault(Expire(), task_id=task_id)
    call("status", task_id)
    gone = call("status", task_id)
    kie.fault(Fail("The content was flagged by moderation"))
    with RunwayHook() as hook:
        failing = hook.submit(GenerateRequest(prompt="A bear", aspect_ratio="16:9"))
    kie.advance(60)
    failed = call("status", failing, "-o", "json")

    assert gone.code == ExitCode.GONE
    assert (failed.code, failed.result["state"]) == (ExitCode.FAILED, "failed")
    assert "Its credits come back" in failed.err
    assert call("status", "no-such-task").code == ExitCode.GONE


def test_status_shows_what_failed_only_of_what_has_failed(call: Call, kie: Sandbox) -> None:
    kie.configure(seconds=0)
    with RunwayHook() as hook:
        ready = [hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9")) for _ in range(15)]
    shown = [call("status", task_id, "-o", "json").result for task_id in ready]
    kie.configure(seconds=600)
    with RunwayHook() as hook:
        making = [hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9")) for _ in range(5)]
    shown += [call("status", task_id, "-o", "json").result for task_id in making]

    assert {(each["fail_code"], each["fail_message"]) for each in shown} == {(None, None)}


def test_status_shows_files_one_a_line(call: Call, kie: Sandbox, task_id: str) -> None:
    with RunwayHook() as hook:
        job = hook.submit_job("google/nano-banana", {"prompt": "Foxes", "num_images": 2})
    kie.advance(60)

    video, pictures = call("status", task_id).out.splitlines(), call("status", job, "--kind", "job").out.splitlines()

    assert [line.rstrip() for line in video if line.startswith("result_urls")] == ["result_urls"]
    at = next(place for place, line in enumerate(pictures) if line.startswith("result_urls"))
    first, second = pictures[at : at + 2]
    column = first.index("http")
    assert second.index("http") == column
    assert second[:column].strip() == ""
    assert [first[column:], second[column:]] == call("status", job, "--kind", "job", "-o", "json").result["result_urls"]
    assert not [line for line in (*video, *pictures) if "(" in line or "'" in line or "None" in line or "True" in line]


def test_a_table_has_no_python_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    result: dict[str, object] = {
        "a": None,
        "b": True,
        "c": {"d": [None, "é"]},
        "e": 12.0,
        "f": 0.5,
        "saved_files": [],
        "g": float("inf"),
    }

    showing.show(result, "table")

    assert [line.partition(" ")[2].strip() for line in capsys.readouterr().out.splitlines()] == [
        *("", "true", '{"d": [null, "é"]}', "12", "0.5", "", "inf"),
    ]
