"""What somebody reads on the command line who knows nothing of operators: what has happened, and how to go on."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from fakes import GivenTime

from airflow_provider_runway.cli import pasting
from airflow_provider_runway.cli.ending import ExitCode
from airflow_provider_runway.sandbox import Garbage, Refuse, Sandbox

from .support import RUNWAY, Call

pytestmark = pytest.mark.usefixtures("given_time", "server_context")

CORRECT = "Correct the API key of connection 'runway_default'."


def pasted(said: str) -> list[str]:
    """The words of the line to paste that a command ends with."""
    return shlex.split(said.splitlines()[-1].partition(f": {RUNWAY} ")[2])


def test_no_wait_says_how_to_wait(call: Call, kie: Sandbox) -> None:
    done = call("generate", "A fox", "--yes", "--no-wait")

    assert done.code == 0
    assert pasted(done.err) == ["wait", kie.tasks[0].task_id]
    assert call(*pasted(done.err)).code == 0
    assert len(kie.ledger.charges) == 1


def test_a_place_that_takes_nothing_leads_to_one_that_does(
    call: Call, kie: Sandbox, task_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kie.advance(60)
    monkeypatch.chdir(tmp_path)

    done = call("save", task_id, "/proc/x/", "--overwrite", "--thumbnail")

    assert done.code == ExitCode.NOT_STORED
    assert done.err.startswith("TargetUnwritableError: ")
    assert pasted(done.err) == ["save", task_id, "./", "--thumbnail"]
    assert call(*pasted(done.err)).code == 0
    assert (tmp_path / f"{task_id}.mp4").exists()


@pytest.mark.parametrize("path", ["./", "fox.mp4", "", "{here}/", "{here}/fox.mp4"])
def test_no_folder_is_offered_that_has_just_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)

    assert pasting._elsewhere(path.format(here=tmp_path)) == "~/"


@pytest.mark.parametrize("path", ["/proc/x/", "s3://bucket/", "no\0path/", "x" * 5000 + "/", "~nobody_at_all/"])
def test_the_folder_at_hand_is_offered_if_it_can_be_written(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    assert pasting._elsewhere(path) == "./"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert pasting._elsewhere(path) == "~/"


def test_a_download_that_fails_says_how_to_try_again(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)
    kie.fault(Garbage("html"), on="media")

    done = call("save", task_id, f"{tmp_path}/", "--overwrite")

    assert done.code == ExitCode.NOT_STORED
    assert pasted(done.err) == ["save", task_id, f"{tmp_path}/", "--overwrite"]


def test_another_file_is_told_of_without_operators(call: Call, kie: Sandbox, task_id: str, tmp_path: Path) -> None:
    kie.advance(60)
    target = tmp_path / "fox.mp4"
    target.write_bytes(b"other")

    saved, made = call("save", task_id, str(target)), call("generate", "A fox", "--yes", "--save-to", str(target))

    assert saved.code == ExitCode.NOT_STORED
    assert "The video is paid and KIE.AI still has it" in saved.err
    assert "--overwrite of save replaces the file." in saved.err
    assert pasted(saved.err) == ["save", task_id, "./"]
    assert made.code == ExitCode.WRONG
    assert made.err == (
        f"TargetExistsError: There is a file at {target} already. Nothing was sent or paid. "
        "Remove it, or give --save-to another path.\n"
    )
    for said in (saved.err, made.err):
        assert not [word for word in ("this task", "run_id", "save_to", "Operator", "=True") if word in said]


def test_a_wrong_key_says_what_is_paid_and_what_to_correct(call: Call, kie: Sandbox, task_id: str) -> None:
    kie.advance(60)
    kie.fault(Refuse(401), on="credit")
    kie.fault(Refuse(401), on="record")
    for words in (("credits",), ("status", task_id), ("wait", task_id), ("save", task_id, "/nowhere/")):
        done = call(*words)

        assert done.code == ExitCode.REFUSED
        assert done.err.endswith(f"This command has paid nothing. {CORRECT}\n")
    refused = call("generate", "A bear", "--yes")
    assert refused.err.endswith(f"No video was submitted, and nothing was paid. {CORRECT}\n")
    assert len(kie.ledger.submissions) == 1


def test_a_key_that_is_refused_at_the_submission_has_paid_nothing(call: Call, kie: Sandbox) -> None:
    kie.fault(Refuse(401), on="submit")

    done = call("generate", "A fox", "--yes")

    assert (done.code, kie.ledger.charges) == (ExitCode.REFUSED, ())
    assert "Nothing was paid. Correct the API key of the connection." in done.err


def test_a_key_that_is_refused_once_the_video_is_paid_leads_to_it(call: Call, kie: Sandbox) -> None:
    kie.fault(Refuse(401), on="record")

    done = call("generate", "A fox", "--yes")

    assert done.code == ExitCode.NOT_READY
    assert done.err.endswith(f"{CORRECT} To wait for it: {RUNWAY} wait {kie.tasks[0].task_id}\n")
    assert "nothing" not in done.err.lower()


def test_a_video_that_was_ready_before_is_ready_at_once(call: Call, kie: Sandbox, task_id: str) -> None:
    kie.advance(60)

    assert call("wait", task_id).err == f"Task {task_id}: ready after 0 s.\n"


def test_generate_shows_each_change_into_a_pipe(call: Call, kie: Sandbox, given_time: GivenTime) -> None:
    done = call("generate", "A fox", "--yes")

    [video] = kie.tasks
    seen = [line.split() for line in done.err.splitlines() if line.startswith(f"Task {video.task_id}: ")]
    assert [words[2] for words in seen] == ["queued", "generating", "ready"]
    queued, generating, ready = (int(words[4]) for words in seen)
    assert 0 == queued < generating < ready
